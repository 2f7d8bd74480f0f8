"""Before anything risky is sent, people have had all of the abort window, and the card says so."""

from collections.abc import Callable
from enum import Enum, auto

from bot.chat import replies
from bot.domain.abort_window import AWAY_S, LEAST_S, AbortWindow
from bot.domain.model import Deletion, Saying, State
from bot.domain.slack_codes import Course, slack_refusal
from bot.ledger.claims import Claims
from bot.ledger.rows import Held
from bot.ledger.windows import AGAIN, NotDrawn, Windows
from bot.work.tries import Tries

DRAWN_AGAIN_S = 0.5
ENDED_AGAIN_S = 0.1
# So little may be missing: the last answer of Slack's is never younger than the way to it is long.
UNSEEN_S = 0.1
# Ending no later than so after what the card says, it ends without a word: Slack's edit takes a moment too.
SAID_FROM_S = 1.0
# Counted so long ago, nobody is there to take a press.
NOBODY_S = 1.0


class Passed(Enum):
    """What a look at the window came to. NOT_YET: it was written what comes next."""

    YES = auto()
    NOT_YET = auto()
    TOO_LATE = auto()
    NO_CARD = auto()


class Window:
    """Nothing goes on before people had the window; what they missed of it they get again."""

    def __init__(
        self, *, windows: Windows, count: Callable[[], object], claims: Claims, tries: Tries
    ) -> None:
        """count: counts, for the open windows, the time up to now in which this process was there."""
        self._windows = windows
        self._count = count
        self._claims = claims
        self._tries = tries

    def passed(self, held: Held) -> Passed:
        """Whether it is over and the card says so.

        TOO_LATE: the time to try was over first. NO_CARD: the card can't be changed, as one that was deleted.
        """
        deletion = held.deletion
        is_over = deletion.window_over_at is not None
        if not is_over:
            self._count()
        window = self._windows.of(deletion)
        is_late = held.late_s > AWAY_S
        if window is NotDrawn.EVER:
            return Passed.NO_CARD
        if is_over and window is not NotDrawn.YET and not is_late:
            return Passed.YES
        if not self._tries.in_time(deletion):
            return Passed.TOO_LATE
        if is_over and is_late:
            # The bot was away when it was to be sent: whoever pressed meanwhile can press again.
            self._prolong(held, min(deletion.window_s or 0.0, LEAST_S))
        elif window is NotDrawn.YET:
            self._wait(held, ENDED_AGAIN_S if is_over else DRAWN_AGAIN_S)
        else:
            self._go_on(held, window)
        return Passed.NOT_YET

    def refused_code(self, deletion: Deletion) -> str | None:
        """Slack's code for why the card isn't changed, where it said so and the card is still there."""
        code = self._windows.refused_code(deletion)
        return None if code is None or slack_refusal(code).course is Course.GONE else code

    def is_card_gone(self, deletion: Deletion) -> bool:
        """Whether the card is known to be gone: then nobody can press Stop any more."""
        return self._windows.is_card_gone(deletion)

    def _go_on(self, held: Held, window: AbortWindow) -> None:
        now, missing_s = self._tries.clock(), window.missing_s
        counted_at = window.drawn_at if window.counted_at is None else window.counted_at
        was_named = held.deletion.send_at is not None  # its end; else it has begun again
        if missing_s <= UNSEEN_S and was_named:
            self._windows.end(held, window, after_s=ENDED_AGAIN_S)
        elif now - counted_at > NOBODY_S:
            self._wait(held, DRAWN_AGAIN_S)
        elif was_named and now + missing_s - (held.deletion.send_at or 0.0) <= SAID_FROM_S:
            self._wait(held, missing_s)
        else:
            self._prolong(held, max(missing_s, min(window.window_s, SAID_FROM_S)), window.refused_code)

    def _prolong(self, held: Held, missing_s: float, refused_code: str | None = None) -> None:
        def says(ends: float) -> Saying:
            body = replies.window_again(held.deletion, missing_s, ends, refused_code)
            return Saying(kind=f"{AGAIN} {ends:.0f}", body=body)

        self._windows.prolong(held, missing_s, says)

    def _wait(self, held: Held, after_s: float) -> None:
        self._claims.advance(held, State.CONFIRMED, event=None, after_s=after_s)
