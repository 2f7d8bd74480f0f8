"""The composition root: settings in, a bot that can be started and stopped out."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from slack_bolt import App

from bot import outbound, policy_file
from bot.chat.connection import Dispatch, RequestUrl, SocketMode
from bot.chat.directory import Directory
from bot.chat.home import home_of
from bot.chat.poster import Poster
from bot.chat.web_client import SlackClient
from bot.chat.whisper import Whisperer
from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.cloud.pace import Pace
from bot.domain import policy
from bot.domain.confirmers import nobody_left
from bot.domain.model import Deletion
from bot.domain.people import Home, Person
from bot.domain.policy import Rule, Rules, Verdict
from bot.errors import BadSettings, LedgerFailed
from bot.health import Check, Checks, LedgerProbe
from bot.ledger.cards import Cards
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.freezes import Freezes
from bot.ledger.history import History
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.outbox import Outbox
from bot.ledger.probe import prove_writable
from bot.ledger.retention import Retention
from bot.ledger.set_back import put_right
from bot.ledger.slots import Slots
from bot.ledger.store import Ledger
from bot.ledger.windows import Windows
from bot.settings import Settings
from bot.work.abort_window import Window
from bot.work.clear import Clearing
from bot.work.deliver import Delivery
from bot.work.housekeeping import Housekeeping
from bot.work.lookout import Lookout
from bot.work.prepare import Preparing
from bot.work.presence import Presence
from bot.work.steps import Steps
from bot.work.tries import Limits, Tries
from bot.work.worker import Worker
from handlers import Desk, PendingStops, dispatch, register

if TYPE_CHECKING:
    from bot.web import Web

# Told to stop, the bot is gone within ten seconds, whatever hangs.
STEPS_WITHIN_S = 6.0
STOP_WITHIN_S = 8.0
log = logging.getLogger(__name__)


class Bot:
    """The running bot: listeners that write rows, a worker that does what they say."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSettings for what can't work; starts nothing yet."""
        token = settings.slack_bot_token.get_secret_value()
        api_url = settings.slack_api_url
        outbound.check(api_url, settings.vpn_bot_vpc_endpoint)
        owner = uuid.uuid4().hex[:12]
        self._database = _database(settings)
        self._cloud = _cloud(settings, Pace(Slots(self._database)))
        ledger = Ledger(self._database)
        leases = Leases(self._database, owner=owner)
        claims = Claims(self._database, leases)
        outbox = Outbox(self._database, leases)
        cards = Cards(self._database, announce_channel=settings.vpn_bot_announce_channel)
        client = SlackClient(token=token, base_url=api_url, retry_handlers=[])
        rules = _rules(settings, home_of(client))
        self._people = _directory(settings, rules)
        clock = self._database.now
        limits = Limits(
            confirm_ttl_s=settings.vpn_bot_confirm_ttl_s,
            retry_for_s=settings.vpn_bot_retry_for_s,
            verify_timeout_s=settings.vpn_bot_verify_timeout_s,
            max_batch=settings.vpn_bot_max_batch,
        )
        tries = Tries(limits, clock, set_ahead_at=lambda: self._database.set_ahead_at)
        self._lookout = Lookout(self._cloud, protected=settings.vpn_bot_protected)
        preparing = Preparing(
            cloud=self._cloud,
            lookout=self._lookout,
            claims=claims,
            cards=cards,
            tries=tries,
            may_ask=_may_still_ask(rules, self._people),
            nobody_left=partial(nobody_left, rules=rules, directory=self._people),
        )
        windows = Windows(self._database)
        self._presence = Presence(windows, lambda: self._slack)
        window = Window(windows=windows, count=self._presence.count, claims=claims, tries=tries)
        clearing = Clearing(lookout=self._lookout, claims=claims, cards=cards, tries=tries, window=window)
        steps = Steps(
            cloud=self._cloud,
            claims=claims,
            leases=leases,
            preparing=preparing,
            clearing=clearing,
            tries=tries,
        )
        poster = Poster(token, api_url)
        self._whisperer = Whisperer(poster)
        self._pending_stops = PendingStops(self._whisperer.whisper)
        delivery = Delivery(
            poster=poster, outbox=outbox, leases=leases, ledger=ledger, rules=rules, clock=clock
        )
        freezes = Freezes(self._database)
        self._worker = Worker(
            leases=leases,
            claims=claims,
            outbox=outbox,
            steps=steps,
            delivery=delivery,
            put_right=partial(_put_right, self._database, freezes),
        )
        keep_s = settings.vpn_bot_keep_days * 24 * 60 * 60
        self._housekeeping = Housekeeping(Retention(self._database, keep_s=keep_s))
        desk = Desk(
            ledger=ledger,
            freezes=freezes,
            history=History(self._database),
            rules=rules,
            people=self._people,
            default_region=settings.tencentcloud_region,
            announce_channel=settings.vpn_bot_announce_channel,
            retry_for_s=settings.vpn_bot_retry_for_s,
            window_s=settings.vpn_bot_abort_window_s,
            max_batch=settings.vpn_bot_max_batch,
            wake=self._wake,
            aside=self._whisperer,
            pending_stops=self._pending_stops,
            clock=clock,
        )
        signing_secret = settings.slack_signing_secret
        app = App(
            client=client,
            signing_secret=signing_secret.get_secret_value() if signing_secret else None,
            # Listeners only write a row and ack, so they may run before the response: Bolt's other way of
            # waiting for an ack polls every 10 ms.
            process_before_response=True,
            logger=logging.getLogger("bot.slack"),
        )
        register(app, desk)
        self._slack = _inward(app, settings, partial(dispatch, app, desk))
        checks: Checks = {
            "slack": self._slack.heard,
            "ledger": LedgerProbe(lambda: prove_writable(self._database)),
            "worker": lambda: _beats(self._worker),
            "people": self._people.check,
        }
        self._web = _web(settings, checks, self._slack)

    def start(self) -> None:
        """Connect to Slack and begin to work; what an earlier process left undone goes on by itself."""
        # Who is who comes first: until that is known, everybody is turned away.
        self._people.start()
        if self._web:
            self._web.start()
        self._slack.start()
        self._worker.start()
        self._presence.start()
        self._housekeeping.start()

    def stop(self) -> None:
        """Take nothing new, finish the running steps, give the rest back: in eight seconds, or leave it.

        Threads that hang are left behind; they hold nothing any more, and end with the process.
        """
        self._presence.stop()
        if self._web:
            self._web.stop()
        self._housekeeping.stop()
        parts = [
            threading.Thread(target=part, daemon=True)
            for part in (self._stop_talking, lambda: self._worker.stop(STEPS_WITHIN_S))
        ]
        deadline = time.monotonic() + STOP_WITHIN_S
        for part in parts:
            part.start()
        for part in parts:
            part.join(max(0.0, deadline - time.monotonic()))
        self._lookout.close()
        self._cloud.close()
        self._database.close()

    def _wake(self) -> None:
        self._worker.wake()
        self._presence.wake()

    def _stop_talking(self) -> None:
        self._people.stop()
        self._slack.stop()
        self._pending_stops.stop()
        self._whisperer.stop()

    def run_until(self, stopped: threading.Event) -> None:
        """Start, wait for the event, stop."""
        self.start()
        try:
            stopped.wait()
        finally:
            self.stop()


