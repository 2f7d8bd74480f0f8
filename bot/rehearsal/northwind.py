"""The workspace that the rehearsal plays in: Northwind, and one guest of its partner."""

import time
from collections.abc import Callable
from dataclasses import replace

from bot.rehearsal.teams import HOME, Team
from bot.rehearsal.workspace import Channel, Group, Person, Workspace

PARTNER = Team(team_id="T0PARTNER01", domain="partner", name="Partner")
ORGANIZATION = "E0NORTHWIND"
GRID_HOME = replace(HOME, enterprise_id=ORGANIZATION)
SALES = Team(team_id="T0SALES0001", domain="northwind-sales", name="Northwind", enterprise_id=ORGANIZATION)
BOT = "U0VPNBOT001"
SLACKBOT = "USLACKBOT"
ANA, BEN, CHEN, DORA, FINN = "U0ANA000001", "U0BEN000001", "U0CHEN00001", "U0DORA00001", "U0FINN00001"
OTHER_BOT = "U0DEPLOY001"
EVE = "U0EVE000001"
ON_CALL = "S0ONCALL001"
NETWORK_OPS, GENERAL, WAR_ROOM, DIRECT = "C0NETOPS001", "C0GENERAL01", "C0WARROOM01", "D0ANABOT001"


def northwind(clock: Callable[[], float] = time.time) -> Workspace:
    """Ana, Ben and Chen are on call (Ben and Chen by user group), Dora isn't, Finn has left, Eve is a guest.

    The bot is in #network-ops and in a direct message with Ana; not in #general nor in private #war-room.
    """
    everybody = frozenset({ANA, BEN, CHEN, DORA})
    return Workspace(
        clock=clock,
        bot=BOT,
        people=(
            Person(user_id=BOT, name="vpn-bot", real_name="vpn-bot", is_bot=True),
            Person(user_id=SLACKBOT, name="slackbot", real_name="Slackbot", is_bot=True),
            Person(user_id=ANA, name="ana", real_name="Ana Ferreira"),
            Person(user_id=BEN, name="ben", real_name="Ben Okafor"),
            Person(user_id=CHEN, name="chen", real_name="Chen Wei", tz_offset=8 * 3600),
            Person(user_id=DORA, name="dora", real_name="Dora Lind"),
            Person(user_id=FINN, name="finn", real_name="Finn Moss", deleted=True),
            Person(user_id=OTHER_BOT, name="deploy-bot", real_name="deploy-bot", is_bot=True),
            Person(user_id=EVE, name="eve", real_name="Eve Santos", team=PARTNER),
        ),
        groups=(Group(group_id=ON_CALL, name="network-oncall", members=frozenset({BEN, CHEN})),),
        channels=(
            Channel(
                channel_id=NETWORK_OPS, name="network-ops", members=everybody | {BOT, FINN, OTHER_BOT, EVE}
            ),
            Channel(channel_id=GENERAL, name="general", members=everybody | {OTHER_BOT}),
            Channel(
                channel_id=WAR_ROOM, name="war-room", kind="private", members=frozenset({ANA, BEN, DORA})
            ),
            Channel(channel_id=DIRECT, name="ana", kind="im", members=frozenset({ANA, BOT})),
        ),
    )


def join_grid(workspace: Workspace) -> None:
    """Make Northwind a workspace of an Enterprise Grid organization, with Northwind Sales as its sibling.

    Ben, of both, acts from the sibling; Chen, of both, is shown as of the organization; Dora is of the
    sibling alone. Eve stays a guest of a partner that has no Grid.
    """
    workspace.team = GRID_HOME
    for user_id, person in workspace.people.items():
        if person.team == HOME:
            workspace.people[user_id] = replace(person, team=GRID_HOME)
    people = workspace.people
    people[BEN] = replace(people[BEN], team=SALES, also_in=(GRID_HOME,), acts_from=SALES.team_id)
    people[CHEN] = replace(people[CHEN], also_in=(SALES,), acts_from=ORGANIZATION)
    people[DORA] = replace(people[DORA], team=SALES)
    workspace.bot = people[workspace.bot.user_id]
