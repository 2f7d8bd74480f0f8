"""Rules for tests that aren't about them."""

from dataclasses import replace

from bot.domain.people import Home
from bot.domain.policy import Rule, Rules, When

ONE_CLICK = Rules(
    home=Home(team_id="T0HOME00001"),
    default=Rule(operators=("U0ANA000001", "U0BEN000001")),
    gateways={},
    typed=When.NEVER,
    second_person=When.NEVER,
)
"""One click decides, whatever the tier."""
CAREFUL = replace(ONE_CLICK, typed=When.HIGH, second_person=When.HIGH)
"""What is asked for by default."""
