"""What only one person is told. The text is mrkdwn: our own words, with foreign ones cleaned and escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.chat.blocks import Body, Element, code, escape, lines, moment, plain, utc
from bot.chat.status import in_words
from bot.domain.command import DeleteCommand, suggestion
from bot.domain.explain import CodeKind, explain
from bot.domain.model import Batch, Deletion, State, Tunnel
from bot.domain.policy import Verdict
from bot.domain.slack_codes import slack_refusal
from bot.domain.text import clean

SHOWN_IDS = 10
NOT_INVITED = frozenset({"not_in_channel", "channel_not_found", "no_permission"})


def private(sentence: str) -> Body:
    """One sentence of our own (foreign words in it are already clean) for one person's eyes."""
    return {"text": escape(sentence)}


def directly(deletion: Deletion, body: Mapping[str, Any]) -> Body:
    """A private word as a direct message, read far from the channel: what it is about comes first."""
    count = max(len(deletion.wanted), deletion.batch_size)
    what = clean(deletion.tunnel_id or f"the tunnels of {deletion.gateway_id}", 40)
    about = f"About {what}{f' and {count - 1} more' if count > 1 else ''}, asked for in "
    channel: Element = {"type": "channel", "channel_id": deletion.channel_id}
    text = f"{escape(about)}<#{deletion.channel_id}>: {body['text']}"
    if "blocks" not in body:
        return {"text": text}
    return {"text": text, "blocks": [lines([plain(about), channel, plain(":")]), *body["blocks"]]}


def _with_command(sentence: str, command: DeleteCommand | None) -> Body:
    """A sentence that ends with a colon, and the command to type; without it, where there is none."""
    text = suggestion(command) if command else ""
    if not text:
        return private(f"{sentence.removesuffix(':')}.")
    return {"text": escape(f"{sentence} {text}"), "blocks": [lines([plain(sentence)]), code(text)]}


def _as_asked(deletion: Deletion) -> DeleteCommand | None:
    """What was typed, with the region spelt out; None where the ledger doesn't tell any more."""
    wanted = deletion.wanted
    if not wanted and deletion.batch_size == 1 and deletion.tunnel_id:
        wanted = (deletion.tunnel_id,)
    if not wanted and (deletion.gateway_id is None or (deletion.tunnel_id and deletion.tunnel is None)):
        return None
    return DeleteCommand(
        tunnel_ids=wanted,
        gateway_id=deletion.gateway_id if len(wanted) < 2 else None,  # several may be on several gateways
        region=deletion.region,
        reason=deletion.reason,
        break_glass=deletion.break_glass,
    )


def no_such_tunnel(deletion: Deletion, missing: Sequence[str], gone: Deletion | None) -> Body:
    """The look-up missed some of what was asked for; told to the requester alone.

    gone: this bot's own deletion of the first of them, where there is one.
    """
    shown = ", ".join(missing[:SHOWN_IDS])
    if len(missing) > SHOWN_IDS:
        shown += f" and {len(missing) - SHOWN_IDS} more"
    asked = len(deletion.wanted)
    result = f"nothing was done for any of the {asked}" if asked > 1 else "there is nothing to delete"
    none = "are no VPN tunnels" if len(missing) > 1 else "is no VPN tunnel"
    text = f"There {none} {shown} in {deletion.region}, so {result}."
    if gone is not None and gone.ended_at is not None:
        return {
            "text": f"{escape(text)} vpn-bot deleted {gone.tunnel_id} at {moment(gone.ended_at)}; "
            f"<@{gone.requester_id}> had asked for it."
        }
    them = "they are" if len(missing) > 1 else "it is"
    return private(f"{text} If {them} in another region, add --region and its name to the command.")


def no_tunnels(deletion: Deletion) -> Body:
    """`--all` of a gateway that has none."""
    return private(
        f"Gateway {deletion.gateway_id} has no VPN tunnels in {deletion.region}: nothing to delete."
    )


