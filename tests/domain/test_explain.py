"""Every error code has its own words, and the worker is told rightly whether to try again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.explain import (
    UNKNOWN,
    Again,
    Explanation,
    OwnCode,
    explain,
    explain_look,
    is_about_every_call,
    means_gone,
)

DOCUMENTED = {
    "InvalidParameterValue.Malformed": Again.FINAL,
    "ResourceNotFound": Again.FINAL,
    "UnsupportedOperation.RecordNotExists": Again.FINAL,
    "UnsupportedOperation.DeleteVpnConnInvalidState": Again.WAIT,
    "UnsupportedOperation.InvalidState": Again.WAIT,
    "UnsupportedOperation.MutexOperationTaskRunning": Again.WAIT,
    "UnauthorizedOperation.NeedApproval": Again.FINAL,
    "OperationDenied.MutexTaskRunning": Again.WAIT,
    "InternalError.ModuleError": Again.LOOK,
    "InternalServerError": Again.LOOK,
    "LimitExceeded.ActionLimited": Again.WAIT,
    "AuthFailure.InvalidAuthorization": Again.FINAL,
    "AuthFailure.InvalidSecretId": Again.FINAL,
    "AuthFailure.MFAFailure": Again.FINAL,
    "AuthFailure.SecretIdNotFound": Again.FINAL,
    "AuthFailure.SignatureExpire": Again.FINAL,
    "AuthFailure.SignatureFailure": Again.FINAL,
    "AuthFailure.TokenFailure": Again.FINAL,
    "AuthFailure.UnauthorizedOperation": Again.FINAL,
    "UnauthorizedOperation": Again.FINAL,
    "IpInBlacklist": Again.FINAL,
    "IpNotInWhitelist": Again.FINAL,
    "RequestLimitExceeded": Again.WAIT,
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": Again.WAIT,
    "RequestLimitExceeded.IPLimitExceeded": Again.WAIT,
    "RequestLimitExceeded.UinLimitExceeded": Again.WAIT,
    "InternalError": Again.LOOK,
    "ServiceUnavailable": Again.LOOK,
    "ResourceInUse": Again.WAIT,
    "ResourceUnavailable": Again.WAIT,
    "ActionOffline": Again.FINAL,
    "DryRunOperation": Again.FINAL,
    "FailedOperation": Again.FINAL,
    "InvalidAction": Again.FINAL,
    "InvalidParameter": Again.FINAL,
    "InvalidParameterValue": Again.FINAL,
    "InvalidRequest": Again.FINAL,
    "LimitExceeded": Again.FINAL,
    "MissingParameter": Again.FINAL,
    "NoSuchProduct": Again.FINAL,
    "NoSuchVersion": Again.FINAL,
    "RequestSizeLimitExceeded": Again.FINAL,
    "ResourceInsufficient": Again.FINAL,
    "ResponseSizeLimitExceeded": Again.FINAL,
    "UnknownParameter": Again.FINAL,
    "UnsupportedOperation": Again.FINAL,
    "UnsupportedProtocol": Again.FINAL,
    "UnsupportedRegion": Again.FINAL,
}
OWN = {
    OwnCode.NO_ANSWER: Again.LOOK,
    OwnCode.ANSWER_TIMED_OUT: Again.LOOK,
    OwnCode.CONNECTION_LOST: Again.LOOK,
    OwnCode.UNREADABLE_ANSWER: Again.LOOK,
    OwnCode.UNREADABLE_ENTRY: Again.LOOK,
    OwnCode.INCOMPLETE_LIST: Again.LOOK,
    OwnCode.UNREACHABLE: Again.WAIT,
    OwnCode.NAME_NOT_FOUND: Again.WAIT,
    OwnCode.CONNECTION_REFUSED: Again.WAIT,
    OwnCode.CONNECT_TIMED_OUT: Again.WAIT,
    OwnCode.UNTRUSTED: Again.WAIT,
    OwnCode.NO_TLS: Again.WAIT,
    OwnCode.PROXY: Again.WAIT,
    OwnCode.STILL_THERE: Again.FINAL,
    OwnCode.NOT_SEEN: Again.FINAL,
    OwnCode.OTHER_GATEWAY: Again.FINAL,
    OwnCode.OWN_FAULT: Again.FINAL,
    OwnCode.TOO_MANY: Again.FINAL,
    OwnCode.SET_ASIDE: Again.FINAL,
    OwnCode.STOPPED: Again.FINAL,
    OwnCode.CHANGED: Again.FINAL,
    OwnCode.NOBODY_LEFT: Again.FINAL,
    OwnCode.FROZEN: Again.FINAL,
    OwnCode.NO_KIT: Again.FINAL,
    OwnCode.TOO_LATE: Again.FINAL,
    OwnCode.CARD_GONE: Again.FINAL,
    OwnCode.ALREADY_GONE: Again.FINAL,
    OwnCode.BEING_DELETED: Again.FINAL,
    OwnCode.BEING_MADE: Again.FINAL,
    OwnCode.NO_TUNNELS: Again.FINAL,
    OwnCode.PROTECTED: Again.FINAL,
    OwnCode.NOT_ALLOWED: Again.FINAL,
}
FAMILIES = {"AuthFailure"}  # not documented by itself, but the prefix of codes that are
EVERY = [*DOCUMENTED, *map(str, OWN), *FAMILIES]
suffixes = st.lists(st.text(max_size=8), min_size=1, max_size=3).map(".".join)


def texts(explanation: Explanation) -> tuple[str, ...]:
    return explanation.title, explanation.meaning, explanation.next_step


@pytest.mark.parametrize(("code", "again"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_every_documented_code_has_an_entry_of_its_own_and_the_right_class(code: str, again: Again) -> None:
    """No documented code is left to a fallback, and each is waited for, looked into or final as decided."""
    explanation = explain(code)
    assert (explanation.code, explanation.again) == (code, again)


@pytest.mark.parametrize("own", OwnCode)
def test_every_word_of_the_bot_itself_is_explained(own: OwnCode) -> None:
    """What the bot says where the cloud gave no code has an entry and a class too."""
    explanation = explain(own)
    assert (explanation.code, explanation.again) == (own, OWN[own])


@pytest.mark.parametrize("code", [*EVERY, "not known"])
def test_an_explanation_is_complete_short_and_needs_no_escaping(code: str) -> None:
    """Each text is a whole sentence of readable length, safe in Slack as it stands."""
    explanation = explain(code)
    assert 0 < len(explanation.title) <= 60
    assert not explanation.title.endswith(".")
    for sentence in texts(explanation)[1:]:
        assert 20 < len(sentence) <= 200
        assert sentence[0].isupper()
        assert sentence[-1] in ".?"
    assert not set("&<>*`~") & set("".join(texts(explanation)) + explanation.again.value)


def test_no_two_codes_share_a_title_or_a_meaning() -> None:
    """A reader can tell any two codes apart by the words alone."""
    explanations = [UNKNOWN, *map(explain, EVERY)]
    assert len({explanation.title for explanation in explanations}) == len(explanations)
    assert len({explanation.meaning for explanation in explanations}) == len(explanations)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("AuthFailure.SignatureExpire", "NTP"),
        ("AuthFailure.SecretIdNotFound", "CAM"),
        ("AuthFailure.SignatureFailure", "TENCENTCLOUD_SECRET_KEY"),
        ("AuthFailure.TokenFailure", "TENCENTCLOUD_TOKEN"),
        ("AuthFailure.InvalidSecretId", "TENCENTCLOUD_SECRET_ID"),
        ("UnauthorizedOperation", "vpc:DeleteVpnConnection"),
        ("AuthFailure.UnauthorizedOperation", "vpc:DeleteVpnConnection"),
        ("UnsupportedOperation.MutexOperationTaskRunning", "running operation"),
        ("UnsupportedRegion", "VPN_BOT_VPC_ENDPOINT"),
        ("InternalError", "RequestId"),
    ],
)
def test_the_next_step_names_the_thing_to_touch(code: str, word: str) -> None:
    """At 3 am the setting, the permission or the machine is named, not hinted at."""
    assert word in explain(code).next_step


@given(code=st.sampled_from(sorted(DOCUMENTED)), suffix=suffixes)
def test_an_unknown_suffix_falls_back_to_the_longest_known_prefix(code: str, suffix: str) -> None:
    """A code that the cloud refines later keeps the words and the class of what we know of it."""
    longer = f"{code}.{suffix}"
    longest = max((known for known in DOCUMENTED if f"{longer}.".startswith(f"{known}.")), key=len)
    assert explain(longer) == explain(longest)


@given(code=st.sampled_from(sorted(DOCUMENTED)), letters=st.text("abcXYZ", min_size=1))
def test_a_prefix_ends_at_a_dot(code: str, letters: str) -> None:
    """`ResourceInUseful` is no kind of `ResourceInUse`."""
    family = code.rpartition(".")[0]
    assert explain(code + letters) == (explain(family) if family else UNKNOWN)


@given(st.text().filter(lambda code: code.partition(".")[0] not in EVERY))
def test_a_code_of_no_known_family_is_said_to_be_new(code: str) -> None:
    """An unknown code is never explained as something else, and never tried again."""
    assert explain(code) is UNKNOWN
    assert UNKNOWN.again is Again.FINAL


@pytest.mark.parametrize("code", DOCUMENTED)
def test_only_the_two_not_found_codes_mean_gone(code: str) -> None:
    """Nothing but the cloud's two ways to say "no such tunnel", suffixed or not, counts as gone."""
    gone = code in {"ResourceNotFound", "UnsupportedOperation.RecordNotExists"}
    assert means_gone(code) is means_gone(f"{code}.VpnConnection") is gone
    assert means_gone(f"{code}x") is False


