"""The rules of the house: who imports whom, and manifest, README and code that say the same."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from slack_bolt import App
from slack_sdk import WebClient

import handlers
from bot.settings import Settings
from handlers import Desk, payloads

ROOT = Path(__file__).parents[1]
MANIFEST = yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8"))
LONGEST_FILE = 400
OWN_PLACES = ("bot", "handlers")

# Room: what of ours it may import, besides itself.
MAY_IMPORT = {
    "bot.domain": {"bot.errors"},
    "bot.cloud": {"bot.domain", "bot.errors", "bot.outbound"},
    "bot.chat": {"bot.domain", "bot.errors", "bot.health", "bot.outbound"},
    "bot.ledger": {"bot.domain", "bot.errors"},
    "bot.work": {"bot.domain", "bot.errors", "bot.cloud", "bot.chat", "bot.ledger"},
    # Of the chat, its pure builders: nothing that talks to Slack.
    "handlers": {
        *("bot.domain", "bot.errors", "bot.ledger"),
        *(
            f"bot.chat.{name}"
            for name in ("batch_thread", "blocks", "cards", "dialogs", "notes", "pieces", "records")
        ),
    },
    "bot.errors": set(),
    "bot.health": {"bot.errors"},
    "bot.logs": set(),
    "bot.outbound": {"bot.errors"},
    "bot.settings": {"bot.domain", "bot.errors", "bot.unread_settings"},
    "bot.unread_settings": set(),
    "bot.policy_file": {"bot.domain", "bot.errors", "bot.settings", "bot.toml_lines"},
    "bot.toml_lines": set(),
}
# Slack's own list of methods and their bot scopes, for those that the bot calls.
SCOPES = {
    "apps_connections_open": set(),  # the app token's scope: no manifest declares it
    "auth_test": set(),
    "chat_getPermalink": set(),
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "chat_delete": {"chat:write"},
    "conversations_open": {"im:write"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "views_open": set(),
}
SCOPE_OF_SLASH_COMMANDS = "commands"
REGISTRIES = ("py" + "pi.", "python" + "hosted.", "npm" + "js.", "js" + "delivr.", "un" + "pkg.")


def modules(*places: str) -> list[str]:
    """The dotted names of all modules there."""
    files = (path for place in places for path in sorted((ROOT / place).rglob("*.py")))
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files
    ]


@cache
def tree(module: str) -> ast.Module:
    path = ROOT / module.replace(".", "/")
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))


def imports(node: ast.AST) -> Iterator[str]:
    """Every module that is imported inside; `from bot.chat import cards` gives bot.chat.cards."""
    known = set(modules(*OWN_PLACES))
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            assert found.level == 0, "imports are absolute"
            whole = str(found.module)
            for alias in found.names:
                yield f"{whole}.{alias.name}" if f"{whole}.{alias.name}" in known else whole


def ours(module: str) -> set[str]:
    return {name for name in imports(tree(module)) if name.split(".")[0] in OWN_PLACES}


def inside(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room: str) -> None:
    """Each room knows those below it and none beside or above it."""
    members = [module for module in modules(*OWN_PLACES) if inside(module, room)]
    assert members
    wrong = {
        f"{module} imports {name}"
        for module in members
        for name in ours(module)
        if not inside(name, room, *MAY_IMPORT[room])
    }
    assert wrong == set()


def test_the_domain_needs_nothing_but_python() -> None:
    """No Slack, no HTTP, no SQL, and no clock of its own."""
    foreign = {
        name
        for module in modules("bot/domain")
        for name in imports(tree(module))
        if name.split(".")[0] not in sys.stdlib_module_names and not inside(name, "bot.domain", "bot.errors")
    }
    assert foreign == set()
    impure = {"time", "socket", "threading", "urllib", "http", "sqlite3", "os", "random", "logging"}
    assert not {name for module in modules("bot/domain") for name in imports(tree(module))} & impure


def test_nothing_in_production_imports_the_rehearsal() -> None:
    """Only the command line does, and only when it is asked to."""
    importers = {
        module
        for module in modules(*OWN_PLACES)
        if not inside(module, "bot.rehearsal") and any(inside(name, "bot.rehearsal") for name in ours(module))
    }
    assert importers == {"bot.cli"}
    functions = [node for node in tree("bot.cli").body if isinstance(node, ast.FunctionDef)]
    at_the_top = [node for node in tree("bot.cli").body if node not in functions]
    assert not [name for node in at_the_top for name in imports(node) if inside(name, "bot.rehearsal")]


def test_only_the_ledger_speaks_sql_only_the_cloud_speaks_http_only_the_chat_speaks_slack() -> None:
    """I/O lives in its own rooms; app wires, and handlers hold Bolt's listeners."""
    homes = {
        "sqlalchemy": ("bot.ledger",),
        "requests": ("bot.cloud", "bot.outbound"),
        "slack_sdk": ("bot.chat", "bot.app"),
        "slack_bolt": ("bot.chat", "bot.app", "handlers"),
    }
    wrong = {
        f"{module} imports {name}"
        for module in modules(*OWN_PLACES)
        if not inside(module, "bot.rehearsal")
        for name in imports(tree(module))
        if name.split(".")[0] in homes and not inside(module, *homes[name.split(".")[0]])
    }
    assert wrong == set()


