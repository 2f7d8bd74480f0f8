"""The texts for every error code: title, meaning, next step, and whether trying again helps.

Codes: Tencent Cloud API 3.0, DeleteVpnConnection (vpc, 2017-03-12) and its common error codes.
The texts are ours, plain, and need no escaping: the cloud's own message is shown beside them, not here.
"""

from enum import Enum

from bot.domain.own_codes import OWN_FINAL, OWN_UNCLEAR, OWN_WAIT, Texts


class Again(Enum):
    """Whether trying again helps; the value is the sentence that says so."""

    WAIT = "Nothing was deleted; the bot waits and tries again by itself, up to a time limit."
    LOOK = "It may or may not have been done; the bot looks at the tunnel before it tries again."
    FINAL = "The bot does not try again by itself."


_BUSY: Texts = {
    "UnsupportedOperation.DeleteVpnConnInvalidState": (
        "The tunnel is being created, changed or deleted",
        "The cloud deletes a tunnel only while nothing else is being done to it.",
        "Wait for the running operation. If it doesn't end, look at the tunnel's state in the VPN console.",
    ),
    "UnsupportedOperation.InvalidState": (
        "The tunnel or its gateway is in a passing state",
        "The cloud does not delete in this state, which usually passes within minutes.",
        "Wait. If it stays so, look at the states of the tunnel and of its gateway in the VPN console.",
    ),
    "UnsupportedOperation.MutexOperationTaskRunning": (
        "Another operation on this tunnel or gateway is running",
        "Someone, or an automation, is changing the same resource, and the cloud does one thing at a time.",
        "Wait for the running operation. If it doesn't end, ask who started it: CloudAudit has the name.",
    ),
    "OperationDenied.MutexTaskRunning": (
        "A task that excludes this one is running",
        "The cloud is working on a resource that this deletion needs too.",
        "Wait for the running task. If it doesn't end, look for it on the gateway's page in the VPN console.",
    ),
    "ResourceInUse": (
        "Something still uses the tunnel",
        "A route, a health check or a running change may still hold it.",
        "Wait. If it stays so, remove the gateway's routes to this tunnel, then ask for the deletion again.",
    ),
    "ResourceUnavailable": (
        "The tunnel or its gateway can't be reached just now",
        "The resource exists, but the cloud can't work on it at the moment.",
        "Wait. If it stays so, look at the gateway in the VPN console: is it isolated or in arrears?",
    ),
}

_TOO_MANY: Texts = {
    "RequestLimitExceeded": (
        "Too many requests at once",
        "The call came above the rate that the cloud allows, and was not carried out.",
        "Wait a moment. If it keeps coming, find what else calls the VPC API with this account.",
    ),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": (
        "Too many requests from this account, over all regions",
        "The account as a whole calls faster than the cloud allows; the call was not carried out.",
        "Wait a moment. If it keeps coming, find what else calls the API with this account, in any region.",
    ),
    "RequestLimitExceeded.IPLimitExceeded": (
        "Too many requests from the bot's IP address",
        "All programs behind this address share one limit; the call was not carried out.",
        "Wait a moment. If it keeps coming, find what else calls the cloud through the same NAT or proxy.",
    ),
    "RequestLimitExceeded.UinLimitExceeded": (
        "Too many requests from this account",
        "All users and keys of the account share one limit; the call was not carried out.",
        "Wait a moment. If it keeps coming, find what else calls the VPC API with this account.",
    ),
    # A quota by its name, but the API documents it as a call frequency: nothing was done, and a pause helps.
    "LimitExceeded.ActionLimited": (
        "This action was called too often",
        "The cloud limits how often this one action may be called; the call was not carried out.",
        "Wait a moment. If it keeps coming, find what else deletes or lists tunnels with this account.",
    ),
}

_UNCLEAR: Texts = {
    "InternalError": (
        "The cloud failed inside",
        "The cloud broke off without saying how far it got.",
        "See below what the bot finds. If the tunnel stays, open a ticket with the RequestId.",
    ),
    "InternalError.ModuleError": (
        "A part of the cloud's VPN service failed",
        "One of the modules behind the API broke off; the rest may have gone on.",
        "See below what the bot finds. If the tunnel stays, open a ticket with the RequestId.",
    ),
    "InternalServerError": (
        "The cloud's server failed",
        "The server broke off without saying how far it got.",
        "See below what the bot finds. If the tunnel stays, open a ticket with the RequestId.",
    ),
    "ServiceUnavailable": (
        "The VPC service is not available just now",
        "The service answered that it can't serve, which does not say whether it had begun.",
        "See below what the bot finds. If it lasts, see the cloud's status page for the region.",
    ),
}