MAY_BE_DONE = re.compile(
    r"may have (?!changed)|carried out|how far|had begun|did nothing|ask for the deletion"
    r"|(?<!was )(?<!has )delete"
)
CAUSES = [own for own in OWN if explain(own).again is not Again.FINAL]


@pytest.mark.parametrize("code", [*DOCUMENTED, *FAMILIES, *CAUSES, "not known"])
def test_a_look_that_failed_is_never_said_to_have_been_carried_out(code: str) -> None:
    """It asked for nothing, so nothing may have been done, and no deletion is at fault."""
    explanation = explain_look(code)
    assert (explanation.title, explanation.again) == (explain(code).title, explain(code).again)
    said = f"{explanation.meaning} {explanation.next_step}"
    assert not MAY_BE_DONE.search(said)
    for sentence in texts(explanation)[1:]:
        assert 20 < len(sentence) <= 200


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AuthFailure.UnauthorizedOperation.Tag"])
def test_a_look_that_is_not_allowed_names_the_permission_to_look(code: str) -> None:
    """Permission to delete would not help."""
    said = explain_look(code).next_step
    assert "vpc:DescribeVpnConnections" in said
    assert "vpc:DeleteVpnConnection" not in said


@pytest.mark.parametrize(
    ("code", "is_so"),
    [
        ("AuthFailure.TokenFailure", True),
        ("AuthFailure.SomethingNew", True),
        ("UnsupportedRegion", True),
        ("AuthFailure.UnauthorizedOperation", False),
        ("UnauthorizedOperation", False),
        ("InvalidParameterValue.Malformed", False),
        ("SomethingNew", False),
    ],
)
def test_a_refusal_of_every_call_is_told_from_one_of_a_single_tunnel(code: str, is_so: bool) -> None:
    """Asking once more for each tunnel helps only with the latter."""
    assert is_about_every_call(code) is is_so
