"""The page as a visitor uses it, in a real browser, with the real bot behind it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect
from slack_sdk import WebClient

from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_fields import CANARY_PSK
from bot.rehearsal.vpc_seed import MAIN_GATEWAY
from tests.rehearsal.browser import PHONE, WIDE, Visit, chromium, served
from tests.rehearsal.local_slack import modal

NAMED_ROLES = {
    "button",
    "textbox",
    "combobox",
    "radio",
    "link",
    "dialog",
    "main",
    "region",
    "navigation",
    "table",
}
# Every text that is shown, with the contrast between it and whatever lies behind it.
LOW_CONTRAST = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !element.checkVisibility() || element.closest(".unseen, .skip, option, script")) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.className} ${text.slice(0, 40)}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One stage with a connected bot for the module; each test uses a tunnel of its own."""
    with Stage() as running:
        running.start_bot()
        yield running


@pytest.fixture(scope="module")
def url(stage: Stage) -> Iterator[str]:
    """Where the page is."""
    with served(stage) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Callable[..., Visit]]:
    """Opens the page; nothing in it may have complained when the test ends."""
    visits: list[Visit] = []

    def begin(viewport: dict[str, int] = WIDE) -> Visit:
        visits.append(Visit.begin(browser, url, viewport))
        return visits[-1]

    yield begin
    for one in visits:
        one.page.close()
        assert one.complaints == []


def test_a_deletion_goes_from_the_composer_to_gone_in_the_thread(
    stage: Stage, visit: Callable[..., Visit]
) -> None:
    """Type, press Confirm, say yes in Slack's dialog, and read RequestId and “gone” in the card's thread."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {MAIN_GATEWAY} {tunnel_id} --reason “moving to CCN”")
    expect(here.card(tunnel_id)).to_contain_text("moving to CCN")
    here.confirm(tunnel_id)
    expect(here.thread).to_contain_text(f"{tunnel_id} is gone after")
    expect(here.card(tunnel_id).get_by_role("button", name="Confirm")).to_have_count(0)
    (call,) = stage.vpc.deletes(tunnel_id)
    assert call.answer is not None
    expect(here.thread).to_contain_text(call.answer["Response"]["RequestId"])


def test_no_in_the_dialog_deletes_nothing(stage: Stage, visit: Callable[..., Visit]) -> None:
    """Whoever thinks again in Slack's confirm dialog leaves card and tunnel as they were."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    here.card(tunnel_id).get_by_role("button", name="Confirm").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    expect(here.page.get_by_role("dialog")).to_have_count(0)
    expect(here.card(tunnel_id).get_by_role("button", name="Confirm")).to_be_focused()
    assert stage.vpc.deletes(tunnel_id) == []


def test_a_deletion_needs_no_mouse(stage: Stage, visit: Callable[..., Visit]) -> None:
    """Tab and Enter reach the card's button; the dialog begins on its harmless answer."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    here.card(tunnel_id).get_by_role("button", name="Confirm").wait_for()
    keyboard = here.page.keyboard
    here.page.get_by_role("button", name="help").focus()
    for _ in range(60):
        keyboard.press("Shift+Tab")
        if here.page.evaluate("document.activeElement.textContent") == "Confirm":
            break
    keyboard.press("Enter")
    expect(here.page.get_by_role("button", name="Keep", exact=True)).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(here.thread).to_contain_text(f"{tunnel_id} is gone")


def test_only_the_person_who_was_told_sees_a_private_message(visit: Callable[..., Visit]) -> None:
    """What Ana is told privately is marked as such, and Ben's view of the channel lacks it."""
    here = visit()
    here.send("/vpn delete vpnx-nonsense")
    expect(here.whispers.last).to_contain_text("Only visible to you")
    expect(here.whispers.last).to_contain_text("vpnx-nonsense")
    here.act_as("Ben")
    expect(here.page.locator("#messages")).not_to_contain_text("vpnx-nonsense")
    here.act_as("Ana")
    expect(here.whispers.last).to_contain_text("vpnx-nonsense")


@pytest.mark.parametrize(
    ("name", "reason"), [("Dora", "aren't one of vpn-bot's operators"), ("Eve", "own Slack workspace")]
)
def test_whoever_may_not_is_told_why(visit: Callable[..., Visit], name: str, reason: str) -> None:
    """A visitor can try the bot as somebody without the right, and reads the bot's refusal."""
    here = visit()
    here.act_as(name)
    here.send("/vpn delete vpnx-p0j11j28")
    expect(here.whispers.last).to_contain_text(reason)