_GONE: Texts = {
    "ResourceNotFound": (
        "There is no such tunnel",
        "It is already gone, or it is in another region, or it belongs to another account.",
        "Check the id and the region in the VPN console. If someone has deleted it, nothing is left to do.",
    ),
    "UnsupportedOperation.RecordNotExists": (
        "The cloud has no record of this tunnel",
        "It is already gone, or this tunnel and this gateway do not belong together.",
        "Check both ids and the region in the VPN console. If someone has deleted it, nothing is left to do.",
    ),
}

_CREDENTIALS: Texts = {
    "AuthFailure": (
        "The cloud does not accept the bot's credentials",
        "The request was turned away before anyone looked at the tunnel.",
        "Check TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY and TENCENTCLOUD_TOKEN, then restart the bot.",
    ),
    "AuthFailure.InvalidAuthorization": (
        "The cloud can't read the bot's signature header",
        "The Authorization header arrived in a form that the cloud does not accept.",
        "Look for a proxy that rewrites headers, and for blanks or line ends in TENCENTCLOUD_SECRET_ID.",
    ),
    "AuthFailure.InvalidSecretId": (
        "The bot's SecretId is not one of the cloud API's",
        "What stands in TENCENTCLOUD_SECRET_ID is not a SecretId, or one for another service.",
        "Put the right SecretId into TENCENTCLOUD_SECRET_ID (CAM console, API keys) and restart the bot.",
    ),
    "AuthFailure.MFAFailure": (
        "The cloud asks for a second factor",
        "The bot's user needs multi-factor authentication for this action, and a bot has no phone.",
        "In CAM, lift the MFA requirement for the bot's user, or delete the tunnel in the VPN console.",
    ),
    "AuthFailure.SecretIdNotFound": (
        "The bot's SecretId does not exist",
        "The key in TENCENTCLOUD_SECRET_ID was deleted or disabled, or has a typing error.",
        "In the CAM console look whether the key is there and enabled; set the right one, restart the bot.",
    ),
    "AuthFailure.SignatureExpire": (
        "The bot's clock is wrong",
        "The request was signed for a time more than 5 minutes from the cloud's own.",
        "On the bot's machine check the clock and NTP (timedatectl), then ask for the deletion again.",
    ),
    "AuthFailure.SignatureFailure": (
        "The signature does not match",
        "Mostly the SecretKey does not belong to the SecretId, or a proxy has changed the request.",
        "Set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY again, from one pair, and restart the bot.",
    ),
    "AuthFailure.TokenFailure": (
        "The bot's temporary credentials have run out",
        "The token is expired or does not belong to the key.",
        "Renew TENCENTCLOUD_TOKEN with its id and key; leave it unset for a permanent key. Restart the bot.",
    ),
}

_PERMISSION: Texts = {
    "AuthFailure.UnauthorizedOperation": (
        "The bot's user may not do this",
        "The credentials are good, but no CAM policy allows them this action on this tunnel.",
        "In CAM, allow what docs/install.md lists: vpc:DeleteVpnConnection and the vpc:Describe actions.",
    ),
    "UnauthorizedOperation": (
        "A CAM policy does not allow this",
        "The bot's user lacks the permission, or a policy denies it for this tunnel, region or tag.",
        "In CAM, allow vpc:DeleteVpnConnection on the tunnel, and look for a deny that stands above it.",
    ),
    "UnauthorizedOperation.NeedApproval": (
        "This needs an approval in the cloud",
        "Your account holds such operations back until someone approves them there.",
        "Find the held operation in the cloud console's event centre and have it approved, then ask again.",
    ),
    "IpInBlacklist": (
        "The bot's IP address is on a block list",
        "The account refuses calls from the address that the bot has now.",
        "Have the address taken off the block list in CAM, or run the bot from another one.",
    ),
    "IpNotInWhitelist": (
        "The bot's IP address is not on the allow list",
        "The account accepts calls from listed addresses only; the bot's may have changed.",
        "Have the bot's outgoing address put on the allow list in CAM.",
    ),
}

