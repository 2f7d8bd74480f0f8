"""The values that the rooms pass to each other, all frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.explain import CodeKind, OwnCode

# What State may be while NetStatus is believed; another word may mean anything.
_KNOWN_STATES = frozenset({"PENDING", "AVAILABLE", "DELETING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPolicy:
    """One entry of SecurityPolicyDatabaseSet: a local CIDR block and the remote ones that it may talk to."""

    local_cidr: str
    remote_cidrs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """One VPN tunnel (the API's VpnConnection) as DescribeVpnConnections showed it.

    Strings are the cloud's own words, foreign and unescaped; "" where the cloud left a field out.
    odd: the fields, by the cloud's names, that it didn't show as documented. bgp: both ends, "" for none.
    wire: all that the cloud showed, as JSON and in its own names, for the undo kit; "" in what the ledger
    keeps. Of what is named like a secret it has the name alone.
    """

    tunnel_id: str
    gateway_id: str
    name: str = ""
    vpc_id: str = ""
    customer_gateway_id: str = ""
    state: str = ""
    net_status: str = ""
    health_check_enabled: bool | None = None
    health_check_status: str = ""
    route_type: str = ""
    created_time: str = ""
    policies: tuple[SecurityPolicy, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()
    bgp: str = ""
    wire: str = field(default="", repr=False, compare=False)

    @property
    def carries_traffic(self) -> bool | None:
        """Whether the tunnel is up now; None when the cloud didn't say, or contradicts itself."""
        if self.state == self.net_status == "AVAILABLE":
            return True
        answers_probes = self.health_check_enabled is not False and self.health_check_status == "AVAILABLE"
        down = self.state in _KNOWN_STATES and self.net_status == "UNAVAILABLE" and not answers_probes
        return False if down else None

    @property
    def healthy(self) -> bool:
        """Whether others may rely on it: it is surely up, and no probe says otherwise."""
        fails_probes = self.health_check_enabled is not False and self.health_check_status not in (
            "",
            "AVAILABLE",
        )
        return self.carries_traffic is True and not fails_probes


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route of a VPN gateway, as DescribeVpnGatewayRoutes showed it.

    instance_id: its next hop. kind: VPC, CCN, Static or BGP. description: its owner's words.
    unknown: further fields, by the cloud's names, that hold a simple value. odd: those that can't be read.
    """

    destination: str
    instance_type: str
    instance_id: str
    priority: int | None
    status: str
    kind: str = ""
    description: str = ""
    unknown: tuple[str, ...] = field(default=(), repr=False)
    odd: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What stands in the place of something that the cloud didn't tell; `why` is a few words of ours.

    code: of what stood in the way. passing: it may be readable in a moment. said: the cloud's own message,
    or what was seen of the failure. request_id: of the look, where the cloud answered.
    """

    why: str
    code: str = ""
    passing: bool = False
    said: str = ""
    request_id: str | None = None


class Tier(StrEnum):
    """How much a deletion puts at risk."""

    LOW = "low"  # DOWN, no route leads through it, and its gateway keeps a healthy tunnel
    HIGH = "high"  # UP, routes point at it, no other is healthy there, or something can't be read
    FORBIDDEN = "forbidden"  # protected: it has no button


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What one deletion takes with it, as it was read when the card was made.

    reasons: why the tier isn't low, in our own words; routes: the destinations of those that point at the
    tunnel; ccn_routes: of those of its gateway that may lead through it, in a Cloud Connect Network. Each
    *_left says how many other healthy tunnels its gateway, and its customer gateway, keep.
    unread: what could not be read, and why. A None stands where something could not be read.
    """

    tier: Tier
    reasons: tuple[str, ...] = ()
    routes: tuple[str, ...] | None = ()
    gateway_left: int | None = None
    customer_left: int | None = None
    unread: tuple[str, ...] = ()
    ccn_routes: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """While it holds, nothing is confirmed on its scope: a gateway's id, or "all". Times: epoch seconds."""

    freeze_id: str
    scope: str
    until: float
    reason: str
    by: str
    channel_id: str
    at: float


class State(StrEnum):
    """Where a deletion is.

    asked → pending → confirmed → deleting → verifying → gone | refused | unknown,
    and from pending: cancelled | expired | void.
    """

    ASKED = "asked"  # on disk and acked; the tunnel is being looked up
    PENDING = "pending"  # the card is (being) shown; nobody has decided
    CONFIRMED = "confirmed"  # somebody pressed Confirm; nothing was sent yet, or it is safe to send again
    DELETING = "deleting"  # DeleteVpnConnection was (perhaps) sent and is not answered yet
    VERIFYING = "verifying"  # the cloud accepted it; the tunnel is not seen gone yet
    GONE = "gone"
    REFUSED = "refused"  # the cloud, or what the look-up showed, said no; `code` says why
    UNKNOWN = "unknown"  # time ran out without an answer we could trust; `code` and RequestId are kept
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOID = "void"  # the card can't stand: it could not be posted, or what it showed has changed

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to such a deletion."""
        return self in _ENDED


_ENDED = frozenset(
    {State.GONE, State.REFUSED, State.UNKNOWN, State.CANCELLED, State.EXPIRED, State.VOID},
)
# A tunnel has at most one deletion in these states: the ledger's unique index holds it.
IN_FLIGHT = (State.CONFIRMED, State.DELETING, State.VERIFYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person asked for, as it goes to the ledger before the ack. No ids: all of the gateway's."""

    tunnel_ids: tuple[str, ...]
    gateway_id: str | None
    region: str
    reason: str
    channel_id: str
    requester_id: str
    response_url: str
    break_glass: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """One tunnel's deletion, from the ask to the end. Times are epoch seconds, UTC.

    Deletions that were asked for together share a card; its id is the first one's. While ASKED, that one
    stands for all: `wanted` has their ids (none: all of the gateway's).

    tier: the whole card's. break_glass: the incident that lifts the second person, "" for none.
    send_at: the end of the abort window, which is window_s long; nothing is sent before it. window_over_at:
    when people had had all of it. cleared_at: when the card's tunnels were read again after the confirm, and
    were as they were shown. stopped_by: who kept it from being sent. code_kind: whose code `code` is.
    last_seen: the tunnel's state in the last look that succeeded since it was sent, and last_seen_at when
    that was. look_code: why the latest look failed, None where it succeeded, with its own look_request_id.
    """

    deletion_id: str
    card_id: str
    state: State
    tunnel_id: str
    gateway_id: str | None
    region: str
    reason: str
    channel_id: str
    requester_id: str
    asked_at: float
    wanted: tuple[str, ...] = ()
    batch_size: int = 1
    tunnel: Tunnel | None = None
    expires_at: float | None = None
    decided_by: str | None = None
    decided_at: float | None = None
    sent_at: float | None = None
    request_id: str | None = None
    code: str | None = None
    code_kind: CodeKind | None = None
    message: str | None = None
    ended_at: float | None = None
    response_url: str | None = None
    unclear: bool = False
    attempts: int = 0
    retry_until: float | None = None
    waiting_code: str | None = None
    last_seen: str | None = None
    last_seen_at: float | None = None
    look_code: str | None = None
    look_request_id: str | None = None
    tier: Tier = Tier.LOW
    stake: Stake | None = None
    break_glass: str = ""
    send_at: float | None = None
    window_s: float | None = None
    window_over_at: float | None = None
    stopped_by: str | None = None
    cleared_at: float | None = None

    @property
    def stopped(self) -> bool:
        """Whether it was confirmed, and then stopped before the cloud accepted it."""
        return self.state is State.CANCELLED and self.code == OwnCode.STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The deletions of one card: `counts` has how many are in each state, `rows` some of them, in order.

    waiting: how many can't be sent for the time being, by the code that says why. freeze: one that keeps
    the card from being confirmed, while nobody has decided.
    """

    lead: Deletion
    counts: Mapping[State, int]
    rows: tuple[Deletion, ...]
    waiting: Mapping[str, int] = field(default_factory=dict)
    freeze: Freeze | None = None

    @property
    def size(self) -> int:
        """How many tunnels the card is about."""
        return sum(self.counts.values())

    def count(self, *states: State) -> int:
        """How many are in one of these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def ended(self) -> int:
        """How many of them nothing more will happen to."""
        return self.count(*_ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a decision is about: the card's first row, all gateways of its tunnels, a freeze over any."""

    lead: Deletion
    gateway_ids: tuple[str, ...]
    freeze: Freeze | None


class Decision(StrEnum):
    """What a person decided on a card."""

    CONFIRM = "confirm"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One message for a card's thread: said once per `kind`; `body` is opaque to the ledger."""

    kind: str
    body: Mapping[str, object]
