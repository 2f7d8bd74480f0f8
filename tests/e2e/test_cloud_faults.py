"""Whatever the cloud answers, the thread says what is true, and the tunnel is deleted at most once."""

from collections.abc import Callable

import pytest

from bot.domain.explain import Again, explain, explain_look
from bot.rehearsal.vpc import Call, Fault
from tests.e2e.play import CHANNEL, TIMEOUT_S, Play

DELETE = "DeleteVpnConnection"
DESCRIBE = "DescribeVpnConnections"
WAITED_FOR = [
    "UnsupportedOperation.DeleteVpnConnInvalidState",
    "UnsupportedOperation.InvalidState",
    "UnsupportedOperation.MutexOperationTaskRunning",
    "OperationDenied.MutexTaskRunning",
    "ResourceInUse",
    "RequestLimitExceeded",
]
FINAL = [
    "AuthFailure.SignatureExpire",
    "AuthFailure.UnauthorizedOperation",
    "InvalidParameterValue.Malformed",
    "UnauthorizedOperation",
    "UnsupportedRegion",
    "FailedOperation.SomethingNew",
    "BrandNewCode.Never.Seen",
]
UNCLEAR = {
    "html-502": Fault.html(502),
    "html-502-undone": Fault.html(502, carried_out=False),
    "html-200": Fault.html(200),
    "empty-body": Fault.empty(),
    "truncated-body": Fault.truncated(),
    "cut-off-body": Fault.cut_off(),
    "reset-before": Fault.reset_before(),
    "reset-after": Fault.reset_after(),
    "internal-error-after": Fault.unknown_after("InternalError"),
    "service-unavailable": Fault.refuse("ServiceUnavailable"),
    "no-request-id": Fault.omit_request_id(),
}


@pytest.mark.parametrize("code", WAITED_FOR)
def test_a_passing_refusal_is_waited_out_and_said_once(play: Play, code: str) -> None:
    """Retried until it works; the thread says once that the bot waits, and why."""
    card = play.new_card()
    play.stage.vpc.fault(DELETE, Fault.refuse(code), times=2)
    card.confirm()
    card.wait_reply("is gone")
    assert card.count("Waiting: ") == 1
    assert code in card.wait_reply("Waiting: ")
    assert explain(code).title in card.wait_reply("Waiting: ")
    assert (card.deletes, card.count("RequestId"), card.count("is gone")) == (3, 2, 1)


@pytest.mark.parametrize("code", FINAL)
def test_a_final_refusal_is_explained_with_its_code_and_request_id(play: Play, code: str) -> None:
    """Title, meaning, what to do, code, RequestId; one call; the tunnel stays."""
    card = play.new_card()
    play.stage.vpc.fault(DELETE, Fault.refuse(code, "<!channel> said the cloud"))
    card.confirm()
    reply = card.wait_reply("Not deleted: ")
    reason = explain(code)
    request_id = (play.stage.vpc.deletes(card.tunnel_id)[0].answer or {})["Response"]["RequestId"]
    for part in (
        reason.title,
        reason.meaning,
        reason.next_step,
        code,
        request_id,
        "<!channel> said the cloud",
    ):
        assert part in reply
    card.wait_text("was not deleted")
    assert reason.again is Again.FINAL
    assert card.deletes == 1
    assert card.message.buttons == ()
    assert play.stage.vpc.exists(card.tunnel_id)


@pytest.mark.parametrize("word", UNCLEAR)
def test_after_an_unclear_answer_the_bot_looks_before_it_sends_again(play: Play, word: str) -> None:
    """Carried out or not: the tunnel goes once, and the thread never claims a RequestId that it hasn't."""
    fault = UNCLEAR[word]
    card = play.new_card()
    play.stage.vpc.fault(DELETE, fault)
    card.confirm()
    card.wait_reply("is gone")
    first, *_ = deletes = play.stage.vpc.deletes(card.tunnel_id)
    looked = [c for c in play.stage.vpc.calls if c.action == DESCRIBE and c.at >= first.at]
    assert looked
    assert all(any(first.at <= look.at <= again.at for look in looked) for again in deletes[1:])
    assert card.count("is gone") == 1
    assert len(deletes) == (1 if fault.carried_out else 2)