_REQUEST: Texts = {
    "InvalidParameterValue.Malformed": (
        "The cloud finds an id malformed",
        "The tunnel's or the gateway's id has the wrong form for the cloud.",
        "Copy both ids from the VPN console and ask for the deletion again.",
    ),
    "InvalidParameterValue": (
        "The cloud does not accept a value in the request",
        "An id or the region has a value that does not fit.",
        "Compare both ids and the region with the VPN console, then ask for the deletion again.",
    ),
    "InvalidParameter": (
        "The cloud does not accept a parameter",
        "The ids don't fit together, or the API now expects something else from the bot.",
        "Compare both ids with the VPN console. If they are right, delete it there and report a bug.",
    ),
    "MissingParameter": (
        "The cloud misses a parameter in the request",
        "The API expects something that the bot does not send.",
        "Delete the tunnel in the VPN console, and report a bug with this code.",
    ),
    "UnknownParameter": (
        "The cloud does not know a parameter in the request",
        "The bot sends something that the API does not take (any more).",
        "Delete the tunnel in the VPN console, and report a bug with this code.",
    ),
    "InvalidRequest": (
        "The cloud can't read the request",
        "The request as a whole does not have the form that the API expects.",
        "Look for a proxy that rewrites the body. Without one, delete it in the console and report a bug.",
    ),
    "RequestSizeLimitExceeded": (
        "The request is too large",
        "The bot's requests are tiny, so something on the way makes them grow.",
        "Look for a proxy between the bot and the cloud; delete the tunnel in the VPN console meanwhile.",
    ),
    "ResponseSizeLimitExceeded": (
        "The cloud's answer would be too large",
        "The answer to this call is above what the API may send.",
        "Look at the tunnel in the VPN console, delete it there if needed, and report a bug.",
    ),
    "UnsupportedProtocol": (
        "The cloud does not accept this protocol",
        "The API takes HTTPS POST only, and the request came otherwise.",
        "Check that VPN_BOT_VPC_ENDPOINT begins with https, and look for a proxy that breaks it up.",
    ),
}

_SERVICE: Texts = {
    "ActionOffline": (
        "The cloud has taken this action out of service",
        "The API no longer offers this action.",
        "Delete the tunnel in the VPN console; the bot needs a newer version.",
    ),
    "InvalidAction": (
        "The endpoint does not know this action",
        "The request probably went to an endpoint that is not the VPC service's.",
        "Check VPN_BOT_VPC_ENDPOINT: finance regions and international accounts have their own.",
    ),
    "NoSuchProduct": (
        "The endpoint does not know the VPC service",
        "The request went to an address of the cloud that serves no VPC API.",
        "Check VPN_BOT_VPC_ENDPOINT, normally https://vpc.tencentcloudapi.com, and restart the bot.",
    ),
    "NoSuchVersion": (
        "The endpoint does not know this version of the API",
        "The bot speaks version 2017-03-12 of the VPC API, which this endpoint does not.",
        "Check VPN_BOT_VPC_ENDPOINT. If it is right, delete in the console; the bot needs a newer version.",
    ),
    "UnsupportedRegion": (
        "The VPC service does not serve this region here",
        "The region is misspelt, or has an endpoint of its own, as finance regions do.",
        "Check the region against the VPN console, and VPN_BOT_VPC_ENDPOINT for that region.",
    ),
    "DryRunOperation": (
        "The cloud took this for a dry run",
        "It says that the call would have worked, and did nothing. The bot never asks for a dry run.",
        "Delete the tunnel in the VPN console, and report a bug with this code.",
    ),
    "FailedOperation": (
        "The cloud tried and failed",
        "The operation did not succeed, and the code does not say why; the cloud's message may.",
        "Look at the tunnel in the VPN console. If deleting fails there, open a ticket with the RequestId.",
    ),
    "LimitExceeded": (
        "A quota of the account is used up",
        "The account has reached a limit on how many of something it may have or do.",
        "See the VPC quotas in the console. Waiting won't help; freeing something or a larger quota will.",
    ),
    "ResourceInsufficient": (
        "The cloud lacks the resources for this",
        "The region is short of something that the operation needs, which is rare for a deletion.",
        "Try later, or delete in the VPN console. If both fail, open a ticket with the RequestId.",
    ),
    "UnsupportedOperation": (
        "The cloud does not do this to this tunnel",
        "The tunnel or its gateway is of a kind, or in a condition, that rules the deletion out.",
        "Look at both in the VPN console; the cloud's own message may say what stands in the way.",
    ),
}

# Such a refusal says nothing of the one tunnel that a call was about.
EVERY_CALL = frozenset(_CREDENTIALS) | {
    *("IpInBlacklist", "IpNotInWhitelist", "UnsupportedProtocol", "UnsupportedRegion"),
    *("ActionOffline", "InvalidAction", "NoSuchProduct", "NoSuchVersion"),
}

TEXTS = (
    (Again.WAIT, (_BUSY, _TOO_MANY, OWN_WAIT)),
    (Again.LOOK, (_UNCLEAR, OWN_UNCLEAR)),
    (Again.FINAL, (_GONE, _CREDENTIALS, _PERMISSION, _REQUEST, _SERVICE, OWN_FINAL)),
)
