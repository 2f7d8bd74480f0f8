"""Settings: read from where they may stand, refused by name, and never shown where they are secret."""

import os
import re
from pathlib import Path

import pytest

from bot.domain.policy import When
from bot.errors import BadSettings
from bot.settings import LedgerSettings, Settings, unread_settings
from bot.unread_settings import unread

NEEDED = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot",
    "SLACK_APP_TOKEN": "xapp-canary-app",
    "TENCENTCLOUD_SECRET_ID": "AKIDcanary",
    "TENCENTCLOUD_SECRET_KEY": "canary-secret-key",
    "TENCENTCLOUD_REGION": "ap-guangzhou",
}
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot",
    "SLACK_APP_TOKEN": "xapp-canary-app",
    "SLACK_SIGNING_SECRET": "canary-signing-secret",
    "TENCENTCLOUD_SECRET_KEY": "canary-secret-key",
    "TENCENTCLOUD_TOKEN": "canary-session-token",
    "VPN_BOT_DATABASE_URL": "postgresql://vpnbot:canary-password@127.0.0.1/vpnbot",
}
NAMES = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to start in, no secrets directory, and none of our settings in the environment."""
    for name in os.environ:
        if name.upper() in NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("VPN_BOT_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def complaint() -> str:
    """Why the settings can't be read."""
    with pytest.raises(BadSettings) as caught:
        Settings.load()
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.usefixtures("needed")
def test_five_settings_are_enough() -> None:
    """Everything else has a default; nobody may use the bot until somebody is named."""
    settings = Settings.load()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-canary-bot"
    assert settings.tencentcloud_region == "ap-guangzhou"
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.vpn_bot_vpc_endpoint == "https://vpc.tencentcloudapi.com"
    assert settings.vpn_bot_database_url.startswith("sqlite:///")
    assert (settings.vpn_bot_operators, settings.vpn_bot_channels) == ((), ())
    assert settings.vpn_bot_confirm_ttl_s == 900
    assert (settings.vpn_bot_approvers, settings.vpn_bot_protected) == ((), ())
    assert (settings.vpn_bot_policy, settings.vpn_bot_announce_channel) == (None, None)
    assert settings.vpn_bot_abort_window_s == 10
    assert {settings.vpn_bot_typed_confirmation, settings.vpn_bot_second_person} == {When.HIGH}


def test_every_missing_setting_is_named_at_once() -> None:
    """One sentence a setting, each with what to do: nobody starts the bot five times to learn five names."""
    sentences = complaint().splitlines()
    required = [name for name in NEEDED if name != "SLACK_APP_TOKEN"]  # or a signing secret
    assert [sentence.split(" ", 1)[0] for sentence in sentences] == required
    assert all(sentence.endswith(".env.example explains it.") for sentence in sentences)


