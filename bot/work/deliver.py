"""Saying what the outbox holds: once, in order, and again after whatever went wrong."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bot.chat import announcements, batch_thread, cards, notes
from bot.chat.blocks import Body
from bot.chat.poster import Poster
from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import Deletion, State
from bot.domain.policy import Rules
from bot.domain.slack_codes import Course, slack_refusal
from bot.errors import CannotPost, LeaseLost, MessageGone, PostFailed, PostUnclear, SlackError, SlowDown
from bot.ledger.batches import SUMMARY, SUMMARY_ROWS
from bot.ledger.cards import KIT, LIST, LIST_ROWS, SHOWN_ON_CARD
from bot.ledger.freezes import FROZEN, UNFROZEN
from bot.ledger.leases import Leases
from bot.ledger.outbox import Outbox
from bot.ledger.rows import ANNOUNCEMENT, CARD, ELSEWHERE, PROGRESS, HeldPost
from bot.ledger.store import Ledger
from bot.work.requester import FINAL_ATTEMPTS, PRIVATE_FOR_S, is_for_requester, say_to_requester

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
SAY_FOR_S = 24 * 60 * 60
UNREACHABLE = "unreachable"  # as the poster has it
MOST_ROWS = 1000  # the most that VPN_BOT_MAX_BATCH may be
# Slack takes about one message a second in a channel; a batch's progress changes a hundred times as often.
DRAWN_EVERY_S = {PROGRESS: 1.0, ANNOUNCEMENT: 1.0}
MOST_LINKS = 1000
log = logging.getLogger(__name__)


class Delivery:
    """Takes a post to Slack and keeps what became of it."""

    def __init__(
        self,
        *,
        poster: Poster,
        outbox: Outbox,
        leases: Leases,
        ledger: Ledger,
        rules: Rules,
        clock: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._poster = poster
        self._outbox = outbox
        self._leases = leases
        self._ledger = ledger
        self._clock = clock
        self._links: dict[tuple[str, str], str | None] = {}

    def deliver(self, post: HeldPost) -> None:
        """Say one post, or put it off, or drop it where it can never be said."""
        try:
            try:
                found = self._find(post)
                if found is None and post.unclear and post.private_to is None:
                    post = replace(post, unclear=False)  # this look has ended the doubt
                    if post.kind == CARD and self._is_void(post):
                        self._outbox.drop(post, "not there")
                        return
                ts = self._say(post, found)
            except SlackError as error:
                self._put_off(post, error)
            else:
                self._outbox.said(post, ts, again_after_s=DRAWN_EVERY_S.get(post.kind, 0.0))
        except LeaseLost as lost:
            log.info("lease lost %s", lost)

    def _find(self, post: HeldPost) -> str | None:
        """The ts of what an earlier try may have said; who is told privately is seen to elsewhere."""
        if not post.unclear or post.ts is not None or post.private_to is not None:
            return None
        thread_ts = None if post.kind == ANNOUNCEMENT else post.thread_ts
        key, since = f"{post.card_id}/{post.kind}", post.created_at - 60
        return self._poster.find(post.channel_id, key=key, thread_ts=thread_ts, since=since)

    def _is_void(self, post: HeldPost) -> bool:
        deletion = self._ledger.get(post.card_id)
        return deletion is not None and deletion.state is State.VOID and deletion.decided_by is None

    def _say(self, post: HeldPost, found: str | None) -> str | None:
        """Post, edit or whisper; returns the message's ts where it has one."""
        body = post.body if post.body is not None else self._draw(post)
        if body is None:
            return post.ts
        check = partial(self._leases.check, post)
        check()
        key = f"{post.card_id}/{post.kind}"
        if is_for_requester(post):
            deletion = self._ledger.get(post.card_id)
            return say_to_requester(self._poster, post, deletion, body, key=key, check=check)
        if post.private_to is not None:
            self._poster.whisper(post.response_url or "", body)
            return None
        thread_ts = None if post.kind == ANNOUNCEMENT else post.thread_ts
        if post.ts is not None:
            self._poster.update(post.channel_id, post.ts, body, key=key, check=check)
            return post.ts
        if found is not None:
            if post.body is None:
                # It was drawn by an earlier try, and things may have moved on since.
                self._poster.update(post.channel_id, found, body, key=key, check=check)
            return found
        return self._poster.post(post.channel_id, body, key=key, thread_ts=thread_ts, check=check)

    def _draw(self, post: HeldPost) -> Body | None:
        """A post that shows how things stand now; None where there is nothing to show."""
        kind, _, number = post.kind.partition(" ")
        page = int(number or 0)
        rows, not_gone = {
            CARD: (MOST_ROWS, False),
            ANNOUNCEMENT: (0, False),
            PROGRESS: (0, False),
            LIST: (LIST_ROWS, False),
            SUMMARY: (SUMMARY_ROWS, True),
            ELSEWHERE: (SUMMARY_ROWS, True),
        }[kind]
        batch = self._ledger.batch(post.card_id, first=rows, skip=page * rows, not_gone=not_gone)
        if kind == SUMMARY and batch is not None and batch.size <= SHOWN_ON_CARD:
            batch = self._ledger.batch(post.card_id, first=SHOWN_ON_CARD)
        if batch is None:
            return None
        match kind:
            case "progress":
                return batch_thread.progress(batch)
            case "list":
                return batch_thread.listing(batch, page)
            case "summary":
                return batch_thread.summary(batch, page)
            case "announcement":
                closed = post.closed_code
                link = None if closed else self._link(batch.lead.channel_id, post.thread_ts)
                return announcements.announcement(batch, link, closed)
            case "elsewhere":
                return announcements.elsewhere(batch, post.closed_code or "")
        return cards.card(batch, self._rules)

    def _link(self, channel_id: str, ts: str | None) -> str | None:
        """Where the card can be read. Asked once: Slack's answer doesn't change."""
        key = (channel_id, ts or "")
        if ts is not None and self._links.get(key) is None:
            self._links[key] = self._poster.permalink(channel_id, ts)
            while len(self._links) > MOST_LINKS:
                self._links.pop(next(iter(self._links)))
        return self._links.get(key)

    def broke(self, post: HeldPost) -> None:
        """Saying it raised what it shouldn't; after some times it is dropped."""
        log.error("post broke card=%s kind=%s attempt=%d", post.card_id, post.kind, post.attempts)
        if post.attempts >= FINAL_ATTEMPTS:
            self._give_up(post, OwnCode.OWN_FAULT, CodeKind.OWN, unclear=post.ts is None)
        else:
            self._outbox.later(post, FIRST_PAUSE_S, unclear=post.ts is None)

    def _put_off(self, post: HeldPost, error: SlackError) -> None:
        # A failed look leaves the old doubt standing; only a clear “no” to the post itself ends it.
        unclear = post.ts is None and (post.unclear or isinstance(error, PostUnclear))
        log.warning(
            "not said card=%s kind=%s error=%s attempt=%d", post.card_id, post.kind, error, post.attempts
        )
        if post.kind == CARD and post.ts is not None and _is_refusal(error):
            self._outbox.refused(post, error.code)
        if isinstance(error, SlowDown):
            self._outbox.pause(post, error.retry_after_s, unclear=unclear)
        elif isinstance(error, MessageGone) and post.private_to is None:
            if post.kind == CARD or (post.ts is None and post.thread_ts is not None):
                self._ledger.card_is_gone(post.card_id, error.code)
            self._outbox.drop(post, error.code)
        elif isinstance(error, CannotPost) and post.private_to is None:
            self._cannot_post(post, error.code, unclear=unclear)
        elif self._is_final(post, error):
            self._give_up(post, error.code, CodeKind.SLACK, unclear=unclear)
        else:
            self._later(post, unclear=unclear)

    def _later(self, post: HeldPost, *, unclear: bool) -> None:
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(post.attempts - 1, 10))
        self._outbox.later(post, pause_s, unclear=unclear)

    def _cannot_post(self, post: HeldPost, code: str, *, unclear: bool) -> None:
        """Somebody has to mend something in Slack first: those whom it concerns are told elsewhere."""
        if post.kind == ANNOUNCEMENT:
            # It is tried again when the card changes; the card itself never waits for it.
            self._outbox.drop(post, code, tell=notes.cannot_announce(post.channel_id, code))
        elif post.kind.startswith((f"{FROZEN} ", f"{UNFROZEN} ")):
            self._outbox.whisper_instead(post, notes.cannot_tell(post.channel_id, code))
        elif post.kind == CARD and post.ts is None and self._void(post, code, CodeKind.SLACK, unclear):
            pass
        elif self._age_s(post) > SAY_FOR_S:
            self._give_up(post, code, CodeKind.SLACK, unclear=unclear)
        else:
            self._ledger.close_thread(post.card_id, code)
            if post.kind.startswith(f"{KIT} "):
                self._ledger.lose_kit(post.card_id)
                self._outbox.drop(post, code)
            else:
                self._later(post, unclear=unclear)

    def _void(self, post: HeldPost, code: str, kind: CodeKind, unclear: bool) -> bool:
        """No card: it is void. Where it may stand there all the same, it is looked for until it says so."""
        look_on = unclear and self._age_s(post) <= SAY_FOR_S

        def tell(deletion: Deletion) -> Body:
            if kind is CodeKind.SLACK and slack_refusal(code).course is Course.MEND:
                return notes.cannot_post(deletion, code, perhaps=look_on)
            return notes.no_card(deletion, code, kind, perhaps=look_on)

        voided = self._ledger.void(post.card_id, code=code, kind=kind, tell=tell, keep_card=look_on)
        if voided and look_on:
            self._later(post, unclear=True)
        elif voided:
            self._outbox.drop(post, code)
        return voided

    def _give_up(self, post: HeldPost, why: str, kind: CodeKind, *, unclear: bool) -> None:
        """It can't be said, ever; what nobody would miss until it's too late is said in other words."""
        log.error("given up card=%s kind=%s why=%s", post.card_id, post.kind, why)
        instead = notes.not_said()
        if post.kind.startswith(f"{KIT} "):
            self._ledger.lose_kit(post.card_id, tell=lambda lost: notes.kit_not_said(lost, why, kind))
        elif post.kind == CARD and post.ts is None and self._void(post, why, kind, unclear):
            return
        elif (
            post.kind not in (CARD, PROGRESS, ANNOUNCEMENT)  # these are drawn anew when something changes
            and post.private_to is None
            and post.text != json.dumps(instead)
        ):
            self._outbox.replace(post, instead)
            return
        tell = notes.cannot_announce(post.channel_id, why) if post.kind == ANNOUNCEMENT else None
        self._outbox.drop(post, why, tell=tell)

    def _is_final(self, post: HeldPost, error: SlackError) -> bool:
        age_s, course = self._age_s(post), slack_refusal(error.code).course
        if post.private_to is not None and not is_for_requester(post) and age_s > PRIVATE_FOR_S:
            return True
        if age_s > SAY_FOR_S or (course is Course.NEVER and not isinstance(error, PostUnclear)):
            return True
        passing = isinstance(error, PostUnclear) or course is Course.WAIT or error.code == UNREACHABLE
        return not passing and post.attempts >= FINAL_ATTEMPTS

    def _age_s(self, post: HeldPost) -> float:
        return self._clock() - post.created_at


def _is_refusal(error: SlackError) -> bool:
    """Whether Slack said no; what may have been done, or never arrived, is no refusal."""
    return isinstance(error, CannotPost | MessageGone | PostFailed) and error.code != UNREACHABLE