class Recorder:
    """Stands for a Bolt app: keeps what is registered."""

    def __init__(self) -> None:
        self.registered: list[tuple[str, str]] = []

    def __getattr__(self, kind: str) -> Any:
        def register(name: str) -> Any:
            self.registered.append((kind, name))
            return lambda listener: listener

        return register


@cache
def registered() -> frozenset[tuple[str, str]]:
    app = Recorder()
    handlers.register(cast(App, app), cast(Desk, None))
    return frozenset(app.registered)


def test_what_is_read_of_slack_is_what_is_listened_to() -> None:
    """A button or a dialog that payloads.py doesn't know would be taken for an odd payload."""
    known = {"command": {payloads.COMMAND}, "action": payloads.ACTIONS, "view": payloads.VIEWS}
    assert {(kind, name) for kind, names in known.items() for name in names} == {
        one for one in registered() if one[0] in known
    }


def test_the_manifest_has_the_slash_commands_that_the_handlers_listen_to() -> None:
    """Neither a command that nobody answers, nor one that Slack doesn't know."""
    listened = {name for kind, name in registered() if kind == "command"}
    assert {entry["command"] for entry in MANIFEST["features"]["slash_commands"]} == listened


def test_the_manifest_turns_on_what_the_handlers_listen_to_and_nothing_else() -> None:
    """Buttons and views want interactivity, events a subscription each."""
    kinds = {kind for kind, _ in registered()}
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is bool(kinds & {"action", "view", "shortcut"})
    events = MANIFEST["settings"].get("event_subscriptions", {}).get("bot_events", [])
    assert set(events) == {name for kind, name in registered() if kind == "event"}
    assert kinds <= {"command", "action", "view", "event", "error"}


def test_the_buttons_action_ids_are_the_fixed_ones() -> None:
    """Cards that stand in Slack outlive this version."""
    actions = {name for kind, name in registered() if kind == "action"}
    assert actions == {"confirm_deletion", "cancel_deletion", "stop_deletion", "fresh_card"}


def api_calls() -> set[str]:
    """The Web API methods that the bot's own code calls, by the SDK's names."""
    methods = {name for name in dir(WebClient) if "_" in name.strip("_") and not name.startswith("_")}
    return {
        found.func.attr
        for module in modules(*OWN_PLACES)
        if not inside(module, "bot.rehearsal")
        for found in ast.walk(tree(module))
        if isinstance(found, ast.Call)
        and isinstance(found.func, ast.Attribute)
        and found.func.attr in methods
    }