def not_now(deletion: Deletion, busy: Sequence[Tunnel], others: Sequence[Tunnel]) -> Body:
    """Some of the tunnels are being deleted or created; told to the requester alone.

    others: those that can be deleted, which are offered alone.
    """
    states = dict.fromkeys(tunnel.state for tunnel in busy)
    each = [_busy([tunnel for tunnel in busy if tunnel.state == state], state) for state in states]
    sentence = f"{'; '.join(each)}, so nothing was done."
    again = _as_asked(deletion)
    if others and again:
        ids = tuple(tunnel.tunnel_id for tunnel in others)
        return _with_command(f"{sentence} Ask for the others alone:", replace(again, tunnel_ids=ids))
    if states.keys() == {"DELETING"}:
        they = "they stay" if busy[1:] else "it stays"
        return private(f"{sentence} If {they} in this state, look in the VPN console.")
    made = tuple(tunnel.tunnel_id for tunnel in busy if tunnel.state != "DELETING")
    if again and len(made) < len(busy):
        again = replace(again, tunnel_ids=made)
    return _with_command(f"{sentence} When the state is AVAILABLE, ask again:", again)


def _busy(tunnels: Sequence[Tunnel], state: str) -> str:
    shown = ", ".join(clean(tunnel.tunnel_id, 40) for tunnel in tunnels[:SHOWN_IDS])
    if len(tunnels) > SHOWN_IDS:
        shown += f" and {len(tunnels) - SHOWN_IDS} more"
    doing = "being deleted already" if state == "DELETING" else "still being created"
    return f"{shown} {'are' if tunnels[1:] else 'is'} {doing} (state {clean(state, 40)})"


def too_many(count: int, most: int) -> Body:
    """More tunnels than one card may be about."""
    return private(
        f"That is {count} tunnels, and one card may be about {most}. Nothing was done. Name fewer tunnels, "
        "or ask whoever runs the bot to raise VPN_BOT_MAX_BATCH (at most 1,000)."
    )


def no_kit(why: str) -> Body:
    """No undo kit, no deletion; `why` is a sentence of ours."""
    return private(
        f"Nothing was done: no undo kit can be made. {why} Without one vpn-bot deletes nothing; if the "
        "tunnel really has to go, delete it in the console."
    )


def kit_not_said(deletion: Deletion, code: str, kind: CodeKind) -> Body:
    """Slack, or a fault of the bot's own, keeps the undo kit from the thread; told to the requester."""
    return private(
        "vpn-bot could not put the undo kit into the card's thread, and without one it deletes nothing. The "
        f"card is void. {_because(deletion, code, kind)}"
    )


def refusal(verdict: Verdict) -> Body:
    """Why somebody may not; with who is behind it, where that is a freeze."""
    text = escape(verdict.sentence)
    return {"text": f"{text} Frozen by <@{verdict.freeze.by}>." if verdict.freeze else text}


def stopped(batch: Batch) -> Body:
    """What a Stop achieved; told to the clicker."""
    lead, kept, going = batch.lead, batch.count(State.CANCELLED), batch.size - batch.ended
    if not kept and going:
        return private("Too late to stop: the cloud has been asked already.")
    if not kept:
        return private("There is nothing left to stop on this card.")
    if batch.size == 1:
        return private(f"Stopped: {lead.tunnel_id} is left alone.")
    sent = batch.size - batch.count(State.CANCELLED, State.VOID)
    others = f"; {sent} had been sent before" if sent else ""
    return private(f"Stopped: {kept} of {batch.size} are left alone{others}.")


def other_gateway(deletion: Deletion, tunnel: Tunnel) -> Body:
    """A tunnel isn't on the gateway that was named; told to the requester alone."""
    tunnel_id, its_gateway = clean(tunnel.tunnel_id, 40), clean(tunnel.gateway_id, 40)
    asked = len(deletion.wanted)
    result = f"Nothing was done for any of the {asked}" if asked > 1 else "Nothing was done"
    sentence = f"{tunnel_id} isn't on gateway {deletion.gateway_id}; it is on {its_gateway}. {result}."
    again = _as_asked(deletion)
    if asked > 1:
        return _with_command(f"{sentence} If these are the right tunnels, leave the gateway out:", again)
    with_its_own = replace(again, gateway_id=tunnel.gateway_id) if again else None
    return _with_command(f"{sentence} If it's the right tunnel, ask with its gateway:", with_its_own)


