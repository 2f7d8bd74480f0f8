"""The composition root: settings in, a bot that can be started and stopped out."""

import logging
import secrets
import threading
import time
import uuid

from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.chat.groups import UserGroups
from bot.chat.poster import Poster
from bot.chat.whisper import Whisperer
from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.cloud.pace import Pace
from bot.domain.policy import Rules
from bot.errors import BadSettings
from bot.ledger.claims import Claims, Leases
from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from bot.ledger.outbox import Outbox
from bot.ledger.slots import Slots
from bot.ledger.store import Ledger
from bot.settings import Settings
from bot.work.deliver import Delivery
from bot.work.steps import Limits, Steps
from bot.work.worker import Worker
from handlers import Desk, register

# The client calls a connection dead after four unanswered pings; at its default of 10 s it is deaf a minute.
PING_INTERVAL_S = 2
log = logging.getLogger(__name__)


class Bot:
    """The running bot: a Socket Mode connection that writes rows, a worker that does what they say."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSettings for what can't work, and LedgerUnavailable; starts nothing yet."""
        token = settings.slack_bot_token.get_secret_value()
        api_url = settings.slack_api_url
        owner = uuid.uuid4().hex[:12]
        self._database = Database(settings.vpn_bot_database_url, clock=time.time)
        migrate(self._database)
        self._cloud = _cloud(settings, Pace(Slots(self._database)))
        ledger = Ledger(self._database)
        leases = Leases(self._database, owner=owner)
        claims = Claims(self._database, leases)
        outbox = Outbox(self._database, leases)
        groups = [operator for operator in settings.vpn_bot_operators if operator.startswith("S")]
        self._groups = UserGroups(token, api_url, groups)
        limits = Limits(
            confirm_ttl_s=settings.vpn_bot_confirm_ttl_s,
            retry_for_s=settings.vpn_bot_retry_for_s,
            verify_timeout_s=settings.vpn_bot_verify_timeout_s,
            max_batch=settings.vpn_bot_max_batch,
        )
        steps = Steps(cloud=self._cloud, claims=claims, leases=leases, limits=limits)
        poster = Poster(token, api_url)
        self._whisperer = Whisperer(poster)
        delivery = Delivery(poster=poster, outbox=outbox, leases=leases, ledger=ledger)
        self._worker = Worker(leases=leases, claims=claims, outbox=outbox, steps=steps, delivery=delivery)
        client = WebClient(token=token, base_url=api_url, retry_handlers=[])
        rules = Rules(
            home_team_id=_home_team(client),
            operators=settings.vpn_bot_operators,
            channels=settings.vpn_bot_channels,
        )
        if not rules.operators:
            log.warning("VPN_BOT_OPERATORS is empty: nobody may use this bot")
        desk = Desk(
            ledger=ledger,
            rules=rules,
            members=self._groups.members,
            default_region=settings.tencentcloud_region,
            retry_for_s=settings.vpn_bot_retry_for_s,
            max_batch=settings.vpn_bot_max_batch,
            wake=self._worker.wake,
            whisper=self._whisperer.whisper,
        )
        # Listeners only write a row and ack, so they may run before the response: Bolt's other way of waiting
        # for an ack polls every 10 ms.
        app = App(client=client, process_before_response=True, logger=logging.getLogger("bot.slack"))
        app.error(_explain_fault)
        register(app, desk)
        self._socket = SocketModeHandler(
            app, settings.slack_app_token.get_secret_value(), ping_interval=PING_INTERVAL_S
        )

    def start(self) -> None:
        """Connect to Slack and begin to work; what an earlier process left undone goes on by itself."""
        self._groups.start()
        self._worker.start()
        self._socket.connect()  # type: ignore[no-untyped-call]  # Bolt's is untyped
        log.info("connected to Slack")

    def stop(self) -> None:
        """Take nothing new, finish the running steps, give the rest back."""
        self._socket.close()  # type: ignore[no-untyped-call]  # Bolt's is untyped
        self._whisperer.stop()
        self._groups.stop()
        self._worker.stop()
        self._cloud.close()
        self._database.close()

    def run_until(self, stopped: threading.Event) -> None:
        """Start, wait for the event, stop."""
        self.start()
        try:
            stopped.wait()
        finally:
            self.stop()


def _cloud(settings: Settings, pace: Pace) -> VpcClient:
    credentials = Credentials(
        secret_id=settings.tencentcloud_secret_id,
        secret_key=settings.tencentcloud_secret_key,
        token=settings.tencentcloud_token,
    )
    return VpcClient(settings.vpn_bot_vpc_endpoint, credentials, pace=pace)


def _home_team(client: WebClient) -> str:
    try:
        return str(client.auth_test()["team_id"])
    except SlackClientError as exc:
        response = getattr(exc, "response", None)
        why = response["error"] if response is not None else type(exc).__name__
        raise BadSettings(
            f"Slack didn't accept SLACK_BOT_TOKEN ({why}). Is it the xoxb-… of this app?"
        ) from None
    except OSError as exc:
        raise BadSettings(f"Slack can't be reached at SLACK_API_URL ({type(exc).__name__}).") from None


def _explain_fault(error: Exception) -> BoltResponse:
    """A fault of ours: the log gets it with a number, the person gets the number and no more."""
    number = secrets.token_hex(4)
    log.error("fault %s", number, exc_info=error)
    sentence = f"vpn-bot made a mistake of its own (number {number}), so nothing was done. Its log says more."
    return BoltResponse(status=200, body={"text": sentence, "response_type": "ephemeral"})