def test_a_charset_in_the_content_type_changes_nothing(play: Play) -> None:
    """The official SDK stumbles over it: an error is still an error, a success a success."""
    card = play.new_card()
    play.stage.vpc.fault(DELETE, Fault.content_type("application/json; charset=utf-8"))
    card.confirm()
    card.wait_reply("is gone")
    assert card.deletes == 1


def test_a_slow_cloud_holds_up_nobody_else(play: Play) -> None:
    """While one deletion hangs in the cloud, another one goes through."""
    slow, quick = play.new_card(), play.new_card()
    play.stage.vpc.fault(DELETE, Fault.slow(3))
    slow.confirm()
    play.wait(lambda: "Confirmed by" in slow.text)
    quick.confirm()
    quick.wait_reply("is gone")
    assert slow.replies == []
    slow.wait_reply("is gone")
    assert (slow.deletes, quick.deletes) == (1, 1)


def test_a_look_up_that_fails_for_a_while_is_tried_again(play: Play) -> None:
    """Looking changes nothing, so the card comes late rather than never; the requester knows why."""
    play.stage.vpc.fault(DESCRIBE, Fault.html(502), times=2)
    card = play.new_card()
    assert "tries again by itself" in play.wait_private("ana", "Waiting: ")
    assert card.message.buttons


def test_a_look_up_that_is_not_allowed_is_explained_to_the_requester(play: Play) -> None:
    """No card without a look; the code and the RequestId are there."""
    tunnel = play.stage.vpc.add_tunnel()
    play.stage.vpc.fault(DESCRIBE, Fault.refuse("AuthFailure.UnauthorizedOperation"))
    play.ask(f"delete {tunnel}")
    told = play.wait_private("ana", "AuthFailure.UnauthorizedOperation")
    assert "RequestId" in told
    assert not any(tunnel in message.text for message in play.stage.slack.messages("network-ops"))


def test_a_tunnel_that_never_goes_is_still_there_with_its_request_id(new_play: Callable[..., Play]) -> None:
    """After the time limit the bot says what it saw, never a bare time-out and never “gone”."""
    play = new_play(VPN_BOT_VERIFY_TIMEOUT_S="1.5")
    card = play.new_card()
    play.stage.vpc.stick(card.tunnel_id)
    card.confirm()
    reply = card.wait_reply("is still there after")
    assert "state DELETING" in reply
    assert (play.stage.vpc.deletes(card.tunnel_id)[0].answer or {})["Response"]["RequestId"] in reply
    card.wait_text("not confirmed gone")
    assert card.count("is gone") == 0


LOOKS_THAT_FAIL = [
    pytest.param(Fault.refuse("AuthFailure.TokenFailure"), "AuthFailure.TokenFailure", id="token"),
    pytest.param(Fault.reset_before(), "ConnectionLost", id="reset"),
    pytest.param(Fault.html(502), "UnreadableAnswer", id="HTML 502"),
]


@pytest.mark.parametrize(("fault", "code"), LOOKS_THAT_FAIL)
def test_a_tunnel_that_nobody_could_look_at_is_called_neither_gone_nor_still_there(
    new_play: Callable[..., Play], fault: Fault, code: str
) -> None:
    """It goes meanwhile, and no look shows it: since when, why, and the RequestIds of both calls are said."""
    play = new_play(VPN_BOT_VERIFY_TIMEOUT_S="2")
    card = play.new_card()
    with play.stage.vpc.hold(DELETE, carried_out=True) as gate:
        card.confirm()
        gate.wait_reached(TIMEOUT_S)
        play.stage.vpc.fault(DESCRIBE, fault, times=1_000)
    reply = card.wait_reply("It isn't known whether")
    assert not play.stage.vpc.exists(card.tunnel_id)
    assert f"{card.tunnel_id} is gone: it could not be looked at since " in reply
    reason = explain_look(code)
    for part in (reason.title, reason.meaning, reason.next_step, code):
        assert part in reply
    deletion = play.stage.vpc.deletes(card.tunnel_id)[0]
    assert deletion.answer["Response"]["RequestId"] in reply  # type: ignore[index]  # it was answered
    looked = [call for call in play.stage.vpc.calls if call.action == DESCRIBE and call.at >= deletion.at]
    numbers = [(call.answer or {})["Response"]["RequestId"] for call in looked if call.answer]
    assert not numbers or numbers[-1] in reply
    assert bool(numbers) is (fault.code is not None)
    shown = card.wait_text("not confirmed gone")
    assert code in shown
    assert not any(word in reply + shown for word in ("still there", "may have been", "may have arrived"))
    assert card.count("It isn't known whether") == 1


