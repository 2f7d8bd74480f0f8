"""Looking many deletions up in one call, and yet telling each what is so of it alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bot.cloud.client import VpcClient
from bot.domain.explain import OwnCode, is_about_every_call
from bot.domain.model import Deletion, Tunnel
from bot.errors import CloudError
from bot.ledger.rows import Held
from bot.work.tries import code_of, is_final

Seen = Mapping[str, Tunnel] | CloudError
Ids = Callable[[Deletion], Iterable[str]]


def look_up_each(
    cloud: VpcClient, group: Sequence[Held], ids: Ids, *, mostly_gone: bool = False
) -> Iterator[tuple[Seen, Held]]:
    """Each with the tunnels that were found in its region, or why they weren't; many in one call."""
    for region in {held.deletion.region for held in group}:
        here = [held for held in group if held.deletion.region == region]
        yield from _look_up(cloud, region, here, ids, mostly_gone)


def _look_up(
    cloud: VpcClient, region: str, group: Sequence[Held], ids: Ids, mostly_gone: bool
) -> Iterator[tuple[Seen, Held]]:
    """Halve a group that fails for what may be so of one alone, down to that one."""
    wanted = {tunnel_id for held in group for tunnel_id in ids(held.deletion)}
    seen: Seen
    try:
        seen = cloud.look_up(region=region, tunnel_ids=sorted(wanted), mostly_gone=mostly_gone)
    except CloudError as error:
        if len(group) > 1 and may_be_about_one(error):
            middle = len(group) // 2
            yield from _look_up(cloud, region, group[:middle], ids, mostly_gone)
            yield from _look_up(cloud, region, group[middle:], ids, mostly_gone)
            return
        seen = error
    yield from ((seen, held) for held in group)


def may_be_about_one(error: CloudError) -> bool:
    """Whether a call for many may have failed for one of them alone: its id, its permissions, its entry."""
    code = code_of(error)
    if code in (OwnCode.UNREADABLE_ENTRY, OwnCode.INCOMPLETE_LIST):
        return True
    return is_final(error) and not is_about_every_call(code)