def test_the_manifest_has_just_the_scopes_that_the_calls_need() -> None:
    """Not one too few, and not one that a workspace's owner would have to worry about."""
    assert api_calls() == SCOPES.keys()
    needed = {scope for method in api_calls() for scope in SCOPES[method]}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed | {SCOPE_OF_SLASH_COMMANDS}


def test_the_manifest_has_no_scopes_of_a_person() -> None:
    """The bot acts as itself only."""
    assert MANIFEST["oauth_config"]["scopes"].keys() == {"bot"}


def settings_rows() -> set[str]:
    """The settings that a table of docs/settings.md has a row for."""
    rows = re.findall(r"^\| ([A-Z_, ]+) \|", (ROOT / "docs/settings.md").read_text("utf-8"), re.MULTILINE)
    return {name for row in rows for name in row.split(", ")}


def links() -> list[tuple[str, str, str]]:
    """Page, target and heading of every link between our pages; "" for no target, or no heading."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    found = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
    return [
        (str(page.relative_to(ROOT)), *link)
        for page in pages
        for link in found.findall(page.read_text("utf-8"))
    ]


def headings(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_between_pages_leads_somewhere() -> None:
    """A reader who follows one finds the file, and the heading where one is named."""
    wrong = [
        (page, path, heading)
        for page, path, heading in links()
        for target in [(ROOT / page).parent / path if path else ROOT / page]
        if not target.exists() or (heading and heading not in headings(target))
    ]
    assert len(links()) > 20
    assert wrong == []


def test_every_setting_has_its_place_in_the_settings_page_and_no_other_has() -> None:
    """What can be set is written down; what is written down can be set."""
    assert settings_rows() == {name.upper() for name in Settings.model_fields}


def test_the_example_has_only_settings_that_exist() -> None:
    """Whoever copies it copies nothing that is ignored."""
    example = (ROOT / ".env.example").read_text("utf-8")
    names = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert names
    assert names <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("place", OWN_PLACES)
def test_no_file_is_too_long_to_be_read_at_a_sitting(place: str) -> None:
    """A longer one wants to be two."""
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / place).rglob("*.py")}
    assert lengths
    assert not {str(path): length for path, length in lengths.items() if length > LONGEST_FILE}


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's business: pins are names, versions and hashes."""
    files = [
        *(
            path
            for place in ("bot", "handlers", "tests", "bench", "docs", ".ci")
            for path in (ROOT / place).rglob("*")
        ),
        *(path for path in ROOT.iterdir() if path.is_file()),
    ]
    texts = {
        path: path.read_text("utf-8", "replace")
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ROOT / "requirements.txt" in texts
    assert not [str(path) for path, text in texts.items() if any(host in text for host in REGISTRIES)]
    pins = "\n".join(text for path, text in texts.items() if path.match("*requirements*"))
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|://", pins)


def test_every_pin_is_hashed() -> None:
    """A package that was changed on its way is refused."""
    pins = re.split(r"\n(?=\S)", (ROOT / "requirements.txt").read_text("utf-8").strip())
    unhashed = [
        pin.splitlines()[0] for pin in pins if "==" in pin.splitlines()[0] and "--hash=sha256:" not in pin
    ]
    assert unhashed == []
    assert len(pins) > 20


def test_every_peer_that_is_measured_beside_is_pinned() -> None:
    """`make bench` installs what is pinned, and no more."""
    wanted = re.findall(r"^[\w-]+", (ROOT / "bench/requirements.in").read_text("utf-8"), re.MULTILINE)
    pinned = (ROOT / "bench/requirements.txt").read_text("utf-8")
    assert "dbos" in wanted
    assert [name for name in wanted if not re.search(rf"^{name}==", pinned, re.MULTILINE)] == []


def test_no_property_test_goes_by_the_clock() -> None:
    """A busy machine makes none of them fail."""
    assert hypothesis_settings().deadline is None
    assert HealthCheck.too_slow in hypothesis_settings().suppress_health_check
