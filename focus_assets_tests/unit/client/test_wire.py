"""Whatever breaks on the wire becomes one of our errors."""

from __future__ import annotations

import ssl

import anyio
import httpx
import pytest

from focus_assets.client.wire import FOREIGN, Deadline, announced_length, translated
from focus_assets.model.errors import ApiError, ApiTimeout, ApiUnreachable, OriginRefused, RequestRefused
from focus_assets_tests.unit.client.fakes import SleeplessClock


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectTimeout("x"), ApiTimeout),
        (httpx.ReadTimeout("x"), ApiTimeout),
        (httpx.WriteTimeout("x"), ApiTimeout),
        (httpx.PoolTimeout("x"), ApiTimeout),
        (httpx.ConnectError("x"), ApiUnreachable),
        (httpx.ReadError("x"), ApiUnreachable),
        (httpx.RemoteProtocolError("x"), ApiUnreachable),
        (httpx.ProxyError("x"), ApiUnreachable),
        (httpx.StreamClosed(), ApiUnreachable),
        (httpx.InvalidURL("x"), OriginRefused),
        (httpx.UnsupportedProtocol("x"), OriginRefused),
        (httpx.LocalProtocolError("Illegal header value b'secret'"), RequestRefused),
        (ssl.SSLError("x"), ApiUnreachable),
        (ConnectionResetError("x"), ApiUnreachable),
        (anyio.BrokenResourceError(), ApiUnreachable),
        (anyio.EndOfStream(), ApiUnreachable),
    ],
)
def test_every_foreign_error_has_one_of_ours(error: Exception, kind: type[ApiError]) -> None:
    assert isinstance(error, FOREIGN)
    ours = translated(error, "https://u:secret@h/p?q=secret")
    assert type(ours) is kind
    assert ours.url == "https://h/p?q=…"
    assert "secret" not in str(ours)


def test_each_exception_of_httpx_is_foreign() -> None:
    own = [kind for name in httpx.__all__ if isinstance(kind := getattr(httpx, name), type)]
    errors = [kind for kind in own if issubclass(kind, Exception) and kind is not httpx.CookieConflict]
    assert len(errors) > 20
    assert all(issubclass(kind, FOREIGN) for kind in errors)


def test_a_deadline_passes_by_its_clock() -> None:
    clock = SleeplessClock()
    deadline = Deadline(clock, 5)
    assert (deadline.passed, deadline.left()) == (False, 5)
    clock.now += 6
    assert (deadline.passed, deadline.left()) == (True, 0)


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"content-length": "7"}, 7),
        ({"content-length": "7", "transfer-encoding": "chunked"}, None),
        ({"content-length": "7, 7"}, None),
        ({"content-length": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_a_length_counts_where_it_is_one(headers: dict[str, str], length: int | None) -> None:
    assert announced_length(httpx.Headers(headers)) == length