def test_a_hostile_tunnel_name_is_shown_letter_by_letter(stage: Stage, visit: Callable[..., Visit]) -> None:
    """Mentions, mark-up and elements in a name stay the characters that they are."""
    name = "<!channel> <img src=x onerror=alert(1)> <https://e.example|x> *b* & <@U1>"
    tunnel_id = stage.vpc.add_tunnel(VpnConnectionName=name)
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    expect(here.card(tunnel_id)).to_contain_text(name)
    assert here.card(tunnel_id).locator("img:not(.avatar), a").count() == 0
    assert here.card(tunnel_id).locator(".mention").all_text_contents() == ["@ana"]


def test_an_armed_error_code_is_explained_in_the_thread(stage: Stage, visit: Callable[..., Visit]) -> None:
    """“The next delete answers UnauthorizedOperation” happens once, and the thread explains it."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.arm("DeleteVpnConnection", "UnauthorizedOperation")
    expect(here.page.locator("#armed")).to_contain_text("UnauthorizedOperation")
    here.send(f"/vpn delete {tunnel_id}")
    here.confirm(tunnel_id)
    expect(here.thread).to_contain_text("A CAM policy does not allow this")
    expect(here.thread).to_contain_text("UnauthorizedOperation")
    expect(here.page.locator("#armed li")).to_have_count(0)
    assert stage.vpc.exists(tunnel_id)


def test_an_armed_slack_fault_does_not_post_twice(stage: Stage, visit: Callable[..., Visit]) -> None:
    """The connection dies after the card was posted: the visitor still sees one card."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.arm("chat.postMessage", "Connection reset after it was posted")
    here.send(f"/vpn delete {tunnel_id}")
    here.confirm(tunnel_id)
    expect(here.thread).to_contain_text(f"{tunnel_id} is gone")
    expect(here.page.locator("#messages .message:not(.private)").filter(has_text=tunnel_id)).to_have_count(1)


def test_the_wire_shows_the_signed_request_with_its_secrets_masked(
    stage: Stage, visit: Callable[..., Visit]
) -> None:
    """An entry opens to headers, body and answer; the filter leaves only the cloud's."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    here.card(tunnel_id).get_by_role("button", name="Cancel").click()
    here.page.get_by_role("radio", name="Cloud").check()
    expect(here.page.locator("#entries li[data-with=slack]:visible")).to_have_count(0)
    entry = here.page.locator("#entries li").filter(has_text="DescribeVpnConnections").first
    entry.locator("summary").click()
    expect(entry).to_contain_text("TC3-HMAC-SHA256 Credential=***")
    expect(entry).to_contain_text(tunnel_id)
    expect(entry).to_contain_text("RequestId")


def test_the_events_carry_no_secret_and_go_on_where_a_reader_stopped(stage: Stage, url: str) -> None:
    """Tokens, keys and PreShareKeys never reach the browser; a reconnect repeats no entry."""
    stage.slack.command("ana", "network-ops", "delete vpnx-p0j11j28")
    stage.slack.wait_for(lambda: any(one.buttons for one in stage.slack.messages("network-ops")))
    first = _events(url, enough=lambda text: "event: scene" in text and "DescribeVpnConnections" in text)
    for secret in (stage.bot_token, stage.app_token, stage.secret_key, stage.secret_id, CANARY_PSK):
        assert secret not in first
    ids = re.findall(r"^id: (\S+)$", first, re.MULTILINE)
    again = _events(url, enough=lambda text: "event: scene" in text, last_event_id=ids[-1])
    assert not set(ids) & set(re.findall(r"^id: (\S+)$", again, re.MULTILINE))


def _events(url: str, enough: Callable[[str], bool], last_event_id: str = "") -> str:
    """What the stream of events says until that is enough."""
    read: str = ""
    headers = {"Last-Event-ID": last_event_id}
    with requests.get(f"{url}/events", headers=headers, stream=True, timeout=10) as answer:
        for chunk in answer.iter_content(None):
            read += str(chunk, "utf-8")
            if enough(read):
                return read
    raise AssertionError(f"the events ended with: {read[-500:]}")


def test_a_deleted_tunnel_can_be_put_back(stage: Stage, visit: Callable[..., Visit]) -> None:
    """The list follows the tunnel to “gone”, and one press brings it back for another try."""
    here = visit()
    here.send("/vpn delete vpnx-d0wn4f22")
    here.confirm("vpnx-d0wn4f22")
    row = here.page.locator("#tunnels tr").filter(has_text="vpnx-d0wn4f22")
    expect(row).to_contain_text("gone")
    row.get_by_role("button", name="Put vpnx-d0wn4f22 back").click()
    expect(row).to_contain_text("AVAILABLE")
    assert stage.vpc.exists("vpnx-d0wn4f22")


def test_a_card_survives_the_bot_that_posted_it(stage: Stage, visit: Callable[..., Visit]) -> None:
    """Killed with -9 and started again from the page, the bot carries on with the card as it was."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    here.card(tunnel_id).get_by_role("button", name="Confirm").wait_for()
    here.page.get_by_role("button", name="Kill the bot").click()
    expect(here.page.locator("#bot-status")).to_have_text("Bot stopped")
    here.send("/vpn help")
    expect(here.whispers.last).to_contain_text("failed with the error “dispatch_failed”")
    here.page.get_by_role("button", name="Start the bot").click()
    expect(here.page.locator("#bot-status")).to_have_text("Bot connected")
    here.confirm(tunnel_id)
    expect(here.thread).to_contain_text(f"{tunnel_id} is gone")


