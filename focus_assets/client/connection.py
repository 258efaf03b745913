"""Make the HTTP library's client as we want it: no redirects, no cookies, no proxies, and logs that keep secrets."""

from __future__ import annotations

import logging
import ssl
import sys
from functools import cache
from importlib.util import find_spec

import httpx

from focus_assets.client.asking import HttpSettings
from focus_assets.client.protocol import origin_of, redact


@cache  # reading the certificates takes longer than a request
def _trust(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context()


def trusted(settings: HttpSettings) -> ssl.SSLContext:
    """Whose certificates count: nobody's where http is all that is spoken, and no proxy comes between."""
    origins = [origin_of(url) for url in (*settings.origins, *settings.login_origins)]
    if not settings.trust_env and all(origin is not None and origin.scheme == "http" for origin in origins):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _trust(settings.ca_file)


@cache
def _spare_the_search() -> None:
    """Say once that `sniffio` is not installed: the library below asks for it several times a request, and Python
    would look through every folder of its path each time (`current_async_library` of httpcore).
    """
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # its import fails as before, but at once


class _NoCookies(httpx.Cookies):
    """The token alone says who asks: cookies would let one answer change the next request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Keeps none, and does not look for any."""

    def set_cookie_header(self, request: httpx.Request) -> None:
        """Sends none."""


class _Client(httpx.AsyncClient):
    _none = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        return self._none

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise NotImplementedError("no request carries cookies")


def http_client(settings: HttpSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """The client; with a `transport` nothing goes over a socket."""
    _spare_the_search()
    times = settings.timeouts
    return _Client(
        transport=transport,
        follow_redirects=False,
        trust_env=settings.trust_env,
        verify=trusted(settings),
        timeout=httpx.Timeout(times.read, connect=times.connect, pool=None),
        limits=httpx.Limits(max_connections=settings.connections, max_keepalive_connections=settings.connections),
        headers={
            "user-agent": settings.user_agent,
            "accept-encoding": "gzip, identity",  # what we decode ourselves, to the end
            "cache-control": "no-cache",
            **{name: value.get_secret_value() for name, value in settings.headers.items()},
        },
    )


class _RedactedUrls(logging.Filter):
    """httpx logs each URL in full, and a query may hold a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(redact(str(arg)) if isinstance(arg, httpx.URL) else arg for arg in record.args)
        return True


class _UnsaidHeaders(logging.Filter):
    """httpcore logs an answer's headers in full, and they may repeat what was shown to the server."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = str(record.msg).partition(" return_value=")[0]
        return True


def hide_query_values() -> None:
    """For every client of this process, once."""
    for name, unwanted in (("httpx", _RedactedUrls), ("httpcore.http11", _UnsaidHeaders)):
        logger = logging.getLogger(name)
        if not any(isinstance(known, unwanted) for known in logger.filters):
            logger.addFilter(unwanted())