@pytest.mark.parametrize("missing", NEEDED)
@pytest.mark.usefixtures("needed")
def test_one_missing_setting_is_named_alone(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """And none of the secrets that are set is in the sentence."""
    monkeypatch.delenv(missing)
    said = complaint()
    assert missing in said
    assert len(said.splitlines()) == 1
    assert "canary" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TENCENTCLOUD_REGION", "Guangzhou"),
        ("TENCENTCLOUD_REGION", ""),
        ("TENCENTCLOUD_REGION", "ap-guangzhou; rm"),
        ("VPN_BOT_OPERATORS", "ana"),
        ("VPN_BOT_OPERATORS", "U012AB3CD,@ben"),
        ("VPN_BOT_OPERATORS", "C012AB3CD"),
        ("VPN_BOT_APPROVERS", "ana"),
        ("VPN_BOT_APPROVERS", "C012AB3CD"),
        ("VPN_BOT_ANNOUNCE_CHANNEL", "#network-ops"),
        ("VPN_BOT_ANNOUNCE_CHANNEL", "C012AB3CD,C045EF6GH"),
        ("VPN_BOT_ANNOUNCE_CHANNEL", "U012AB3CD"),
        *(("VPN_BOT_ABORT_WINDOW_S", value) for value in ("-1", "601", "nan", "inf", "10 s", "")),
        *(
            (name, value)
            for name in ("VPN_BOT_TYPED_CONFIRMATION", "VPN_BOT_SECOND_PERSON")
            for value in ("yes", "HIGH", "low", "")
        ),
        ("VPN_BOT_CHANNELS", "#network-ops"),
        ("VPN_BOT_CHANNELS", "U012AB3CD"),
        ("VPN_BOT_MAX_BATCH", "0"),
        ("VPN_BOT_MAX_BATCH", "1001"),
        ("VPN_BOT_MAX_BATCH", "many"),
        *(
            (name, value)
            for name in ("VPN_BOT_CONFIRM_TTL_S", "VPN_BOT_RETRY_FOR_S", "VPN_BOT_VERIFY_TIMEOUT_S")
            for value in ("0", "-1", "86401", "nan", "inf", "15 minutes", "")
        ),
        ("VPN_BOT_HTTP_PORT", "65536"),
        ("VPN_BOT_HTTP_PORT", "http"),
        ("VPN_BOT_LOG_FORMAT", "xml"),
        *(
            ("SLACK_API_URL", value)
            for value in ("", "canary", "http://[::1", "http://exa mple/", "file:///api/", "javascript:1")
        ),
        *((name, "canary\nkey") for name in SECRETS if name != "VPN_BOT_DATABASE_URL"),
        *((name, " ") for name in ("SLACK_BOT_TOKEN", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")),
    ],
)
@pytest.mark.usefixtures("needed")
def test_a_value_that_cannot_be_used_is_a_sentence_that_names_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """One line, without a traceback's or pydantic's jargon about inputs and URLs."""
    monkeypatch.setenv(name, value)
    said = complaint()
    assert said.startswith(f"{name}: ")
    assert said.endswith(".")
    assert len(said.splitlines()) == 1
    assert "canary" not in said
    assert "pydantic" not in said
    assert "nput should" not in said
    assert "pars" not in said


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("VPN_BOT_MAX_BATCH", "many", "isn't a whole number"),
        ("VPN_BOT_MAX_BATCH", "1.5", "isn't a whole number"),
        ("VPN_BOT_MAX_BATCH", "0", "must be 1 or more"),
        ("VPN_BOT_MAX_BATCH", "1001", "must be 1000 or less"),
        ("VPN_BOT_ABORT_WINDOW_S", "10 s", "isn't a number"),
        ("VPN_BOT_CONFIRM_TTL_S", "0", "must be more than 0"),
        ("VPN_BOT_CONFIRM_TTL_S", "86401", "must be 86400 or less"),
        ("VPN_BOT_HTTP_PORT", "http", "isn't a whole number"),
        ("VPN_BOT_HTTP_PORT", "9" * 5000, "is too large"),
        ("VPN_BOT_LOG_FORMAT", "xml", "must be 'text' or 'json'"),
        ("VPN_BOT_SECOND_PERSON", "yes", "must be 'always', 'high' or 'never'"),
    ],
    ids=lambda value: value[:12],
)
@pytest.mark.usefixtures("needed")
def test_what_is_wrong_with_a_value_is_said_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str
) -> None:
    """Which number or word it must be."""
    monkeypatch.setenv(name, value)
    assert complaint() == f"{name}: {what}."


