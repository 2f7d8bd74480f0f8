"""What an error code means where the call only looked: nothing was asked for that could have been done.

The titles are those of `codes`. What isn't here means the same for a look as for a deletion.
"""

_NOT_SHOWN = (
    "The cloud did not show what vpn-bot asked to see. A look changes nothing.",
    "Look at the tunnel in the VPN console. If that fails too, open a ticket with the RequestId.",
)
_FAILED = (
    "The cloud failed while it was asked to show something. A look changes nothing.",
    "Wait. If it stays so, see the cloud's status page for the region, or open a ticket with the RequestId.",
)
_TOO_OFTEN = (
    "Looks come faster than the cloud allows, so this one was not answered.",
    "Wait a moment. If it keeps coming, find what else calls the VPC API with this account or address.",
)
_FORM = (
    "The look does not have the form that the API expects (any more).",
    "Look at the tunnel in the VPN console. Look for a proxy that rewrites requests, or report a bug.",
)
_IDS = (
    "An id or the region has a form or a value that the cloud does not accept.",
    "Compare the ids and the region with the VPN console.",
)

LOOK_TEXTS: dict[str, tuple[str, str]] = {  # code: meaning, next step
    "": (
        "The cloud did not show what vpn-bot asked to see. Its own code stands with this.",
        "Look the code up in the cloud's API documents, or open a ticket with the RequestId.",
    ),
    **dict.fromkeys(
        (
            "UnsupportedOperation.DeleteVpnConnInvalidState",
            "UnsupportedOperation.InvalidState",
            "UnsupportedOperation.MutexOperationTaskRunning",
            "UnsupportedOperation",
            "OperationDenied.MutexTaskRunning",
            "ResourceInUse",
            "ResourceInsufficient",
            "ResponseSizeLimitExceeded",
            "FailedOperation",
            "LimitExceeded",
            "DryRunOperation",
            "ActionOffline",
            "NoSuchVersion",
        ),
        _NOT_SHOWN,
    ),
    **dict.fromkeys(
        ("InternalError", "InternalError.ModuleError", "InternalServerError", "ServiceUnavailable"), _FAILED
    ),
    **dict.fromkeys(
        (
            "RequestLimitExceeded",
            "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
            "RequestLimitExceeded.IPLimitExceeded",
            "RequestLimitExceeded.UinLimitExceeded",
            "LimitExceeded.ActionLimited",
        ),
        _TOO_OFTEN,
    ),
    **dict.fromkeys(
        (
            "InvalidParameter",
            "InvalidRequest",
            "MissingParameter",
            "UnknownParameter",
            "RequestSizeLimitExceeded",
        ),
        _FORM,
    ),
    **dict.fromkeys(("InvalidParameterValue", "InvalidParameterValue.Malformed"), _IDS),
    "AuthFailure.UnauthorizedOperation": (
        "The credentials are good, but no CAM policy allows them to look at this.",
        "In CAM, allow vpc:DescribeVpnConnections and the other vpc:Describe actions in the README.",
    ),
    "UnauthorizedOperation": (
        "The bot's user lacks the permission to look, or a policy denies it for this tunnel, region or tag.",
        "In CAM, allow vpc:DescribeVpnConnections, and look for a deny that stands above it.",
    ),
    "UnauthorizedOperation.NeedApproval": (
        "Your account holds even this look back until someone approves it there.",
        "Find the held operation in the cloud console's event centre and have it approved.",
    ),
    "AuthFailure.MFAFailure": (
        "The bot's user needs multi-factor authentication even to look, and a bot has no phone.",
        "In CAM, lift the MFA requirement for the bot's user.",
    ),
    "AuthFailure.SignatureExpire": (
        "The request was signed for a time more than 5 minutes from the cloud's own.",
        "On the bot's machine check the clock and NTP (timedatectl).",
    ),
}
