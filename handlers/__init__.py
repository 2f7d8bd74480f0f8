"""Slack, inward: parse, may they, write a row, ack. Nothing here waits for Slack or the cloud."""

from slack_bolt import App

from handlers import actions, commands, faults, views
from handlers.desk import Desk
from handlers.inbound import dispatch
from handlers.pending_stops import PendingStops


def register(app: App, desk: Desk) -> None:
    """Give the Bolt app every listener of this bot."""
    commands.register(app, desk)
    actions.register(app, desk)
    views.register(app, desk)
    faults.register(app, desk)


__all__ = ["Desk", "PendingStops", "dispatch", "register"]
