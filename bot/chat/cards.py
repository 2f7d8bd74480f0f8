"""The card: the root of a deletion's thread, drawn anew from the deletion whenever it changes."""

from bot.chat import batches
from bot.chat.blocks import (
    Block,
    Body,
    Element,
    bold,
    escape,
    header,
    lines,
    plain,
    request_id,
    seconds,
    value,
)
from bot.chat.pieces import (
    alarm,
    buttons,
    demands,
    expiry,
    failed_look,
    frozen,
    protected,
    reason,
    risk,
    stopped_by,
    who,
    window,
)
from bot.chat.status import is_gone_otherwise, not_deleted, why_not
from bot.chat.tunnel_facts import impact, tunnel_facts
from bot.domain.explain import OwnCode, explain
from bot.domain.model import Batch, Deletion, State, Tier
from bot.domain.policy import Rules
from bot.domain.text import clean


def card(batch: Batch, rules: Rules) -> Body:
    """The thread's root: what is at stake, who asked, who decided, how it stands now."""
    if batch.size > 1:
        return batches.card(batch, rules)
    deletion = batch.lead
    headline = _headline(deletion)
    # What a tired reader must not miss stands first.
    shown = [header(headline), *alarm(deletion), _standing(deletion, rules), *frozen(batch.freeze, deletion)]
    shown += [tunnel_facts(deletion), *reason(deletion)]
    shown += buttons(
        deletion,
        question(deletion),
        rules,
        frozen=batch.freeze is not None,
        unsent=deletion.state is State.CONFIRMED,
        fresh=deletion.state is State.VOID and deletion.code == OwnCode.CHANGED,
    )
    traffic = impact(deletion) if deletion.state is State.PENDING else ""
    glass = f"BREAK-GLASS {escape(deletion.break_glass)}. " if deletion.break_glass else ""
    text = f"{glass}{escape(headline)}{'' if headline.endswith('?') else '.'} {traffic}"
    return {"text": f"{text} Asked by <@{deletion.requester_id}>.", "blocks": shown}


def _headline(deletion: Deletion) -> str:
    tunnel = deletion.tunnel_id
    if deletion.stopped:
        return f"Stopped: {tunnel} was left alone"
    if deletion.tier is Tier.FORBIDDEN:
        return f"Protected: {tunnel} can't be deleted here"
    if deletion.state is State.VERIFYING and deletion.request_id is None:
        return f"VPN tunnel {tunnel} is being deleted, not gone yet"
    if is_gone_otherwise(deletion):
        refused = deletion.state is State.REFUSED
        what = f"the cloud no longer finds {tunnel}" if refused else f"{tunnel} no longer exists"
        return f"Not deleted by vpn-bot: {what}"
    if deletion.state is State.VOID and deletion.code == OwnCode.BEING_DELETED:
        return f"Not deleted by vpn-bot: somebody else is deleting {tunnel} (DELETING)"
    if deletion.state in (State.REFUSED, State.VOID):
        return f"{tunnel} was {not_deleted(deletion)}: {why_not(deletion, on_card=True)}"
    return {
        State.PENDING: f"Delete VPN tunnel {tunnel}?",
        State.CONFIRMED: f"About to delete VPN tunnel {tunnel}",
        State.DELETING: f"Deleting VPN tunnel {tunnel}",
        State.VERIFYING: f"Deletion of {tunnel} accepted, not gone yet",
        State.GONE: f"VPN tunnel {tunnel} is gone",
        State.UNKNOWN: f"VPN tunnel {tunnel}: not confirmed gone",
        # Of the tunnel itself these say nothing: another card, or somebody else, may have deleted it.
        State.CANCELLED: f"Cancelled: {tunnel} was left alone",
        State.EXPIRED: f"Expired: {tunnel} was left alone",
        State.ASKED: f"Looking up VPN tunnel {tunnel}",
    }[deletion.state]


def _standing(deletion: Deletion, rules: Rules) -> Block:
    if deletion.tier is Tier.FORBIDDEN:
        return lines(*protected(deletion))
    match deletion.state:
        case State.PENDING:
            warning = bold(_warning(deletion))
            takes = demands(deletion, rules, "the tunnel's id")
            return lines([warning], *risk(deletion), *takes, expiry(deletion))
        case State.CANCELLED:
            return lines(*_cancelled(deletion))
        case State.EXPIRED:
            over = "Nobody decided in time. Nothing was sent; ask again if it's still wanted."
            return lines([plain(over)])
        case State.CONFIRMED | State.DELETING:
            waiting = explain(deletion.waiting_code).title if deletion.waiting_code else ""
            more = [[plain("Waiting: "), plain(waiting), plain(".")]] if waiting else []
            return lines(who(deletion, "Confirmed"), *window(deletion), *more, *risk(deletion))
        case State.VERIFYING:
            return lines(who(deletion, "Confirmed"), request_id(deletion.request_id))
        case State.GONE:
            gone = [plain(_gone(deletion))]
            return lines(who(deletion, "Confirmed"), gone, request_id(deletion.request_id))
    return lines(*([who(deletion, "Confirmed")] if deletion.decided_by else []), *_why(deletion))


def _warning(deletion: Deletion) -> str:
    """What deleting it does; never more than is known."""
    carries = deletion.tunnel.carries_traffic if deletion.tunnel else None
    first = {
        True: "Deleting it cuts its traffic. It",
        False: "Once deleted, it",
        None: "It isn't known whether it carries traffic; if it does, deleting it cuts that. It",
    }[carries]
    return f"{first} can only be made again by hand, under a new id."


def _cancelled(deletion: Deletion) -> list[list[Element]]:
    if deletion.stopped:
        return [who(deletion, "Confirmed"), stopped_by(deletion)]
    return [[*who(deletion, "Cancelled"), plain(" Nothing was sent.")]]


def _why(deletion: Deletion) -> list[list[Element]]:
    if deletion.code is None:
        return [[plain("Nothing more is known.")]]
    title = explain(deletion.code, deletion.code_kind).title
    what = f": {deletion.message}" if deletion.code == OwnCode.CHANGED and deletion.message else ""
    number = (
        [request_id(deletion.request_id)]
        if deletion.sent_at or deletion.request_id
        else [[plain("Nothing was sent.")]]
    )
    act = is_gone_otherwise(deletion) or deletion.code == OwnCode.BEING_DELETED
    next_step = [[plain(explain(deletion.code).next_step)]] if act else []
    # A look that failed explains only an end that isn't known.
    unseen = deletion.state is State.UNKNOWN and deletion.look_code
    look = [failed_look(unseen, deletion.look_request_id)] if unseen else []
    return [[bold(f"{title}{what}.  "), value(deletion.code)], *next_step, *number, *look]


def _gone(deletion: Deletion) -> str:
    # A clock that was set back tells nothing.
    if deletion.sent_at is None or deletion.ended_at is None or deletion.ended_at < deletion.sent_at:
        return "Gone."
    return f"Gone after {seconds(deletion.ended_at - deletion.sent_at)}."


def question(deletion: Deletion) -> str:
    """What the one who confirms is asked."""
    name = clean(deletion.tunnel.name, 60) if deletion.tunnel else ""
    return f"{impact(deletion)} This deletes {deletion.tunnel_id} ({name or 'no name'})."
