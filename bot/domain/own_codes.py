"""What the bot itself has to say, where the cloud gave no code."""

from enum import StrEnum

Texts = dict[str, tuple[str, str, str]]  # code: title, meaning, next step


class OwnCode(StrEnum):
    """What the bot itself has to say, where the cloud gave no code."""

    NO_ANSWER = "NoClearAnswer"
    UNREACHABLE = "CloudUnreachable"
    STILL_THERE = "StillThere"
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


OWN_WAIT: Texts = {
    OwnCode.UNREACHABLE: (
        "Tencent Cloud can't be reached",
        "The request never arrived there, so nothing was deleted.",
        "Check this machine's network, DNS and proxy, and VPN_BOT_VPC_ENDPOINT; then ask again.",
    ),
}

OWN_UNCLEAR: Texts = {
    OwnCode.NO_ANSWER: (
        "The cloud's answer got lost",
        "The connection broke or the answer could not be read, after the request may have arrived.",
        "Look at the tunnel in the VPN console before you ask again.",
    ),
}

OWN_FINAL: Texts = {
    OwnCode.STILL_THERE: (
        "Accepted, but still there",
        "The cloud accepted the deletion, and the tunnel had not gone when the time limit passed.",
        "Look at the tunnel in the VPN console; if it stays, open a ticket with the RequestId.",
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
        "Somebody deleted the card, or Slack doesn't let vpn-bot change it any more; so nothing was sent.",
        "Ask again if the deletion is still wanted.",
    ),
    OwnCode.TOO_LATE: (
        "Confirmed, but not sent in time",
        "The bot was away or kept from it until the time to try had passed, or its clock was set back.",
        "Look at the tunnel, and ask again if the deletion is still wanted.",
    ),
    OwnCode.NOBODY_LEFT: (
        "Nobody is left who could confirm it",
        "The rules name nobody active who could have confirmed this deletion, so there was no card.",
        "Have somebody added to the rules; in an incident, ask again with --break-glass.",
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
    OwnCode.NOT_ALLOWED: (
        "Not allowed on that gateway",
        "The rules for the tunnel's gateway don't let the person who asked delete there.",
        "Ask an operator of that gateway; the rules are in the file that VPN_BOT_POLICY names.",
    ),
}
