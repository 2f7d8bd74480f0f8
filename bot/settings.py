"""Every setting, read from the environment, `.env` and a secrets directory, in this order of precedence."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
    SettingsError,
)

from bot.domain.policy import When
from bot.errors import BadSettings
from bot.unread_settings import unread

SECRETS_DIR = "/run/secrets"
SECRETS_DIR_SETTING = "VPN_BOT_SECRETS_DIR"
ENV_FILE = ".env"
ENCODING = "utf-8-sig"  # Windows' editors begin UTF-8 with a byte order mark, which belongs to no name
# Bolt takes these from the environment by itself. With the first three it expects an installation by OAuth,
# and answers none; of the token it warns that our client has one too.
BOLT_READS = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_VERIFICATION_TOKEN", "SLACK_BOT_TOKEN")
PEOPLE_ID = re.compile("[UWS][A-Z0-9]{2,}")
PEOPLE_EXAMPLE = "U012AB3CD or S012AB3CD"
CHANNEL_ID = re.compile("[CGD][A-Z0-9]{2,}")
CHANNEL_EXAMPLE = "C012AB3CD"
_REGION = re.compile(r"[a-z]{2}-[a-z]+(-[a-z]+)*\d*")


def _split(value: object) -> object:
    return tuple(part for part in re.split(r"[,\s]+", value) if part) if isinstance(value, str) else value


def _split_names(value: object) -> object:
    """Names may have spaces in them."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _ids(pattern: re.Pattern[str], example: str) -> AfterValidator:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not pattern.fullmatch(value):
                raise ValueError(f"“{value[:20]}” isn't a Slack id like {example}")
        return values

    return AfterValidator(check)


def _channel(value: str | None) -> str | None:
    if value is not None and not CHANNEL_ID.fullmatch(value):
        raise ValueError(f"“{value[:20]}” isn't one Slack id like {CHANNEL_EXAMPLE}")
    return value


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError(f"“{value[:30]}” isn't a region like ap-guangzhou")
    return value


def _base_url(value: str) -> str:
    parsed = urlsplit(value)
    if parsed.scheme not in {"http", "https"} or not parsed.hostname or re.search(r"[^!-~]", value):
        raise ValueError("isn't a URL like https://slack.com/api/")
    return value if value.endswith("/") else value + "/"


def _one_word(value: object) -> object:
    """A secret without the blanks and line breaks that files end with; what else is in one is a mistake."""
    if not isinstance(value, str):
        return value
    word = value.strip()
    if not re.fullmatch(r"[!-~]*", word):
        raise ValueError("has a blank, a line break or another character in it that no such value has")
    return word


def _set(value: object) -> object:
    if value == "":
        raise ValueError("is empty")
    return value


def _none_where_unset(value: object) -> object:
    return None if str(value).strip() in ("", "0") else value


def _default_ledger() -> str:
    return f"sqlite:///{Path(platformdirs.user_state_dir('vpn-bot')) / 'ledger.sqlite3'}"


Port = Annotated[Annotated[int, Field(ge=1, le=65_535)] | None, BeforeValidator(_none_where_unset)]
Word = Annotated[str, BeforeValidator(_set), BeforeValidator(_one_word)]
Secret = Annotated[SecretStr, BeforeValidator(_set), BeforeValidator(_one_word)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_where_unset), BeforeValidator(_one_word)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Operators = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), _ids(PEOPLE_ID, PEOPLE_EXAMPLE)]
Channels = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), _ids(CHANNEL_ID, CHANNEL_EXAMPLE)]
OptionalChannel = Annotated[str | None, BeforeValidator(_none_where_unset), AfterValidator(_channel)]
Protected = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_names)]
Window = Annotated[float, Field(ge=0, le=600)]
OptionalPath = Annotated[Path | None, BeforeValidator(_none_where_unset)]