def test_a_bot_can_be_invited_where_it_is_not(stage: Stage, visit: Callable[..., Visit]) -> None:
    """What the bot's own explanation says to type works on the page."""
    here = visit()
    here.page.get_by_role("button", name="# general").click()
    expect(here.page.locator("#channel-note")).to_have_text("vpn-bot isn’t in this channel")
    tunnel_id = stage.vpc.add_tunnel()
    here.send(f"/vpn delete {tunnel_id}")
    expect(here.whispers.last).to_contain_text("/invite @vpn-bot")
    here.send("/invite @vpn-bot")
    expect(here.page.locator("#channel-note")).to_have_text("")
    here.send(f"/vpn delete {tunnel_id}")
    expect(here.card(tunnel_id).get_by_role("button", name="Confirm")).to_be_visible()


def test_a_modal_takes_what_is_typed_into_it(stage: Stage, visit: Callable[..., Visit]) -> None:
    """A view of the app's opens as a dialog with its labelled input, and its submission carries the value."""
    here = visit()
    here.send("/vpn help")
    expect(here.whispers.last).to_contain_text("/vpn delete asks")
    trigger_id = next(one for one in reversed(stage.slack.traffic) if one.kind == "command").payload[
        "trigger_id"
    ]
    client = WebClient(token=stage.bot_token, base_url=stage.slack.api_url)
    client.views_open(trigger_id=trigger_id, view=modal())
    here.page.get_by_role("dialog").get_by_label("Tunnel id").fill("vpnx-p0j11j28")
    here.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    stage.slack.wait_for(lambda: any(one.kind == "view_submission" for one in stage.slack.traffic))
    submitted = next(one for one in stage.slack.traffic if one.kind == "view_submission")
    assert submitted.payload["view"]["state"]["values"]["tunnel_id"]["value"]["value"] == "vpnx-p0j11j28"
    # This view isn't one of the bot's cards, and in its place stands why nothing was done.
    expect(here.page.get_by_role("dialog")).to_contain_text("Nothing was done")
    here.page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
    expect(here.page.get_by_role("dialog")).to_have_count(0)


