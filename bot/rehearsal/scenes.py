"""The scripted rehearsal's scenes."""

from collections.abc import Callable

from bot.rehearsal.northwind import ANA, BEN, CHEN, DORA
from bot.rehearsal.script import CANCEL, CONFIRM, Script
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_faults import Fault
from bot.rehearsal.vpc_seed import (
    CCN_GATEWAY,
    CCN_TUNNEL,
    DOWN_TUNNEL,
    FAR_GATEWAY,
    FAR_REGION,
    FAR_TUNNEL,
    MAIN_GATEWAY,
    MAIN_TUNNEL,
)


def deletion(script: Script) -> None:
    """The one that plays by itself: Ana asks, Ben confirms, the tunnel goes."""
    card = script.ask(
        f'/vpn delete {MAIN_GATEWAY} {DOWN_TUNNEL} --reason "branch has moved to SD-WAN"', DOWN_TUNNEL
    )
    script.press(card, BEN, CONFIRM)
    script.sees_gone(card)


def _low_risk(script: Script, _stage: Stage) -> None:
    card = script.ask(f'/vpn delete {MAIN_GATEWAY} {DOWN_TUNNEL} --reason "moved to SD-WAN"', DOWN_TUNNEL)
    script.press_together(card, BEN, CHEN)
    script.sees_one_winner(BEN, CHEN)
    script.sees_gone(card)


def _high_risk(script: Script, _stage: Stage) -> None:
    card = script.ask(f'/vpn delete {MAIN_GATEWAY} {MAIN_TUNNEL} --reason "moving to CCN"', MAIN_TUNNEL)
    script.sees_own_confirm_refused(card, ANA)
    script.confirm_typed(card, BEN)
    script.sees_gone(card)


def _stop(script: Script, _stage: Stage) -> None:
    card = script.ask(f"/vpn delete {FAR_GATEWAY} {FAR_TUNNEL} --region {FAR_REGION}", FAR_TUNNEL)
    script.confirm_typed(card, CHEN)
    script.stop(card, DORA)


def _refusal(script: Script, stage: Stage) -> None:
    code = "UnauthorizedOperation"
    stage.vpc.fault("DeleteVpnConnection", Fault.refuse(code, "You are not authorized to do this."))
    card = script.ask(f"/vpn delete {FAR_GATEWAY} {FAR_TUNNEL} --region {FAR_REGION}", FAR_TUNNEL)
    script.confirm_typed(card, BEN)
    script.sees_refusal(card, code)


def _changed(script: Script, _stage: Stage) -> None:
    card = script.ask(f"/vpn delete {CCN_GATEWAY} {CCN_TUNNEL}", CCN_TUNNEL)
    script.rename(card, "still-needed")
    script.confirm_typed(card, BEN)
    script.sees_void(card, "still-needed")


def _freeze(script: Script, _stage: Stage) -> None:
    script.say(CHEN, f"/vpn freeze {CCN_GATEWAY} 2h migration under way", "migration under way")
    card = script.ask(f"/vpn delete {CCN_GATEWAY} {CCN_TUNNEL}", CCN_TUNNEL)
    script.sees_frozen(card, "migration under way")
    script.say(CHEN, f"/vpn unfreeze {CCN_GATEWAY}", "Unfrozen")
    script.sees_thawed(card)
    script.press(card, BEN, CANCEL)
    script.sees_cancelled(card, BEN)


def _break_glass(script: Script, _stage: Stage) -> None:
    card = script.ask(
        f'/vpn delete {CCN_TUNNEL} --break-glass INC-42 --reason "nobody else is up"', CCN_TUNNEL
    )
    script.confirm_typed(card, ANA)
    script.sees_gone(card)


def _cancel(script: Script, _stage: Stage) -> None:
    card = script.ask(f"/vpn delete {CCN_GATEWAY} {CCN_TUNNEL}", CCN_TUNNEL)
    script.press(card, CHEN, CANCEL)
    script.sees_cancelled(card, CHEN)


SCENES: tuple[tuple[str, Callable[[Script, Stage], None]], ...] = (
    ("Low risk: one click, and two people click at once", _low_risk),
    ("High risk: a second person types the id", _high_risk),
    ("Anybody stops it within the abort window", _stop),
    ("A refusal by the cloud (staged)", _refusal),
    ("A cancel", _cancel),
    ("Somebody changed the tunnel since the card was made", _changed),
    ("A freeze keeps a card from being confirmed", _freeze),
    ("Break-glass: one person, who still types the id", _break_glass),
)
