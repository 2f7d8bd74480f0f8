"""The one way out of this machine, for Slack's Web API, its socket, its response_urls, and the cloud.

Proxy: HTTPS_PROXY for https:// and wss://, HTTP_PROXY for http:// and ws://, ALL_PROXY where that one isn't
set; a name in small letters goes before the one in capitals. NO_PROXY names what is reached directly, as
requests reads it: hosts and their suffixes, with or without a port, IPv4 addresses and networks, `*`. This
machine itself is always reached directly.

Certificates: those that REQUESTS_CA_BUNDLE names, else SSL_CERT_FILE, else SSL_CERT_DIR, else the system's,
else the ones that come with certifi. The first of these that is there is the only one that counts.

All are read from the process's environment only: .env is for the bot's own settings.
"""

import errno
import os
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote_to_bytes, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, should_bypass_proxies

from bot.errors import BadSettings

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
# As urllib and the SDK's socket say it.
_PROXY_STATUS = re.compile(r"(?:Tunnel connection failed|connect status code): ([0-9]{3})")
_NOT_CONNECTED = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)
# The names under which OpenSSL looks for certificates in a folder.
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A forward proxy. User and password are in `headers` alone, so that no library can log them."""

    address: str
    headers: Mapping[str, str] = field(repr=False)
    variable: str

    def __str__(self) -> str:
        return f"the proxy that {self.variable} names"

    @property
    def url(self) -> str:
        """http://HOST:PORT."""
        return f"http://{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Certificates that are trusted: a file or folder, and the variable that names it, where one does."""

    path: str
    variable: str | None
    whose: str

    def __str__(self) -> str:
        return f"{self.variable} ({self.path})" if self.variable else f"{self.whose} ({self.path})"


def proxy_for(url: str) -> Proxy | None:
    """The proxy on the way to an http, https, ws or wss URL; None when it is reached directly.

    Raises BadSettings, without the password, when the variable that counts can't be used.
    """
    parts = urlsplit(url)
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
    host = parts.hostname or ""
    variable = _variable(scheme)
    if variable is None or scheme not in _PORTS or is_loopback(host):
        return None
    netloc = f"[{host}]" if ":" in host else host
    if should_bypass_proxies(f"{scheme}://{netloc}:{parts.port or _PORTS[scheme]}", no_proxy=None):
        return None
    return _proxy(variable)


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or address, is this machine."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def trust_store() -> TrustStore:
    """Whose certificates are trusted now; nothing is read or checked here."""
    for variable in _CA_VARIABLES:
        if path := os.environ.get(variable):
            return TrustStore(path=path, variable=variable, whose="yours")
    system = ssl.get_default_verify_paths()
    if Path(system.openssl_cafile).is_file():
        return TrustStore(path=system.openssl_cafile, variable=None, whose="the system's")
    if _is_filled(Path(system.openssl_capath)):
        return TrustStore(path=system.openssl_capath, variable=None, whose="the system's")
    return TrustStore(path=str(DEFAULT_CA_BUNDLE_PATH), variable=None, whose="certifi's")


def ssl_context() -> ssl.SSLContext:
    """What every TLS connection of ours is made with; raises BadSettings when the certificates can't be read.

    Read once for each place: certificates that change there count after the next start.
    """
    return _context(trust_store())


def check(*urls: str) -> None:
    """Raise BadSettings when the way to one of these, or to any https:// URL, can't be used as it is set."""
    ssl_context()
    if variable := _variable("https"):  # whatever NO_PROXY says: Slack names further hosts later
        _proxy(variable)
    for url in urls:
        proxy_for(url)


def cause(error: BaseException, url: str) -> str:
    """Why a connection to a URL could not be made, in words that hold no address and no secret.

    Where a proxy leads there, no name but the proxy's is looked up here, and no other host is connected to.
    """
    while isinstance(error, URLError) and isinstance(error.reason, BaseException):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate isn't trusted: {error.verify_message}; what counts is {trust_store()}"
    what, proxy = _in_words(error), proxy_for(url)
    if proxy is None:
        return what
    if refused := _PROXY_STATUS.search(str(error)):
        return f"{proxy} answered HTTP {refused[1]}"
    if isinstance(error, socket.gaierror) or getattr(error, "errno", None) in _NOT_CONNECTED:
        return f"{proxy} can't be reached: {what}"
    return f"{what}, on the way through {proxy}"


def _in_words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "its name can't be resolved"
    if isinstance(error, TimeoutError):
        return "timed out"
    return getattr(error, "strerror", None) or type(error).__name__


@lru_cache(maxsize=8)
def _context(store: TrustStore) -> ssl.SSLContext:
    path = Path(store.path)
    name = store.variable or store.whose
    try:
        if path.is_dir():
            if not _is_filled(path):
                raise BadSettings(
                    f"{name}: the folder {path} holds no certificates under the names that OpenSSL looks for "
                    "(12345678.0). Run openssl rehash on it, or name a file."
                )
            return ssl.create_default_context(capath=store.path)
        return ssl.create_default_context(cafile=store.path)
    except ssl.SSLError:
        why = "isn't a file of certificates in PEM form"
    except OSError as error:
        why = f"can't be read ({error.strerror})"
    raise BadSettings(f"{name}: {path} {why}. Name a file of the certificates to trust, or unset it.")


def _is_filled(folder: Path) -> bool:
    try:
        return any(_HASHED.fullmatch(file.name) for file in folder.iterdir())
    except OSError:
        return False


def _variable(scheme: str) -> str | None:
    """The name of the variable that counts for a scheme, where it has a value."""
    for kind in (scheme, "all"):
        names = (f"{kind}_proxy", f"{kind}_proxy".upper())
        name = next((name for name in names if name in os.environ), None)
        if name is not None and os.environ[name].strip():
            return name
    return None


def _proxy(variable: str) -> Proxy:
    value = os.environ[variable].strip()
    other = re.match("(https|socks(4a?|5h?))://", value, re.IGNORECASE)
    if other:
        raise BadSettings(
            f"{variable} must begin with http://: a proxy that speaks {other[1].lower()} can't be used. "
            "An HTTP proxy carries https:// and wss:// too."
        )
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", 80 if parts.port is None else parts.port
        usable = (parts.scheme, parts.path.strip("/"), parts.query, parts.fragment) == ("http", "", "", "")
    except ValueError:
        usable = False
    if not usable or not port or not _HOST.fullmatch(host):
        raise BadSettings(
            f"{variable} must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT. PORT is a number, and "
            "odd characters in USER and PASSWORD are percent-encoded (@ as %40, / as %2F)."
        ) from None
    userinfo, at, _ = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    credentials = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    headers = {"Proxy-Authorization": f"Basic {b64encode(credentials).decode()}"} if at else {}
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Proxy(address=address, headers=headers, variable=variable)
