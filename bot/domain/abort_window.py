"""How much of an abort window people had: only the time in which Stop could be pressed counts."""

from dataclasses import dataclass, replace

# Away for no longer than this, the bot was back before people gave up pressing.
AWAY_S = 2.0
# After a longer absence there is at least so much left (or the whole window, where that is shorter): nobody
# presses a button within a tenth of a second.
LEAST_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortWindow:
    """One card's abort window so far. Times are epoch seconds; window_s: how long it is.

    drawn_at: since when Stop is on the card. counted_s: for how many seconds it could be pressed;
    counted_at: the time up to which these were counted, None where nothing was. refused_code: Slack's, where
    it did not change the card for some time, so that the window begins again.
    """

    window_s: float
    drawn_at: float
    counted_s: float = 0.0
    counted_at: float | None = None
    refused_code: str | None = None

    @property
    def missing_s(self) -> float:
        """How many seconds people have not had yet."""
        return max(0.0, self.window_s - self.counted_s)

    def count(self, since: float, until: float) -> "AbortWindow":
        """Somebody could take a press on Stop in all of this time: what is new of it counts.

        What was not counted before the latest counted time never is: several may count, each for itself.
        """
        seen_at = self.drawn_at if self.counted_at is None else self.counted_at
        begins = max(since, seen_at, self.drawn_at)
        if until <= begins:
            return self
        had_s = self.counted_s
        if begins - seen_at > AWAY_S:
            had_s = min(had_s, self.window_s - min(self.window_s, LEAST_S))
        return replace(self, counted_s=had_s + until - begins, counted_at=until)
