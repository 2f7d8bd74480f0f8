"""What the bot itself has to say, where the cloud gave no code."""

from enum import StrEnum

Texts = dict[str, tuple[str, str, str]]  # code: title, meaning, next step


class OwnCode(StrEnum):
    """What the bot itself has to say, where the cloud gave no code."""

    NO_ANSWER = "NoClearAnswer"
    ANSWER_TIMED_OUT = "AnswerTimedOut"
    CONNECTION_LOST = "ConnectionLost"
    UNREADABLE_ANSWER = "UnreadableAnswer"
    UNREADABLE_ENTRY = "UnreadableEntry"
    INCOMPLETE_LIST = "IncompleteList"
    UNREACHABLE = "CloudUnreachable"
    NAME_NOT_FOUND = "NameNotResolved"
    CONNECTION_REFUSED = "ConnectionRefused"
    CONNECT_TIMED_OUT = "ConnectTimedOut"
    UNTRUSTED = "CertificateNotTrusted"
    NO_TLS = "TlsFailed"
    PROXY = "ProxyFailed"
    STILL_THERE = "StillThere"
    NOT_SEEN = "NotSeenSince"
    OTHER_GATEWAY = "OtherGateway"
    OWN_FAULT = "OwnFault"
    TOO_MANY = "TooManyTunnels"
    SET_ASIDE = "SetAside"
    STOPPED = "Stopped"
    CHANGED = "ChangedSinceTheCard"
    FROZEN = "Frozen"
    NO_KIT = "NoUndoKit"
    PROTECTED = "Protected"
    NOT_ALLOWED = "NotAllowed"
    NOBODY_LEFT = "NobodyLeftToConfirm"
    TOO_LATE = "TooLate"
    CARD_GONE = "CardGone"
    ALREADY_GONE = "AlreadyGone"
    BEING_DELETED = "BeingDeleted"
    BEING_MADE = "BeingMade"
    NO_TUNNELS = "NoTunnels"


# No fresh card can be about a tunnel that ended so.
NO_FRESH_CARD = frozenset({OwnCode.ALREADY_GONE, OwnCode.BEING_DELETED})

# What went wrong on the way. These hold for a deletion and for a look alike: whether anything was deleted is
# said by what shows them.
OWN_WAIT: Texts = {
    OwnCode.UNREACHABLE: (
        "Tencent Cloud can't be reached",
        "The request never arrived there.",
        "Check this machine's network and proxy, and VPN_BOT_VPC_ENDPOINT.",
    ),
    OwnCode.NAME_NOT_FOUND: (
        "The cloud's host name isn't found",
        "DNS gave no address for the host in VPN_BOT_VPC_ENDPOINT, so the request was not sent.",
        "Check this machine's DNS, and the spelling of VPN_BOT_VPC_ENDPOINT.",
    ),
    OwnCode.CONNECTION_REFUSED: (
        "The cloud's endpoint refuses connections",
        "The host was found, and nothing takes connections on its port, so the request was not sent.",
        "Check VPN_BOT_VPC_ENDPOINT, its port included, and what stands between: a firewall, a tunnel.",
    ),
    OwnCode.CONNECT_TIMED_OUT: (
        "The cloud's endpoint doesn't take the connection",
        "No connection came about within the time limit, so the request was not sent.",
        "Look for a firewall that drops packets, for a proxy that has to be used, and at the routes out.",
    ),
    OwnCode.UNTRUSTED: (
        "The endpoint's certificate isn't trusted",
        "Nothing was sent: whoever answered could not prove to be the host in VPN_BOT_VPC_ENDPOINT.",
        "Where a proxy opens TLS, have its CA added to the file that is named here; else find who answers.",
    ),
    OwnCode.NO_TLS: (
        "No TLS connection to the endpoint comes about",
        "Something answers, and the two can't agree on TLS, so the request was not sent.",
        "Check the port in VPN_BOT_VPC_ENDPOINT, and whether a proxy or firewall answers in its place.",
    ),
    OwnCode.PROXY: (
        "The proxy doesn't lead to the cloud",
        "The proxy can't be reached, or refuses to connect to the endpoint, so the request was not sent.",
        "Check HTTPS_PROXY and NO_PROXY, and whether the proxy allows the host in VPN_BOT_VPC_ENDPOINT.",
    ),
}

OWN_UNCLEAR: Texts = {
    OwnCode.NO_ANSWER: (
        "The cloud gave no clear answer",
        "What came back, if anything, says neither yes nor no.",
        "Look at the tunnel in the VPN console before you ask again.",
    ),
    OwnCode.ANSWER_TIMED_OUT: (
        "The cloud didn't answer in time",
        "The request was sent, and no answer came within the time limit.",
        "See the cloud's status page, and look at the tunnel in the VPN console.",
    ),
    OwnCode.CONNECTION_LOST: (
        "The connection broke before the answer came",
        "The request was sent, and the connection ended without a whole answer.",
        "Look at the tunnel in the VPN console. If it keeps coming, check the network and the proxy.",
    ),
    OwnCode.UNREADABLE_ANSWER: (
        "What answered isn't the cloud's API",
        "An answer came, and it isn't one of the API's: mostly a page of a gateway or proxy on the way.",
        "Look at the tunnel in the VPN console. If it stays so, check VPN_BOT_VPC_ENDPOINT and the proxy.",
    ),
    OwnCode.UNREADABLE_ENTRY: (
        "An entry in the gateway's list can't be read",
        "The cloud lists a tunnel or a route without what names it, as while one is being created.",
        "Wait. If it stays so, look at the gateway in the VPN console, and open a ticket with the RequestId.",
    ),
    OwnCode.INCOMPLETE_LIST: (
        "The cloud's list is not complete",
        "The cloud counts more entries than it lists, or the list changed while it was read.",
        "Wait. If it stays so, look at the gateway in the VPN console, and open a ticket with the RequestId.",
    ),
}