class LedgerSettings(BaseSettings):
    """What it takes to read the ledger; each field's environment variable is its name in capitals."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding=ENCODING,
        extra="ignore",
        hide_input_in_errors=True,
        frozen=True,
    )

    vpn_bot_database_url: str = Field(default_factory=_default_ledger, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _without_mark(cls, values: dict[str, object]) -> dict[str, object]:
        """A file in the secrets directory may begin with a byte order mark too."""
        return {
            name: value.removeprefix("\ufeff") if isinstance(value, str) else value
            for name, value in values.items()
        }

    @classmethod
    def load(cls) -> Self:
        """Read everything; raises BadSettings with one line for each setting that is missing or wrong."""
        secrets = os.environ.get(SECRETS_DIR_SETTING, SECRETS_DIR)
        try:
            return cls(
                _secrets_dir=secrets if Path(secrets).is_dir() else None  # type: ignore[call-arg]  # it takes it
            )
        except ValidationError as exc:
            raise BadSettings(
                "\n".join(_sentence(error) for error in exc.errors(include_url=False))
            ) from None
        except (SettingsError, UnicodeDecodeError, OSError) as exc:
            raise BadSettings(
                "A file with settings can't be read: .env and the files in the secrets directory "
                f"({secrets}) must be readable, and UTF-8 text ({type(exc).__name__})."
            ) from None


class Settings(LedgerSettings):
    """What `vpn-bot run` needs to know."""

    slack_bot_token: Secret
    slack_app_token: OptionalSecret = None
    slack_signing_secret: OptionalSecret = None
    slack_api_url: Annotated[str, AfterValidator(_base_url)] = "https://slack.com/api/"

    tencentcloud_secret_id: Word
    tencentcloud_secret_key: Secret
    tencentcloud_token: OptionalSecret = None
    tencentcloud_region: Annotated[str, AfterValidator(_region)]

    vpn_bot_vpc_endpoint: str = "https://vpc.tencentcloudapi.com"
    vpn_bot_operators: Operators = ()
    vpn_bot_approvers: Operators = ()
    vpn_bot_channels: Channels = ()
    vpn_bot_policy: OptionalPath = None
    vpn_bot_protected: Protected = ()
    vpn_bot_typed_confirmation: When = When.HIGH
    vpn_bot_second_person: When = When.HIGH
    vpn_bot_abort_window_s: Window = 10
    vpn_bot_announce_channel: OptionalChannel = None
    vpn_bot_max_batch: Annotated[int, Field(ge=1, le=1000)] = 20
    vpn_bot_confirm_ttl_s: Seconds = 900
    vpn_bot_retry_for_s: Seconds = 300
    vpn_bot_verify_timeout_s: Seconds = 300
    vpn_bot_keep_days: Annotated[float, Field(gt=0, le=36_500)] = 365
    vpn_bot_http_host: str = "127.0.0.1"
    vpn_bot_http_port: Port = 8018
    vpn_bot_log_format: Literal["text", "json"] = "text"

    @classmethod
    def load(cls) -> Self:
        """As `LedgerSettings.load`; the reasons are followed by what is set and isn't read.

        Often that is why another setting is missing.
        """
        try:
            return super().load()
        except BadSettings as error:
            raise BadSettings("\n".join([str(error), *unread_settings()])) from None

    @model_validator(mode="after")
    def _can_hear_slack(self) -> Self:
        if self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(
                "Neither SLACK_APP_TOKEN (for Socket Mode) nor SLACK_SIGNING_SECRET (for HTTP mode) is set, "
                "so Slack can't reach this bot. Set one of them"
            )
        if self.slack_app_token is None and self.vpn_bot_http_port is None:
            raise ValueError(
                "Without SLACK_APP_TOKEN Slack's requests come over HTTP, so VPN_BOT_HTTP_PORT can't be 0 or "
                "empty. Set a port, or SLACK_APP_TOKEN for Socket Mode"
            )
        return self


def unread_settings() -> list[str]:
    """What is set, is named like a setting of this bot, and isn't read: a sentence for each."""
    folder = Path(os.environ.get(SECRETS_DIR_SETTING, SECRETS_DIR))
    elsewhere = {file.name.upper() for file in folder.iterdir()} if folder.is_dir() else set()
    try:
        written = DotEnvSettingsSource(Settings, env_file=ENV_FILE, env_file_encoding=ENCODING).env_vars
    except (UnicodeDecodeError, OSError):
        written = {}  # that it can't be read is said where the settings are loaded
    elsewhere |= {name.upper() for name in written}
    known = {name.upper() for name in Settings.model_fields}
    sentences = unread({*map(str.upper, os.environ), *elsewhere} - {SECRETS_DIR_SETTING}, known)
    if SECRETS_DIR_SETTING in elsewhere:
        sentences.append(f"vpn-bot reads {SECRETS_DIR_SETTING} from the environment only.")
    return sentences


# By pydantic's error types; its own texts speak of inputs and parsing.
_WHAT = {
    "int_parsing": "isn't a whole number",
    "int_parsing_size": "is too large",
    "float_parsing": "isn't a number",
    "finite_number": "isn't a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}


def _sentence(error: object) -> str:
    assert isinstance(error, dict)  # noqa: S101  # pydantic's ErrorDetails is a dict
    known = _WHAT.get(error["type"])
    what = known.format(**error.get("ctx", {})) if known else str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:  # what is wrong with several settings together names them itself
        return f"{what}."
    name = str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is not set. Put it in the environment or in .env; .env.example explains it."
    return f"{name}: {what}."