def _put_right(database: Database, freezes: Freezes) -> None:
    """What time alone changes, with every heartbeat: a clock that was set back, a freeze that ran out."""
    put_right(database)
    freezes.run_out()


def _rules(settings: Settings, home: Home) -> Rules:
    """Who may what: the settings, and the file that VPN_BOT_POLICY names."""
    default = Rule(
        operators=settings.vpn_bot_operators,
        approvers=settings.vpn_bot_approvers,
        channels=settings.vpn_bot_channels,
    )
    gateways: Mapping[str, Rule] = {}
    if settings.vpn_bot_policy is not None:
        default, gateways = policy_file.load(settings.vpn_bot_policy, default)
    if not default.operators and not gateways:
        log.warning("VPN_BOT_OPERATORS is empty: nobody may use this bot")
    return Rules(
        home=home,
        default=default,
        gateways=gateways,
        typed=settings.vpn_bot_typed_confirmation,
        second_person=settings.vpn_bot_second_person,
    )


def _directory(settings: Settings, rules: Rules) -> Directory:
    """Everybody whom the rules name."""
    named = [rules.default, *rules.gateways.values()]
    ids = sorted({one for rule in named for one in (*(rule.operators or ()), *(rule.approvers or ()))})
    return Directory(
        settings.slack_bot_token.get_secret_value(),
        settings.slack_api_url,
        group_ids=[one for one in ids if one.startswith("S")],
        user_ids=[one for one in ids if not one.startswith("S")],
    )


def _may_still_ask(rules: Rules, people: Directory) -> Callable[[Deletion, Collection[str]], Verdict]:
    """The rules once the gateways are known; that the requester is of this workspace was seen before."""

    def may(deletion: Deletion, gateway_ids: Collection[str]) -> Verdict:
        requester = Person(user_id=deletion.requester_id, team_id=rules.home.team_id)
        return policy.may_ask(requester, deletion.channel_id, gateway_ids, rules, people)

    return may


def _inward(app: App, settings: Settings, dispatch: Dispatch) -> SocketMode | RequestUrl:
    """How Slack's requests come in: Socket Mode where there is an app token, else HTTP."""
    if settings.slack_app_token is not None:
        return SocketMode(app, settings.slack_app_token, dispatch)
    assert settings.slack_signing_secret is not None  # noqa: S101  # Settings has seen to it
    return RequestUrl(settings.slack_signing_secret, dispatch)


def _web(settings: Settings, checks: Checks, slack: SocketMode | RequestUrl) -> "Web | None":
    if settings.vpn_bot_http_port is None:
        return None
    from bot.web import Web  # a bot without the server needn't carry it

    requests = slack if isinstance(slack, RequestUrl) else None
    return Web(settings.vpn_bot_http_host, settings.vpn_bot_http_port, checks=checks, slack=requests)


def _beats(worker: Worker) -> Check:
    if worker.beating():
        return Check(ok=True, reason="the worker looks for work")
    return Check(ok=False, reason="a lane of the worker has not looked for work for seconds")


def _database(settings: Settings) -> Database:
    database = Database(settings.vpn_bot_database_url, clock=time.time)
    try:
        migrate(database)
    except LedgerFailed as error:
        raise BadSettings(f"The ledger that VPN_BOT_DATABASE_URL names can't be opened ({error}).") from None
    return database


def _cloud(settings: Settings, pace: Pace) -> VpcClient:
    credentials = Credentials(
        secret_id=settings.tencentcloud_secret_id,
        secret_key=settings.tencentcloud_secret_key,
        token=settings.tencentcloud_token,
    )
    return VpcClient(settings.vpn_bot_vpc_endpoint, credentials, pace=pace)