_PERHAPS = " Should a card stand there all the same, it is void."


def cannot_post(deletion: Deletion, code: str, *, perhaps: bool = False) -> Body:
    """No card, for a reason that a person has to mend: what to do. perhaps: it may stand there after all."""
    nothing = "vpn-bot can't post in this channel, so nothing was done and nothing will be deleted."
    nothing += _PERHAPS if perhaps else ""
    if code in NOT_INVITED:
        return _with_command(
            f"{nothing} In a direct message between people it can't be used. In a channel, type "
            "/invite @vpn-bot, then ask again:",
            _as_asked(deletion),
        )
    return _with_command(f"{nothing} {_because(deletion, code, CodeKind.SLACK)} Then:", _as_asked(deletion))


def cannot_announce(channel_id: str, code: str) -> Body:
    """The announcement channel doesn't take it; the deletion goes on. code: Slack's."""
    return {
        "text": f"vpn-bot can't post in <#{channel_id}>, so this deletion isn't announced there; here all "
        f"goes on. {_of_channel(code)} Else whoever runs the bot changes VPN_BOT_ANNOUNCE_CHANNEL."
    }


def cannot_tell(channel_id: str, code: str) -> Body:
    """A freeze was placed or lifted, and the channel can't be told. code: Slack's."""
    return {
        "text": f"It holds as you said, but vpn-bot can't post in <#{channel_id}>, so nobody was told of it "
        f"there: tell them yourself; /vpn freezes shows everybody what holds. {_of_channel(code)}"
    }


def _of_channel(code: str) -> str:
    """Why a channel takes nothing, and what to do about that."""
    reason = slack_refusal(code)
    if code in NOT_INVITED:
        return "Invite the bot there: /invite @vpn-bot."
    return f"{reason.title} ({escape(clean(code, 80))}). {reason.mend}"


def no_card(deletion: Deletion, code: str, kind: CodeKind, *, perhaps: bool = False) -> Body:
    """Slack, or a fault of the bot's own, keeps the card from being posted; told to the requester."""
    return private(
        "vpn-bot could not post the card for this, so nothing was done and nothing will be deleted."
        f"{_PERHAPS if perhaps else ''} {_because(deletion, code, kind)}"
    )


def _because(deletion: Deletion, code: str, kind: CodeKind) -> str:
    """Why, what to do, and where the log says more."""
    reason = explain(code, kind)
    return (
        f"{reason.title} ({clean(code, 80)}). {reason.meaning} {reason.next_step} "
        f"(Deletion {deletion.deletion_id}.)"
    )


def not_said() -> Body:
    """Stands in a thread in the place of a message that can't be said there."""
    return private(
        "vpn-bot had something to say here and could not: a fault of its own. The card above shows how "
        "things stand, and its log says more."
    )


def too_late(deletion: Deletion | None, blocked_by: Deletion | None, clicker: str) -> Body:
    """Why a click decided nothing; told to the clicker alone."""
    if deletion is None:
        return private("This card isn't in vpn-bot's ledger, so the click did nothing.")
    if blocked_by is not None:
        return {
            "text": f"{blocked_by.tunnel_id} is being deleted already: <@{blocked_by.decided_by}> confirmed "
            f"it on another card in <#{blocked_by.channel_id}>. Your click did nothing."
        }
    if deletion.decided_by is None:
        about = f"The card for {deletion.tunnel_id}" if deletion.batch_size == 1 else "This card"
        nothing = "Your click did nothing."
        # The worker may not have written yet that it has expired.
        how = State.EXPIRED if deletion.state is State.PENDING else deletion.state
        return private(f"{about} is no longer open: {in_words(replace(deletion, state=how))}. {nothing}")
    cancelled = deletion.state is State.CANCELLED and not deletion.stopped
    verb = "cancelled" if cancelled else "confirmed"
    when = utc(deletion.decided_at or 0)
    if deletion.decided_by == clicker:
        return private(f"You {verb} this at {when}. Your second click did nothing.")
    return {"text": f"<@{deletion.decided_by}> {verb} this before you, at {when}. Your click did nothing."}
