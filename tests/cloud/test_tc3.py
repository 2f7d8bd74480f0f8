"""The stages of the signature."""

from collections.abc import Mapping

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud import tc3
from tests.cloud.vectors import VECTORS, Vector

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)

NAMES = st.text("abcXYZ-", min_size=1, max_size=8)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


@each_vector
def test_canonical_request_is_the_published_one(vector: Vector) -> None:
    """CanonicalRequest puts the signed headers and the body's hash together as the document does."""
    assert tc3.canonical_request(vector.headers, vector.body) == vector.canonical_request


@each_vector
def test_string_to_sign_is_the_published_one(vector: Vector) -> None:
    """StringToSign binds the time, the day's scope and the hash of the CanonicalRequest."""
    scope = tc3.credential_scope(vector.date, vector.service)
    assert tc3.string_to_sign(vector.timestamp, scope, vector.canonical_request) == vector.string_to_sign


@each_vector
def test_signing_key_is_the_published_one(vector: Vector) -> None:
    """The key of the day follows from the SecretKey, the date and the service."""
    assert tc3.signing_key(vector.secret_key, vector.date, vector.service).hex() == vector.signing_key_hex


@each_vector
def test_signature_is_the_published_one(vector: Vector) -> None:
    """Signature is the HMAC of StringToSign, in hex."""
    assert tc3.signature(bytes.fromhex(vector.signing_key_hex), vector.string_to_sign) == vector.signature


@each_vector
def test_authorization_is_the_published_one(vector: Vector) -> None:
    """Authorization names the key's id, the scope, the signed headers and the signature."""
    scope = tc3.credential_scope(vector.date, vector.service)
    names = tc3.signed_headers(vector.headers)
    assert tc3.authorization(vector.secret_id, scope, names, vector.signature) == vector.authorization


@each_vector
def test_date_of_the_published_time_is_the_published_one(vector: Vector) -> None:
    """Date is the UTC day of Timestamp."""
    assert tc3.utc_date(vector.timestamp) == vector.date


@pytest.mark.parametrize(
    ("timestamp", "date"),
    [
        pytest.param(1_700_006_399, "2023-11-14", id="last second of a day"),
        pytest.param(1_700_006_400, "2023-11-15", id="first second of a day"),
        pytest.param(1_709_164_800, "2024-02-29", id="leap day"),
        pytest.param(1_704_067_199, "2023-12-31", id="last second of a year"),
    ],
)
@pytest.mark.parametrize("tz_offset", [-11, 0, 13], ids=["Midway", "Greenwich", "Auckland"])
def test_date_is_utc_whatever_the_local_time(timestamp: int, date: str, tz_offset: int) -> None:
    """The day changes at midnight UTC on machines in any time zone."""
    with freeze_time("2023-11-14T23:59:59Z", tz_offset=tz_offset):
        assert tc3.utc_date(timestamp) == date


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5))
def test_headers_are_listed_in_one_order(headers: Mapping[str, str]) -> None:
    """CanonicalHeaders and SignedHeaders name the same headers, lower-cased, in the same order."""
    headers = {name.lower(): value for name, value in headers.items()}
    canonical_headers = tc3.canonical_request(headers, b"").split("\n\n", 1)[1].split("\n")[: len(headers)]
    names = [line.partition(":")[0] for line in canonical_headers]
    assert names == tc3.signed_headers(headers).split(";") == sorted(headers)


def test_values_are_trimmed_and_lower_cased() -> None:
    """Case and blanks around a header's value don't change the signature."""
    tidy = tc3.canonical_request({"host": "vpc.example", "content-type": "application/json"}, b"{}")
    assert tc3.canonical_request({"Content-Type": " Application/JSON ", "Host": "VPC.example"}, b"{}") == tidy
