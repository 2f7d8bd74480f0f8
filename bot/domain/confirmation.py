"""What has to be typed before something risky is confirmed, and whether it was."""

import unicodedata

from bot.domain.model import Proposal
from bot.domain.text import clean

_AROUND = " `'\"“”‘’<>()[].,:;"


def word_to_type(proposal: Proposal) -> str:
    """The tunnel's id; for several tunnels their gateway's, or, of several gateways, the first tunnel's."""
    if proposal.lead.batch_size > 1 and len(proposal.gateway_ids) == 1:
        return proposal.gateway_ids[0]
    return proposal.lead.tunnel_id


def is_typed(text: str, word: str) -> bool:
    """Whether this is the word; capitals, full-width letters, and quotes around it are forgiven."""
    plain = clean(unicodedata.normalize("NFKC", text), 200).strip(_AROUND).lower()
    return bool(word) and plain == word.lower()
