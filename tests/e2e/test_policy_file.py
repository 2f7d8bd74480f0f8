"""Rules for single gateways, from VPN_BOT_POLICY to the refused click."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.rehearsal.northwind import ANA, BEN, CHEN, NETWORK_OPS
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_seed import CCN_GATEWAY, MAIN_GATEWAY
from tests.e2e.play import Play

NewPlay = Callable[..., Play]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Ana and Ben ask everywhere; on the main gateway only Chen confirms, and only he asks on the CCN one."""
    path = tmp_path / "policy.toml"
    path.write_text(
        f"""
        operators = ["{ANA}", "{BEN}"]
        [gateways.{MAIN_GATEWAY}]
        approvers = ["{CHEN}"]
        [gateways.{CCN_GATEWAY}]
        operators = ["{CHEN}"]
        channels = ["{NETWORK_OPS}"]
        """,
        "utf-8",
    )
    return path


def test_a_gateways_own_rules_take_the_place_of_the_defaults(new_play: NewPlay, policy: Path) -> None:
    """Ben asks on the main gateway, and can't confirm there; Chen can."""
    play = new_play(VPN_BOT_OPERATORS="", VPN_BOT_POLICY=str(policy))
    card = play.new_card()
    card.confirm("ben")
    play.wait_private("ben", f"approvers on {MAIN_GATEWAY}")
    assert card.deletes == 0
    card.confirm("chen")
    card.wait_reply("is gone")


def test_a_gateway_that_is_looked_up_is_asked_about_again(new_play: NewPlay, policy: Path) -> None:
    """Ana names only the tunnel: on its gateway she is nobody, so there is no card."""
    play = new_play(VPN_BOT_OPERATORS="", VPN_BOT_POLICY=str(policy))
    tunnel_id = play.stage.vpc.add_tunnel(CCN_GATEWAY)
    assert play.ask(f"delete {tunnel_id}").acked
    play.wait_private("ana", f"operators on {CCN_GATEWAY}")
    assert not any(tunnel_id in message.text for message in play.stage.slack.messages("network-ops"))
    answer = str((play.ask("freeze all 1h why").response or {})["text"])
    assert "aren't one of vpn-bot's operators" in answer


def test_a_policy_that_cannot_be_read_ends_the_start_with_its_lines(policy: Path) -> None:
    """Every fault at once, by line; exit code 2."""
    policy.write_text(
        'operators = ["nobody"]\n\n[gateways.vpngw-7lcl5331]\nopperators = ["U0BEN000001"]\n', "utf-8"
    )
    with Stage(settings={"VPN_BOT_OPERATORS": "", "VPN_BOT_POLICY": str(policy)}) as stage:
        bot = stage.start_bot(wait=False)
        assert bot.wait(20) == 2
        log = bot.log_text
    assert "policy.toml, line 1: " in log
    assert "policy.toml, line 4: " in log
    assert "did you mean operators" in log
    assert "Traceback" not in log