def test_a_card_says_what_keeps_the_bot_from_looking(new_play: Callable[..., Play]) -> None:
    """A look that gets a page of HTML is no lost deletion: what is so is said, and nothing else."""
    play = new_play(VPN_BOT_RETRY_FOR_S="1")
    tunnel = play.stage.vpc.add_tunnel()
    play.stage.vpc.fault(DESCRIBE, Fault.html(502), times=100)
    play.ask(f"delete {tunnel}")
    told = play.wait_private("ana", "Not deleted: What answered isn't the cloud's API")
    assert "HTTP 502" in told
    assert not any(part in told for part in ("may have", "answer got lost", "connection broke"))


def test_two_who_ask_at_once_are_told_apart(new_play: Callable[..., Play]) -> None:
    """The cloud refuses one's id: it alone is turned down, and the other has a card."""
    play = new_play()
    good, bad = play.stage.vpc.add_tunnel(), play.stage.vpc.add_tunnel()
    play.stage.vpc.forbid(bad)
    with play.stage.vpc.hold(DESCRIBE) as gate:
        play.ask(f"delete {play.stage.vpc.add_tunnel()}", user="chen")
        gate.wait_reached(TIMEOUT_S)
        play.ask(f"delete {bad}")
        play.ask(f"delete {good}", user="ben")
    assert "UnauthorizedOperation" in play.wait_private("ana", "Not deleted: ")
    play.wait(lambda: any(good in m.text and m.buttons for m in play.stage.slack.messages(CHANNEL)))
    assert not any("Not deleted" in text for text in play.private("ben"))
    together = [call for call in play.stage.vpc.calls if set(_ids(call)) == {good, bad}]
    assert together


def _ids(call: Call) -> list[str]:
    return list(call.received.get("VpnConnectionIds", [])) if call.action == DESCRIBE else []


def test_a_refusal_that_does_not_pass_ends_at_the_deadline(new_play: Callable[..., Play]) -> None:
    """Waiting is bounded; the end names the code."""
    play = new_play(VPN_BOT_RETRY_FOR_S="2")
    card = play.new_card()
    code = "UnsupportedOperation.MutexOperationTaskRunning"
    play.stage.vpc.fault(DELETE, Fault.refuse(code), times=100)
    card.confirm()
    assert code in card.wait_reply("Not deleted: ")
    assert 1 < card.deletes < 100
    assert play.stage.vpc.exists(card.tunnel_id)


def test_no_clear_answer_until_the_deadline_is_said_as_unknown(new_play: Callable[..., Play]) -> None:
    """Neither “deleted” nor “not deleted” is claimed."""
    play = new_play(VPN_BOT_RETRY_FOR_S="2")
    card = play.new_card()
    play.stage.vpc.fault(DELETE, Fault.html(502, carried_out=False), times=100)
    card.confirm()
    reply = card.wait_reply("It isn't known whether")
    assert "AVAILABLE" in reply
    card.wait_text("not confirmed gone")


def test_a_cloud_that_cannot_be_reached_deletes_nothing_and_says_so(new_play: Callable[..., Play]) -> None:
    """Nobody listens at the endpoint: the requester is told, within the deadline."""
    play = new_play(bot=False, VPN_BOT_RETRY_FOR_S="1")
    play.stage.start_bot(VPN_BOT_VPC_ENDPOINT="http://127.0.0.1:9")
    play.ask("delete vpnx-p0j11j28")
    told = play.wait_private("ana", "Not deleted: The cloud's endpoint refuses connections")
    assert "VPN_BOT_VPC_ENDPOINT" in told
    assert "ConnectionRefused" in told
    assert "cause='Connection refused'" in play.stage.bots[-1].log_text