def test_a_wrong_id_stays_in_the_field_with_what_is_wrong_about_it(
    stage: Stage, visit: Callable[..., Visit]
) -> None:
    """Whoever mistyped one letter corrects one letter, and the keyboard is where it was."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    here.card(tunnel_id).get_by_role("button", name="Confirm").wait_for()
    here.send("/vpn help")
    trigger_id = [one for one in stage.slack.traffic if one.kind == "command"][-1].payload["trigger_id"]
    card = next(m for m in stage.slack.messages("network-ops") if tunnel_id in m.text)
    client = WebClient(token=stage.bot_token, base_url=stage.slack.api_url)
    client.views_open(trigger_id=trigger_id, view=modal(private_metadata=card.buttons[0]["value"]))
    field = here.page.get_by_role("dialog").get_by_label("Tunnel id")
    field.fill("vpnx-wrong000")
    field.press("Enter")
    expect(here.page.get_by_role("dialog")).to_contain_text("That isn't it.")
    expect(field).to_have_value("vpnx-wrong000")
    expect(field).to_be_focused()
    field.fill(tunnel_id)
    field.press("Enter")
    expect(here.page.get_by_role("dialog")).to_have_count(0)
    expect(here.thread).to_contain_text(f"{tunnel_id} is gone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    stage: Stage, visit: Callable[..., Visit], scheme: Any
) -> None:
    """Contrast is at least 4.5 to 1 (WCAG AA): a card, private words, a thread, an open entry."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    here.arm("DeleteVpnConnection", "UnauthorizedOperation")
    here.send(f"/vpn delete {tunnel_id} --reason x")
    here.confirm(tunnel_id)
    expect(here.thread).to_contain_text("Not deleted")
    here.page.locator("#entries summary").first.click()
    assert here.page.evaluate(LOW_CONTRAST) == []


def test_everything_that_can_be_used_has_a_name(stage: Stage, visit: Callable[..., Visit]) -> None:
    """Chromium's accessibility tree has a name for each button, input, dialog and pane."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    here.card(tunnel_id).get_by_role("button", name="Confirm").click()
    session = here.page.context.new_cdp_session(here.page)
    closed = session.send("Accessibility.getFullAXTree")["nodes"]
    here.page.get_by_role("button", name="Keep", exact=True).click()
    opened = session.send("Accessibility.getFullAXTree")["nodes"]
    shown = [
        node for node in [*closed, *opened] if not node["ignored"] and node["role"]["value"] in NAMED_ROLES
    ]
    assert {"button", "textbox", "combobox", "radio", "dialog"} <= {node["role"]["value"] for node in shown}
    nameless = [node["role"]["value"] for node in shown if not node.get("name", {}).get("value", "").strip()]
    assert nameless == []


def test_news_is_announced_to_screen_readers(stage: Stage, visit: Callable[..., Visit]) -> None:
    """A live region says who said what, as text."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit()
    here.send(f"/vpn delete {tunnel_id}")
    expect(here.page.locator("#live[aria-live=polite]")).to_contain_text(f"Delete VPN tunnel {tunnel_id}?")


def test_a_phone_shows_one_pane_at_a_time_and_never_scrolls_sideways(
    stage: Stage, visit: Callable[..., Visit]
) -> None:
    """At 400 pixels everything is within the screen, and a whole deletion can be done."""
    tunnel_id = stage.vpc.add_tunnel()
    here = visit(PHONE)
    here.send(f"/vpn delete {tunnel_id}")
    here.confirm(tunnel_id)
    here.card(tunnel_id).get_by_role("button", name=re.compile("repl")).click()
    expect(here.thread).to_contain_text(f"{tunnel_id} is gone")
    for pane in ("Cloud", "Wire", "Thread", "Chat"):
        here.page.get_by_role("button", name=pane, exact=True).click()
        assert here.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], pane
        visible = here.page.locator("main, #thread, #cloud, #wire").filter(visible=True)
        assert visible.count() == 1, pane


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "rebound.example:80", "Origin": "http://rebound.example:80"}, 421, id="host"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="origin"),
        pytest.param({"Origin": "null"}, 403, id="sandboxed"),
        pytest.param({}, 403, id="none"),
    ],
)
def test_other_sites_can_do_nothing_here(
    stage: Stage, url: str, headers: dict[str, str], status: int
) -> None:
    """A site in the visitor's browser can neither rebind its name to this page nor POST to it."""
    before = len(stage.slack.traffic)
    wish = json.dumps({"who": "ana", "channel": "network-ops", "text": "/vpn help"})
    answer = requests.post(f"{url}/type", data=wish, headers=headers, timeout=10)
    assert answer.status_code == status
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert not [one for one in stage.slack.traffic[before:] if one.kind == "command"]


def test_the_page_loads_nothing_but_its_own_files(url: str) -> None:
    """Its policy allows no inline script or style, no other host, no frame."""
    policy = requests.get(url, timeout=10).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
