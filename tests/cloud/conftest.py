"""A client and the strict local VPC that it talks to."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.rehearsal.server import LoopbackServer
from tests.cloud.vpc import SECRET_ID, SECRET_KEY, T0, TOKEN, StrictVpc


@pytest.fixture
def credentials() -> Credentials:
    """Temporary keys that no text may ever show."""
    return Credentials(secret_id=SECRET_ID, secret_key=SecretStr(SECRET_KEY), token=SecretStr(TOKEN))


@pytest.fixture
def vpc() -> StrictVpc:
    """The cloud's side, with nothing scripted."""
    return StrictVpc()


@pytest.fixture
def endpoint(vpc: StrictVpc) -> Iterator[str]:
    """Where `vpc` listens."""
    with LoopbackServer(vpc) as server:
        yield server.url


@pytest.fixture
def client(endpoint: str, credentials: Credentials) -> Iterator[VpcClient]:
    """Our side, at T0, quick to lose patience."""
    client = VpcClient(endpoint, credentials, clock=lambda: T0, read_timeout_s=0.5)
    yield client
    client.close()
