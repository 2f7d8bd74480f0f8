"""Telling the requester alone: by the response_url of the ask while Slack takes it, else directly."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from bot.chat import notes
from bot.chat.poster import Poster
from bot.domain.model import Deletion
from bot.errors import CannotPost, MessageGone, PostFailed
from bot.ledger.rows import ELSEWHERE, TOLD, HeldPost

PRIVATE_FOR_S = 30 * 60  # Slack forgets a response_url after half an hour
FINAL_ATTEMPTS = 5
log = logging.getLogger(__name__)


def is_for_requester(post: HeldPost) -> bool:
    """Whether it has its person's user id; what stands for a freeze's message hasn't."""
    return post.private_to is not None and (post.kind == ELSEWHERE or post.kind.startswith(f"{TOLD} "))


def say_to_requester(
    poster: Poster,
    post: HeldPost,
    deletion: Deletion | None,
    body: Mapping[str, Any],
    *,
    key: str,
    check: Callable[[], None],
) -> str | None:
    """The ts of a direct message; None where the response_url took it."""
    if post.response_url and post.attempts <= FINAL_ATTEMPTS:
        try:
            poster.whisper(post.response_url, body)
        except (PostFailed, CannotPost, MessageGone) as error:
            log.info("response_url is used up card=%s error=%s", post.card_id, error)
        else:
            return None
    to = str(post.private_to)
    try:
        channel_id = poster.direct(to)
    except (PostFailed, CannotPost):
        # Without the scope im:write Slack begins it for a post to the person; it can't be read before.
        channel_id = to
    if post.unclear and channel_id != to:
        found = poster.find(channel_id, key=key, thread_ts=None, since=post.created_at - 60)
        if found is not None:
            return found
    if post.kind != ELSEWHERE and deletion is not None:
        body = notes.directly(deletion, body)
    return poster.post(channel_id, body, key=key, thread_ts=None, check=check)
