"""The dialog in which the id has to be typed before something risky is confirmed."""

from bot.chat.blocks import Body, bold, escape, lines, plain, value
from bot.chat.pieces import alarm, dialog_title, made_again, reason
from bot.domain.confirmation import word_to_type
from bot.domain.model import Proposal, Tier
from bot.domain.text import clean

TYPED_VIEW = "typed_confirmation"
TYPED_BLOCK, TYPED_ACTION = "tunnel_id", "value"


def typed_confirmation(proposal: Proposal) -> Body:
    """What is about to be deleted, why that is risky, and a field for its id.

    The ledger decides again when it is submitted; the dialog itself grants nothing.
    """
    lead, word = proposal.lead, word_to_type(proposal)
    many = lead.batch_size > 1
    what = f"{lead.batch_size} VPN tunnels of {', '.join(proposal.gateway_ids)}" if many else lead.tunnel_id
    name = clean(lead.tunnel.name, 60) if lead.tunnel and not many else ""
    reasons = "; ".join(lead.stake.reasons) if lead.stake and not many else ""
    gateway = "" if many else f"Gateway {', '.join(proposal.gateway_ids)}, "
    rows = [
        [bold(f"This deletes {clean(what, 200)}."), *([plain("  "), value(name)] if name else [])],
        [plain(made_again(lead))],
        [plain(clean(f"{gateway}{'Region' if many else 'region'} {lead.region}.", 200))],
    ]
    if lead.tier is Tier.HIGH:
        rows.append([bold("High risk: "), plain(clean(reasons, 1_000) or "see the card"), plain(".")])
    kind = "the gateway's id" if many and word in proposal.gateway_ids else "the tunnel's id"
    return {
        "type": "modal",
        "callback_id": TYPED_VIEW,
        "private_metadata": lead.card_id,
        "title": {"type": "plain_text", "text": dialog_title(lead)},
        "submit": {"type": "plain_text", "text": "Delete"},
        "close": {"type": "plain_text", "text": "Keep"},
        "blocks": [
            *alarm(lead),
            lines(*rows),
            *reason(lead),
            {
                "type": "input",
                "block_id": TYPED_BLOCK,
                "label": {"type": "plain_text", "text": f"Type {kind}: {clean(word, 40)}"},
                "element": {
                    "type": "plain_text_input",
                    "action_id": TYPED_ACTION,
                    "max_length": 100,
                    "placeholder": {"type": "plain_text", "text": f"{word[:6]}…"},
                },
            },
        ],
    }


def not_it(word: str) -> str:
    """What was typed isn't the id."""
    return f"That isn't it. Type {clean(word, 40)}, letter by letter, or press Keep."


def nothing_done(text: str) -> Body:
    """In the dialog's place: why it decided nothing. text: mrkdwn, as `notes` make it."""
    return _instead("Nothing was done", text)


def not_known(sentence: str) -> Body:
    """In the dialog's place: it may have decided, or not. sentence: our own."""
    return _instead("Not known", escape(sentence))


def _instead(title: str, text: str) -> Body:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
    }
