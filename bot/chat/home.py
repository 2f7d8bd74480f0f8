"""The workspace that the bot token is of: where the bot is at home."""

from slack_sdk.errors import SlackClientError

from bot import outbound
from bot.chat.web_client import SlackClient
from bot.domain.people import Home
from bot.errors import BadSettings

ORG_WIDE = (
    "SLACK_BOT_TOKEN is of an app that is installed for a whole Enterprise Grid organization, and vpn-bot "
    "serves one workspace. On the app's page, under Install App, install it to the one workspace in which it "
    "is to be used, and set the xoxb-… token that is shown for that workspace."
)


def home_of(client: SlackClient) -> Home:
    """Ask Slack; raises BadSettings where it doesn't take the token, or the token is of no one workspace."""
    try:
        told = client.auth_test()
    except SlackClientError as exc:
        response = getattr(exc, "response", None)
        why = response["error"] if response is not None else type(exc).__name__
        raise BadSettings(
            f"Slack didn't accept SLACK_BOT_TOKEN ({why}). Is it the xoxb-… of this app?"
        ) from None
    except OSError as exc:
        why = outbound.cause(exc, client.base_url)
        raise BadSettings(f"Slack can't be reached at SLACK_API_URL ({why}).") from None
    team_id, enterprise_id = told.get("team_id"), told.get("enterprise_id")
    if told.get("is_enterprise_install") or str(team_id).startswith("E"):
        raise BadSettings(ORG_WIDE)
    if not isinstance(team_id, str) or not team_id:
        raise BadSettings(
            "Slack didn't say which workspace SLACK_BOT_TOKEN is of. Is it the xoxb-… of this app?"
        )
    return Home(team_id=team_id, enterprise_id=enterprise_id if isinstance(enterprise_id, str) else "")
