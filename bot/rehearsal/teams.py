"""A workspace as payloads name it, and the one that the local Slack is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A workspace by its id, `T…`; enterprise_id: of its Enterprise Grid organization, `E…`, "" for none."""

    team_id: str
    domain: str
    name: str
    enterprise_id: str = ""


HOME = Team(team_id="T0HOME00001", domain="northwind", name="Northwind")
