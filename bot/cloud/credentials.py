"""Who the bot is towards Tencent Cloud."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An API key pair; `token` is set for temporary keys and travels with every call as X-TC-Token."""

    secret_id: str
    secret_key: SecretStr
    token: SecretStr | None = None
