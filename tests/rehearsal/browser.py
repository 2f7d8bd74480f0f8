"""The rehearsal's page in the machine's own Chromium, watched for complaints."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from bot.rehearsal.players import Players
from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.stage import Stage
from bot.rehearsal.transcript import Transcript
from bot.rehearsal.visitor import Visitor

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 400, "height": 800}
TIMEOUT_MS = 15_000
_VIOLATION = (
    "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium; skips where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium on this machine (Debian: apt-get install chromium)")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def served(stage: Stage) -> Iterator[str]:
    """The address of a stage's page."""
    visitor = Visitor(stage, Players(stage.slack, Transcript(stage)))
    with LoopbackServer(visitor.app()) as server:
        yield server.url
        visitor.close()


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor before the page. `complaints`: console errors, uncaught exceptions, CSP violations."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, browser: Browser, url: str, viewport: dict[str, int]) -> "Visit":
        """Open the page and wait until it shows the workspace."""
        page = browser.new_page(viewport=viewport)  # type: ignore[arg-type]  # a TypedDict of these two ints
        visit = cls(page)
        page.add_init_script(_VIOLATION)
        page.on("console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.goto(url)
        expect(page.locator("#channels button").first).to_be_visible()
        return visit

    def act_as(self, name: str) -> None:
        """Become another person."""
        self.page.get_by_role("radio", name=name).check(force=True)

    def send(self, text: str) -> None:
        """Type into the composer and press Enter."""
        box = self.page.get_by_role("textbox", name="Message or command")
        box.fill(text)
        box.press("Enter")

    def card(self, tunnel_id: str) -> Locator:
        """The newest card in the channel that names this tunnel."""
        return self.page.locator("#messages .message:not(.private)").filter(has_text=tunnel_id).last

    def confirm(self, tunnel_id: str) -> None:
        """Press the card's Confirm and say yes in the dialog."""
        self.card(tunnel_id).get_by_role("button", name="Confirm").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()

    def arm(self, target: str, what: str) -> None:
        """Choose what goes wrong next."""
        self.page.get_by_label("Next").select_option(target)
        self.page.get_by_label("gets").select_option(what)
        self.page.get_by_role("button", name="Arm it").click()

    @property
    def thread(self) -> Locator:
        """The thread pane's messages."""
        return self.page.locator("#replies")

    @property
    def whispers(self) -> Locator:
        """The private messages that are shown."""
        return self.page.locator("#messages .private")
