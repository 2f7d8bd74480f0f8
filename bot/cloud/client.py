"""Tencent Cloud VPC, one method a call. Source: VPC 2017-03-12, API documents."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from bot.cloud import answers, route_answers
from bot.cloud.answers import Accepted, Described, Item, Page
from bot.cloud.auth import TC3Auth
from bot.cloud.credentials import Credentials
from bot.cloud.pace import Pace
from bot.cloud.transport import Transport
from bot.domain.ccn import CcnRoute
from bot.domain.model import Route, Tunnel
from bot.domain.own_codes import OwnCode
from bot.errors import CloudError, NotSent, OutcomeUnknown, Refused

VERSION = "2017-03-12"
MAX_IDS_A_CALL = 100
MAX_FILTER_VALUES = 5
# So many entries may go from the beginning of a list between two of its pages: a batch deletes 93 a second.
OVERLAP = 20

Answer = TypeVar("Answer")

_log = logging.getLogger("bot.cloud")


class VpcClient:
    """The VPC calls of this bot; one instance serves all threads of the worker.

    Every method raises Refused when the cloud answered with an error code, NotSent when the request surely
    never arrived, and OutcomeUnknown when it may have been carried out. Nothing is sent twice. No exception
    holds a body, a header or a secret.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        *,
        clock: Callable[[], float] = time.time,
        pace: Pace | None = None,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 10.0,
        pool_size: int = 16,
    ) -> None:
        """Connects when first called; `clock` gives the Unix time (seconds) that is signed.

        Every call waits for its place in `pace`; without one, calls go out as they come.

        Raises BadSettings when `endpoint` is neither https://HOST[:PORT] nor http:// on a loopback address.
        """
        self._pace = pace
        self._transport = Transport(
            endpoint,
            TC3Auth(credentials, service="vpc", clock=clock),
            {
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "vpn-bot",
                "X-TC-Language": "en-US",
                "X-TC-Version": VERSION,
            },
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
            pool_size=pool_size,
        )

    def delete_vpn_connection(
        self, *, region: str, gateway_id: str, tunnel_id: str, check: Callable[[], None] | None = None
    ) -> Accepted:
        """Ask for a tunnel's deletion. Accepted is not gone: that only a later look can tell.

        check: called at the last moment before sending; what it raises ends the call unsent.
        """
        fields = {"VpnGatewayId": gateway_id, "VpnConnectionId": tunnel_id}
        return self._call(
            "DeleteVpnConnection", region, fields, answers.accepted, f"tunnel={tunnel_id}", check
        )

    def describe_vpn_connections(self, *, region: str, tunnel_ids: Sequence[str]) -> Described:
        """Look at 1 to 100 tunnels in one call; ValueError for any other number of ids."""
        if not 1 <= len(tunnel_ids) <= MAX_IDS_A_CALL:
            raise ValueError(f"1 to {MAX_IDS_A_CALL} tunnel ids, not {len(tunnel_ids)}")
        fields = {"VpnConnectionIds": list(tunnel_ids), "Limit": MAX_IDS_A_CALL}
        about = f"tunnels={len(tunnel_ids)}"
        return self._call("DescribeVpnConnections", region, fields, answers.described, about)

    def look_up(
        self, *, region: str, tunnel_ids: Sequence[str], mostly_gone: bool = False
    ) -> Mapping[str, Tunnel]:
        """The tunnels that exist among any number of ids, by id; those that don't are absent.

        One call for each hundred ids, and more only where a group is refused for an id that is missing: then
        it is halved to find the few, or, when most are expected to be gone, five are asked for at a time.
        """
        ids = list(dict.fromkeys(tunnel_ids))
        found: dict[str, Tunnel] = {}
        for start in range(0, len(ids), MAX_IDS_A_CALL):
            found |= self._look_up_group(region, ids[start : start + MAX_IDS_A_CALL], mostly_gone)
        return found

    def list_tunnels(
        self, *, region: str, gateway_id: str = "", customer_gateway_id: str = ""
    ) -> tuple[Tunnel, ...]:
        """All tunnels of a gateway, of a customer gateway, or of the region.

        Raises OutcomeUnknown when they change while they are read.
        """
        wanted = {"vpn-gateway-id": gateway_id, "customer-gateway-id": customer_gateway_id}
        filters = [{"Name": name, "Values": [value]} for name, value in wanted.items() if value]
        fields = {"Filters": filters} if filters else {}
        about = f"gateway={gateway_id or None} customer_gateway={customer_gateway_id or None}"
        return self._list("DescribeVpnConnections", region, fields, answers.tunnels, about)

    def describe_vpn_gateway_routes(self, *, region: str, gateway_id: str) -> tuple[Route, ...]:
        """All routes of a gateway. Raises OutcomeUnknown when they change while they are read."""
        about = f"gateway={gateway_id}"
        fields = {"VpnGatewayId": gateway_id}
        return self._list("DescribeVpnGatewayRoutes", region, fields, route_answers.routes, about)

    def describe_vpn_gateway_ccn_routes(self, *, region: str, gateway_id: str) -> tuple[CcnRoute, ...]:
        """All routes by which a Cloud Connect Network reaches this gateway.

        Raises OutcomeUnknown when they change while they are read.
        """
        about = f"gateway={gateway_id}"
        fields = {"VpnGatewayId": gateway_id}
        return self._list("DescribeVpnGatewayCcnRoutes", region, fields, route_answers.ccn_routes, about)

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _look_up_group(self, region: str, ids: list[str], mostly_gone: bool) -> dict[str, Tunnel]:
        """Split a group that is refused as not found, down to the single ids that are missing."""
        try:
            tunnels = self.describe_vpn_connections(region=region, tunnel_ids=ids).tunnels
        except Refused as refusal:
            if not f"{refusal.code}.".startswith("ResourceNotFound."):
                raise
        else:
            return {tunnel.tunnel_id: tunnel for tunnel in tunnels if tunnel.tunnel_id in ids}
        if len(ids) == 1:
            return {}
        found: dict[str, Tunnel] = {}
        size = MAX_FILTER_VALUES if mostly_gone else (len(ids) + 1) // 2
        for start in range(0, len(ids), size):
            some = ids[start : start + size]
            found |= self._those_of(region, some) if mostly_gone else self._look_up_group(region, some, False)
        return found

    def _those_of(self, region: str, ids: list[str]) -> dict[str, Tunnel]:
        """Up to five, by a filter: it lists those that are there, and refuses nothing."""
        fields = {"Filters": [{"Name": "vpn-connection-id", "Values": ids}]}
        listed = self._list("DescribeVpnConnections", region, fields, answers.tunnels, f"tunnels={len(ids)}")
        return {tunnel.tunnel_id: tunnel for tunnel in listed if tunnel.tunnel_id in ids}

    def _list(
        self,
        action: str,
        region: str,
        fields: Mapping[str, object],
        parse: Callable[[Mapping[str, object]], Page[Item]],
        about: str,
    ) -> tuple[Item, ...]:
        """A whole list, page by page; OutcomeUnknown when the pages don't fit together.

        Each page begins with some of the one before: where one of them is there, nothing stood between the
        two, although other entries may have gone meanwhile, and moved all that follow.
        """
        found: dict[str, Item] = {}
        offset, end, total = 0, 0, 1
        while end < total:
            asked = {**fields, "Offset": offset, "Limit": MAX_IDS_A_CALL}
            page = self._call(action, region, asked, parse, f"{about} offset={offset}")
            end = offset + len(page.items)
            # Where the cloud shows no figure, a full page may have another behind it.
            full = len(page.items) >= MAX_IDS_A_CALL
            total = end + full if page.total_count is None else page.total_count
            torn = bool(found) and not page.items.keys() & found.keys()
            found |= page.items
            short = len(page.items) <= OVERLAP if end < total else len(found) < total
            if torn or short:
                raise OutcomeUnknown(
                    "the list changed while it was read",
                    code=OwnCode.INCOMPLETE_LIST,
                    request_id=page.request_id,
                )
            offset = end - OVERLAP
        return tuple(found.values())

    def _call(
        self,
        action: str,
        region: str,
        fields: Mapping[str, object],
        parse: Callable[[Mapping[str, object]], Answer],
        about: str,
        check: Callable[[], None] | None = None,
    ) -> Answer:
        if self._pace:
            self._pace.wait(action, region)
        started = time.perf_counter()

        def log(outcome: Answer | CloudError) -> None:
            _log.log(
                logging.WARNING if isinstance(outcome, NotSent | OutcomeUnknown) else logging.INFO,
                "action=%s region=%s %s answer=%s code=%s cause=%r request_id=%s ms=%.0f",
                action,
                region,
                about,
                type(outcome).__name__,
                getattr(outcome, "code", None),
                getattr(outcome, "reason", None) or None,
                getattr(outcome, "request_id", None),
                (time.perf_counter() - started) * 1000,
            )

        headers = {"X-TC-Action": action, "X-TC-Region": region}
        try:
            received = self._transport.post(headers, json.dumps(fields).encode(), check)
            answer = parse(answers.response(*received))
        except CloudError as error:
            log(error)
            if self._pace and isinstance(error, Refused) and error.code.startswith("RequestLimitExceeded"):
                self._pace.slow_down(action, region)
            raise
        log(answer)
        return answer
