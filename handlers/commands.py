"""`/vpn …`: one row on disk, then the ack, which carries the private answer."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App

from bot.chat import notes, records
from bot.chat.blocks import Body
from bot.domain.command import (
    HELP,
    Command,
    DeleteCommand,
    FreezeCommand,
    FreezesCommand,
    HistoryCommand,
    UnfreezeCommand,
    parse,
)
from bot.domain.model import Ask
from bot.domain.when import start_of
from bot.errors import BadCommand, LedgerUnavailable, LedgerUnclear
from bot.ledger.freezes import EVERYWHERE
from bot.ledger.history import HistoryQuery
from handlers.desk import LOOK_AT_FREEZES, LOOK_FOR_A_CARD, TRY_AGAIN, Desk
from handlers.payloads import COMMAND, Typed

log = logging.getLogger(__name__)


def register(app: App, desk: Desk) -> None:
    """Listen for the slash command."""

    @app.command(COMMAND)
    def vpn(ack: Ack, body: dict[str, Any]) -> None:
        try:
            answer = _answer(desk, Typed.of(body))
        except BadCommand as error:
            answer = notes.private(str(error))
        except LedgerUnavailable as error:
            log.warning("ledger unavailable for a command: %s", error)
            answer = notes.private(TRY_AGAIN)
        ack(**answer)


def _answer(desk: Desk, typed: Typed) -> Body:
    """Do what was typed; returns the private answer. Raises BadCommand."""
    asked = parse(typed.text)
    for kind, do in _DO.items():
        if isinstance(asked, kind):
            what, named = do.__name__.strip("_"), _gateways(desk, asked)
            verdict = desk.may_ask(typed.person, typed.channel_id, named, what=what)
            if not verdict.allowed:
                return notes.refusal(verdict)
            try:
                return do(desk, typed, asked)
            except LedgerUnclear as error:
                log.warning("ledger unclear for a command: %s", error)
                desk.wake()
                return notes.private(LOOK_FOR_A_CARD if do is _delete else LOOK_AT_FREEZES)
    return notes.private(HELP)


def _gateways(desk: Desk, asked: Command) -> tuple[str, ...]:
    """The gateways that the command itself names; a freeze of all is for those who may everywhere."""
    named = getattr(asked, "gateway_id", None) or getattr(asked, "scope", None)
    if named == EVERYWHERE:
        return tuple(desk.rules.everywhere)
    return () if named is None else (str(named),)


def _delete(desk: Desk, typed: Typed, asked: DeleteCommand) -> Body:
    if len(asked.tunnel_ids) > desk.max_batch:
        return notes.too_many(len(asked.tunnel_ids), desk.max_batch)
    if asked.break_glass and typed.channel_id.startswith("D"):
        raise BadCommand(
            "Everybody is told of --break-glass, and nobody else reads this direct message. Ask in a channel."
        )
    region = asked.region or desk.default_region
    deletion_id = desk.ledger.ask(
        Ask(
            tunnel_ids=asked.tunnel_ids,
            gateway_id=asked.gateway_id,
            region=region,
            reason=asked.reason,
            channel_id=typed.channel_id,
            requester_id=typed.person.user_id,
            response_url=typed.response_url,
            break_glass=asked.break_glass,
        )
    )
    desk.wake()
    log.info("asked deletion=%s tunnels=%d user=%s", deletion_id, len(asked.tunnel_ids), typed.person.user_id)
    what = f"{len(asked.tunnel_ids)} tunnels" if len(asked.tunnel_ids) > 1 else "".join(asked.tunnel_ids)
    return notes.private(
        f"Looking up {what or f'all tunnels of {asked.gateway_id}'} in {region}; the card comes here. "
        "Nothing is deleted before somebody presses Confirm on it."
    )


def _freeze(desk: Desk, typed: Typed, asked: FreezeCommand) -> Body:
    now, zone = desk.clock(), desk.people.tz_offset_s(typed.person.user_id)
    if asked.until is None:
        until = now + (asked.for_s or 0.0)
    elif zone is None:
        raise BadCommand("Slack didn't tell your time zone. Say for how long instead, such as 2h.")
    else:
        until = asked.until.epoch_s(now, zone)
    freeze, has_met = desk.freezes.place(
        scope=asked.scope,
        until=until,
        reason=asked.reason,
        by=typed.person.user_id,
        channel_id=typed.channel_id,
        says=records.frozen,
        announce_to=_everywhere(desk, typed.channel_id),
        response_url=typed.response_url,
    )
    desk.wake()
    log.info("frozen scope=%s until=%.0f user=%s", freeze.scope, freeze.until, typed.person.user_id)
    is_known = has_met or asked.scope in {EVERYWHERE, *desk.rules.gateways}
    return records.placed(freeze, is_known=is_known)


def _unfreeze(desk: Desk, typed: Typed, asked: UnfreezeCommand) -> Body:
    lifted, left = desk.freezes.lift(
        scope=asked.scope,
        by=typed.person.user_id,
        channel_id=typed.channel_id,
        says=records.unfrozen,
        announce_to=_everywhere(desk, typed.channel_id),
        response_url=typed.response_url,
    )
    desk.wake()
    log.info("unfrozen scope=%s freezes=%d user=%s", asked.scope, len(lifted), typed.person.user_id)
    if not lifted:
        return notes.private(f"There is no freeze on {asked.scope}. /vpn freezes shows those that hold.")
    return records.unfrozen(lifted, typed.person.user_id, left)


def _freezes(desk: Desk, _typed: Typed, _asked: FreezesCommand) -> Body:
    return records.freezes(desk.freezes.active())


def _history(desk: Desk, typed: Typed, asked: HistoryCommand) -> Body:
    query = HistoryQuery(
        tunnel_id=asked.tunnel_id,
        gateway_id=asked.gateway_id,
        user_id=asked.user_id,
        since=start_of(asked.since, desk.clock(), desk.people.tz_offset_s(typed.person.user_id) or 0),
    )
    latest = desk.history.deletions(query, limit=records.ROWS + 1)
    total = len(latest) if len(latest) <= records.ROWS else desk.history.count(query)
    return records.history(latest, total=total, asked=asked)


def _everywhere(desk: Desk, channel_id: str) -> list[str]:
    """Where a freeze is told: here, and where everything is announced."""
    return list(dict.fromkeys(filter(None, [channel_id, desk.announce_channel])))


_DO: Mapping[type, Callable[[Desk, Typed, Any], Body]] = {
    DeleteCommand: _delete,
    FreezeCommand: _freeze,
    UnfreezeCommand: _unfreeze,
    FreezesCommand: _freezes,
    HistoryCommand: _history,
}