@pytest.mark.parametrize("name", [name for name in SECRETS if name != "VPN_BOT_DATABASE_URL"])
@pytest.mark.usefixtures("needed")
def test_a_secret_loses_the_line_break_that_its_file_ends_with(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In a header it would fail, with the whole secret in the error."""
    monkeypatch.setenv(name, f" {SECRETS[name]}\n")
    assert getattr(Settings.load(), name.lower()).get_secret_value() == SECRETS[name]


@pytest.mark.usefixtures("needed")
def test_a_name_that_is_no_setting_is_said_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    """A misspelt one would protect nothing, silently; what Kubernetes sets is its own."""
    assert unread_settings() == []
    monkeypatch.setenv("VPN_BOT_PROTECT", "vpnx-p0j11j28")
    monkeypatch.setenv("VPN_BOT_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("VPN_BOT_PORT", "tcp://10.0.0.1:80")
    (nowhere / ".env").write_text("# VPN_BOT_NOTE=1\nexport VPN_BOT_OPERATOR=U012AB3CD\n", "utf-8")
    (nowhere / "secrets").mkdir()
    (nowhere / "secrets" / "vpn_bot_colour").write_text("red", "utf-8")
    assert unread_settings() == [
        "vpn-bot does not read VPN_BOT_COLOUR.",
        "vpn-bot does not read VPN_BOT_OPERATOR. Did you mean VPN_BOT_OPERATORS?",
        "vpn-bot does not read VPN_BOT_PROTECT. Did you mean VPN_BOT_PROTECTED?",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TENCENTCLOUD_SECURITY_TOKEN", "TENCENTCLOUD_TOKEN"),
        ("TENCENTCLOUD_SESSION_TOKEN", "TENCENTCLOUD_TOKEN"),
        ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SECRET_KEY"),
        ("TENCENTCLOUD_REGIONS", "TENCENTCLOUD_REGION"),
        ("TENCENTCLOUD_PROFILE", ""),
        ("TENCENTCLOUD_ROLE_ARN", ""),
        ("SLACK_BOT_TOKN", "SLACK_BOT_TOKEN"),
        ("SLACK_TOKEN", "SLACK_BOT_TOKEN"),
        ("SLACK_SIGNING_SECRETS", "SLACK_SIGNING_SECRET"),
        ("SLACK_CLIENT_ID", ""),
        ("SLACK_CLIENT_SECRET", ""),
        ("SLACK_WEBHOOK_URL", ""),
        ("VPN_BOT_OPERATORS_", "VPN_BOT_OPERATORS"),
    ],
)
def test_the_nearest_setting_is_named_and_no_other(name: str, meant: str) -> None:
    """By what others call it or by a slip of the pen; a name of another program resembles none."""
    told = f"vpn-bot does not read {name}." + (f" Did you mean {meant}?" if meant else "")
    assert unread([name], NAMES) == [told]


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_not_told_and_with_a_letter_too_few_it_is_found_again(name: str) -> None:
    """Whichever it is."""
    assert unread([name], NAMES) == []
    assert unread([name[:-1]], NAMES) == [f"vpn-bot does not read {name[:-1]}. Did you mean {name}?"]


@pytest.mark.parametrize(
    "name",
    [
        *("VPN_BOT_SERVICE_HOST", "VPN_BOT_SERVICE_PORT_HTTP", "VPN_BOT_PORT", "VPN_BOT_PORT_8018_TCP_ADDR"),
        *("SLACK_PROXY_SERVICE_HOST", "SLACK_PROXY_PORT_80_TCP", "PATH", "AWS_REGION", "MY_SLACK_TOKEN"),
    ],
)
def test_what_is_not_ours_and_what_kubernetes_sets_is_not_told(name: str) -> None:
    """Nobody wrote it for this bot."""
    assert unread([name], NAMES) == []


@pytest.mark.usefixtures("needed")
def test_a_byte_order_mark_hides_no_name(monkeypatch: pytest.MonkeyPatch, nowhere: Path) -> None:
    """As Windows' editors write it: the first setting is read, and a mistyped first one is told."""
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    (nowhere / ".env").write_text("SLACK_BOT_TOKEN=xoxb-first\n", "utf-8-sig")
    assert Settings.load().slack_bot_token.get_secret_value() == "xoxb-first"
    (nowhere / ".env").write_text("SLACK_BOT_TOKN=xoxb-first\n", "utf-8-sig")
    assert complaint().splitlines()[1:] == [
        "vpn-bot does not read SLACK_BOT_TOKN. Did you mean SLACK_BOT_TOKEN?"
    ]


@pytest.mark.usefixtures("needed")
def test_a_byte_order_mark_in_a_mounted_file_is_no_part_of_the_value(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    """A name that nobody can see would protect nothing."""
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    (nowhere / "secrets").mkdir()
    (nowhere / "secrets" / "slack_bot_token").write_text("xoxb-first\n", "utf-8-sig")
    (nowhere / "secrets" / "vpn_bot_protected").write_text("guangzhou to hq\n", "utf-8-sig")
    settings = Settings.load()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-first"
    assert settings.vpn_bot_protected == ("guangzhou to hq",)


@pytest.mark.usefixtures("needed")
def test_where_the_settings_cannot_be_used_the_names_that_are_not_read_are_told_too(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    """Nobody starts it twice to learn of both; also where .env is the file that can't be read."""
    monkeypatch.setenv("VPN_BOT_OPERATOR", "U012AB3CD")
    monkeypatch.setenv("VPN_BOT_MAX_BATCH", "many")
    first, second = complaint().splitlines()
    assert first.startswith("VPN_BOT_MAX_BATCH: ")
    assert second == "vpn-bot does not read VPN_BOT_OPERATOR. Did you mean VPN_BOT_OPERATORS?"
    (nowhere / ".env").write_bytes("VPN_BOT_PROTECT=x".encode("utf-16"))
    first, second = complaint().splitlines()
    assert "UTF-8" in first
    assert "VPN_BOT_OPERATOR." in second


def test_only_the_environment_says_where_the_secrets_are(nowhere: Path) -> None:
    """In .env it would be one more name that does nothing."""
    (nowhere / ".env").write_text("VPN_BOT_SECRETS_DIR=/etc/vpn-bot\n", "utf-8")
    assert unread_settings() == ["vpn-bot reads VPN_BOT_SECRETS_DIR from the environment only."]


@pytest.mark.usefixtures("needed")
def test_only_settings_are_told_not_the_lines_of_a_long_value(nowhere: Path) -> None:
    """.env is read as it is for the settings themselves."""
    (nowhere / ".env").write_text("OTHER='first\nVPN_BOT_NOTE=1\n'\n", "utf-8")
    assert unread_settings() == []


@pytest.mark.usefixtures("needed")
def test_without_a_way_for_slack_to_reach_it_both_ways_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Socket Mode wants the app token, HTTP the signing secret; an empty value is none."""
    monkeypatch.setenv("SLACK_APP_TOKEN", "")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", " ")
    said = complaint()
    assert "SLACK_APP_TOKEN" in said
    assert "SLACK_SIGNING_SECRET" in said


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("U012AB3CD", ("U012AB3CD",)),
        ("U012AB3CD,S045EF6GH", ("U012AB3CD", "S045EF6GH")),
        (" U012AB3CD , W045EF6GH ", ("U012AB3CD", "W045EF6GH")),
        ("U012AB3CD S045EF6GH", ("U012AB3CD", "S045EF6GH")),
        ("U012AB3CD,\n  S045EF6GH,\n", ("U012AB3CD", "S045EF6GH")),
        ("", ()),
        (" , ", ()),
    ],
    ids=["one", "two", "spaces", "spaces only", "lines", "empty", "commas"],
)
@pytest.mark.usefixtures("needed")
def test_a_list_is_read_however_it_is_separated(
    monkeypatch: pytest.MonkeyPatch, written: str, read: tuple[str, ...]
) -> None:
    """Commas, spaces and lines; no JSON."""
    monkeypatch.setenv("VPN_BOT_OPERATORS", written)
    assert Settings.load().vpn_bot_operators == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("guangzhou to hq", ("guangzhou to hq",)),
        (" guangzhou to hq , vpnx-p0j11j28,", ("guangzhou to hq", "vpnx-p0j11j28")),
        ("", ()),
        (" ,, ", ()),
    ],
    ids=["one", "two", "empty", "commas"],
)
@pytest.mark.usefixtures("needed")
def test_what_is_protected_may_have_spaces_in_its_name(
    monkeypatch: pytest.MonkeyPatch, written: str, read: tuple[str, ...]
) -> None:
    """Only commas separate names."""
    monkeypatch.setenv("VPN_BOT_PROTECTED", written)
    assert Settings.load().vpn_bot_protected == read


@pytest.mark.parametrize("written", ["0", "0.5", "600"])
@pytest.mark.usefixtures("needed")
def test_the_abort_window_may_be_nothing_and_is_bounded(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Zero means at once; ten minutes is the most."""
    monkeypatch.setenv("VPN_BOT_ABORT_WINDOW_S", written)
    assert Settings.load().vpn_bot_abort_window_s == float(written)


@pytest.mark.parametrize("when", When)
@pytest.mark.usefixtures("needed")
def test_each_demand_is_made_when_its_setting_says(monkeypatch: pytest.MonkeyPatch, when: When) -> None:
    """The two are set one by one."""
    monkeypatch.setenv("VPN_BOT_TYPED_CONFIRMATION", when.value)
    settings = Settings.load()
    assert (settings.vpn_bot_typed_confirmation, settings.vpn_bot_second_person) == (when, When.HIGH)
    monkeypatch.setenv("VPN_BOT_SECOND_PERSON", when.value)
    assert Settings.load().vpn_bot_second_person == when


@pytest.mark.usefixtures("needed")
def test_approvers_a_policy_and_a_channel_to_announce_in_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an empty value is none."""
    monkeypatch.setenv("VPN_BOT_APPROVERS", "U012AB3CD, S045EF6GH")
    monkeypatch.setenv("VPN_BOT_POLICY", "rules/policy.toml")
    monkeypatch.setenv("VPN_BOT_ANNOUNCE_CHANNEL", "C012AB3CD")
    settings = Settings.load()
    assert settings.vpn_bot_approvers == ("U012AB3CD", "S045EF6GH")
    assert settings.vpn_bot_policy == Path("rules/policy.toml")
    assert settings.vpn_bot_announce_channel == "C012AB3CD"
    for name in ("VPN_BOT_APPROVERS", "VPN_BOT_POLICY", "VPN_BOT_ANNOUNCE_CHANNEL"):
        monkeypatch.setenv(name, "")
    empty = Settings.load()
    assert (empty.vpn_bot_approvers, empty.vpn_bot_policy, empty.vpn_bot_announce_channel) == ((), None, None)


def test_whoever_only_reads_the_ledger_needs_no_secrets(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    """`vpn-bot history` works where the bot's tokens aren't; the same places are read."""
    assert LedgerSettings.load().vpn_bot_database_url.startswith("sqlite:///")
    (nowhere / ".env").write_text("VPN_BOT_DATABASE_URL=sqlite:///there.sqlite3\nVPN_BOT_MAX_BATCH=oops\n")
    assert LedgerSettings.load().vpn_bot_database_url == "sqlite:///there.sqlite3"
    monkeypatch.setenv("VPN_BOT_DATABASE_URL", "postgresql://vpnbot:canary@127.0.0.1/vpnbot")
    assert "canary" not in repr(LedgerSettings.load())


def test_a_dot_env_file_is_read(nowhere: Path) -> None:
    """In the folder that the bot starts in; other programs' lines in it are none of our business."""
    lines = [f'{name}="{value}"' for name, value in NEEDED.items()]
    (nowhere / ".env").write_text("\n".join([*lines, "# a comment", "SOMETHING_ELSE=1"]))
    assert Settings.load().tencentcloud_secret_key.get_secret_value() == "canary-secret-key"


def test_the_example_is_read_as_it_stands(nowhere: Path) -> None:
    """Whoever copies it and fills in the dots has a file that works."""
    example = Path(__file__).parents[1] / ".env.example"
    (nowhere / ".env").write_text(example.read_text("utf-8"), "utf-8")
    assert Settings.load().vpn_bot_operators == ("U012AB3CD", "S045EF6GH")


def test_the_example_can_be_read_with_everything_in_it_uncommented(nowhere: Path) -> None:
    """Each line that is offered there is one that works."""
    example = (Path(__file__).parents[1] / ".env.example").read_text("utf-8")
    (nowhere / ".env").write_text(re.sub(r"(?m)^# (?=[A-Z_]+=)", "", example), "utf-8")
    settings = Settings.load()
    assert settings.vpn_bot_protected == ("guangzhou to hq", "vpnx-p0j11j28")
    assert settings.vpn_bot_approvers == ("U012AB3CD", "S078IJ9KL")
    assert settings.vpn_bot_second_person is When.HIGH


def test_files_in_a_secrets_directory_are_read(nowhere: Path) -> None:
    """One a setting, named like it, as Docker and Kubernetes mount them, also with a last line break."""
    (nowhere / "secrets").mkdir()
    for name, value in NEEDED.items():
        (nowhere / "secrets" / name.lower()).write_text(f"{value}\n")
    settings = Settings.load()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-canary-bot"
    assert settings.tencentcloud_secret_id == "AKIDcanary"


def test_the_environment_goes_before_dot_env_and_that_before_the_secrets(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    """As the module says."""
    (nowhere / "secrets").mkdir()
    for name, value in NEEDED.items():
        (nowhere / "secrets" / name.lower()).write_text(value)
    (nowhere / ".env").write_text("TENCENTCLOUD_REGION=ap-tokyo\nTENCENTCLOUD_SECRET_ID=AKIDenvfile\n")
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-seoul")
    settings = Settings.load()
    assert settings.tencentcloud_region == "ap-seoul"
    assert settings.tencentcloud_secret_id == "AKIDenvfile"
    assert settings.slack_bot_token.get_secret_value() == "xoxb-canary-bot"


@pytest.mark.usefixtures("needed")
def test_no_secret_is_in_any_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """repr, str and format, for logs and tracebacks; the database's address may hold a password."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    shown = f"{settings!r} {settings}"
    assert "ap-guangzhou" in shown
    assert "canary" not in shown.replace("AKIDcanary", "")


@pytest.mark.usefixtures("needed")
def test_settings_do_not_change_while_the_bot_runs() -> None:
    """Frozen."""
    settings = Settings.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.vpn_bot_operators = ("U0EVE000001",)
    assert settings.vpn_bot_operators == ()


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize("written", ["http://127.0.0.1:1/api", "http://127.0.0.1:1/api/"])
def test_the_api_address_ends_in_a_slash(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    """The SDK would cut its last part off otherwise."""
    monkeypatch.setenv("SLACK_API_URL", written)
    assert Settings.load().slack_api_url == "http://127.0.0.1:1/api/"


@pytest.mark.parametrize("place", [".env", "secrets/slack_bot_token"])
@pytest.mark.usefixtures("needed")
def test_a_file_that_is_no_text_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, nowhere: Path, place: str
) -> None:
    """As when an editor saved it in UTF-16, or a binary secret was mounted."""
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    (nowhere / "secrets").mkdir()
    (nowhere / place).write_bytes("SLACK_BOT_TOKEN=xoxb-canary".encode("utf-16"))
    said = complaint()
    assert "UTF-8" in said
    assert "canary" not in said