OWN_FINAL: Texts = {
    OwnCode.STILL_THERE: (
        "Accepted, but still there",
        "The cloud accepted the deletion, and the tunnel had not gone when the time limit passed.",
        "Look at the tunnel in the VPN console; if it stays, open a ticket with the RequestId.",
    ),
    OwnCode.NOT_SEEN: (
        "It isn't known whether the tunnel is gone",
        "The cloud accepted the deletion, and the tunnel could not be looked at when the time limit passed.",
        "Look at the tunnel in the VPN console, and see to what keeps the bot from looking.",
    ),
    OwnCode.OTHER_GATEWAY: (
        "The tunnel is on another gateway",
        "The gateway that was named isn't the one that the cloud shows for this tunnel.",
        "Check which tunnel is meant, then ask with its own gateway.",
    ),
    OwnCode.OWN_FAULT: (
        "vpn-bot has a fault of its own",
        "It failed again and again at writing the message itself, so there was nothing to post.",
        "Whoever runs vpn-bot looks into its log, and reports the fault.",
    ),
    OwnCode.TOO_MANY: (
        "Too many tunnels for one card",
        "One card may be about VPN_BOT_MAX_BATCH tunnels at most.",
        "Name fewer tunnels, or have VPN_BOT_MAX_BATCH raised.",
    ),
    OwnCode.SET_ASIDE: (
        "The bot failed at it again and again",
        "A fault of the bot's own. If it had sent anything, it isn't known whether the tunnel was deleted.",
        "Look at the tunnel in the VPN console, and at the bot's log.",
    ),
    OwnCode.STOPPED: (
        "Stopped before the cloud accepted it",
        "Somebody pressed Stop while the cloud had not accepted the deletion.",
        "Nothing; ask again if it is wanted after all.",
    ),
    OwnCode.CHANGED: (
        "What matters has changed since the card was made",
        "The tunnel was read again after Confirm, and it isn't as the card showed it, so it isn't sent.",
        "Look at what changed, and ask for a fresh card if the deletion is still wanted.",
    ),
    OwnCode.FROZEN: (
        "Deletions are frozen",
        "A freeze was placed after Confirm, so it isn't sent.",
        "See /vpn freezes; ask again when the freeze has ended.",
    ),
    OwnCode.NO_KIT: (
        "There is no undo kit in the thread",
        "Without what it takes to make the tunnel again, nothing is deleted.",
        "Look at the bot's log and at Slack's state, then ask again.",
    ),
    OwnCode.PROTECTED: (
        "The tunnel is protected",
        "Its tag vpn-bot:protect, or VPN_BOT_PROTECTED, forbids its deletion through this bot.",
        "If it has to go, whoever is responsible for it takes the protection away first; then ask again.",
    ),
    OwnCode.CARD_GONE: (
        "The card is gone, so nobody could press Stop",
        "Somebody deleted the card in Slack, and vpn-bot sends nothing for a card that isn't there.",
        "Ask again if the deletion is still wanted.",
    ),
    OwnCode.TOO_LATE: (
        "Confirmed, but not sent in time",
        "The bot was away or kept from it until the time to try had passed, or its clock was set back.",
        "Look at the tunnel, and ask again if the deletion is still wanted.",
    ),
    OwnCode.NOBODY_LEFT: (
        "Nobody is left who could confirm it",
        "No card was made: the rules name nobody active, or no second person reads that direct message.",
        "Ask in a channel, or have somebody added to the rules. In an incident, use --break-glass there.",
    ),
    OwnCode.ALREADY_GONE: (
        "The tunnel no longer exists",
        "It was there when the card was made; when vpn-bot looked again after Confirm, it was not.",
        "Nothing is left to delete. CloudAudit, in the cloud's console, shows who deleted it.",
    ),
    OwnCode.BEING_DELETED: (
        "The tunnel is being deleted already",
        "The cloud shows it in state DELETING, so there is nothing to ask for.",
        "Wait until it is gone. If it stays in this state, open a ticket with the cloud's support.",
    ),
    OwnCode.BEING_MADE: (
        "The tunnel is still being created",
        "The cloud shows it in state PENDING, and deletes no tunnel in this state.",
        "Ask again when its state is AVAILABLE.",
    ),
    OwnCode.NO_TUNNELS: (
        "The gateway has no tunnels",
        "The cloud lists no tunnels of that gateway in that region, so there was nothing to ask for.",
        "Check the gateway's id, and add --region where it is in another one.",
    ),
    OwnCode.NOT_ALLOWED: (
        "Not allowed on that gateway",
        "The rules for the tunnel's gateway don't let the person who asked delete there.",
        "Ask an operator of that gateway; the rules are in the file that VPN_BOT_POLICY names.",
    ),
}
