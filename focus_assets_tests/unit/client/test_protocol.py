"""Heads are judged, and URLs written, without a network."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.client.protocol import (
    LOGIN_STATUSES,
    LONGEST_RETRY_AFTER,
    classify,
    join,
    origin_of,
    parse_http_date,
    parse_retry_after,
    redact,
    same_origin,
    start_of,
)
from focus_assets.model.errors import (
    ApiError,
    ApiTimeout,
    AuthenticationFailed,
    DeltaExpired,
    NameRefused,
    NotFound,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    ServerFailed,
)

NOW = datetime(2025, 7, 1, 16, 5, tzinfo=UTC)
DATE = "Tue, 01 Jul 2025 16:05:00 GMT"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (201, RequestRefused),
        (203, RequestRefused),
        (204, RequestRefused),
        (206, RequestRefused),
        (301, RedirectRefused),
        (304, RedirectRefused),
        (308, RedirectRefused),
        (400, RequestRefused),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, NotFound),
        (408, ApiTimeout),
        (409, RequestRefused),
        (410, DeltaExpired),
        (429, RateLimited),
        (500, ServerFailed),
        (503, ServerFailed),
        (599, ServerFailed),
    ],
)
def test_every_status_but_200_is_an_error_with_a_name(status: int, kind: type[ApiError]) -> None:
    error = classify(status, {}, "sorry", url="https://u:p@h/x?key=1")
    assert type(error) is kind
    assert (error.status, error.url, error.body_start) == (status, "https://h/x?key=…", "sorry")


def test_what_is_allowed_is_no_error() -> None:
    assert classify(200, {}) is None
    assert classify(201, {}, allowed=LOGIN_STATUSES) is None


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(("text", "seconds"), [("7", 7.0), (" 1.5 ", 1.5), ("Tue, 01 Jul 2025 16:05:30 GMT", 30.0)])
def test_retry_after_is_read_in_both_forms(status: int, text: str, seconds: float) -> None:
    error = classify(status, {"retry-after": text, "date": DATE})
    assert error is not None
    assert error.retry_after == seconds


@pytest.mark.parametrize("text", ["2678401", "1000000000000", "9" * 18, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_is_bounded(text: str) -> None:
    error = classify(429, {"retry-after": text, "date": DATE})
    assert error is not None
    assert error.retry_after == LONGEST_RETRY_AFTER == 2_678_400


def test_retry_after_means_nothing_on_other_statuses() -> None:
    error = classify(404, {"retry-after": "7"})
    assert error is not None
    assert error.retry_after is None


def test_a_date_to_wait_for_is_compared_with_the_servers_clock_never_with_ours() -> None:
    assert parse_retry_after("Tue, 01 Jul 2025 16:04:00 GMT", NOW) == 0.0
    assert parse_retry_after("Tue, 01 Jul 2025 16:06:00 GMT", None) is None


@pytest.mark.parametrize("text", ["", "soon", "-1", "NaN", "1e9", "٣", "Tue, 99 Jul 2025 16:04:00 GMT", "9" * 5000])
def test_a_retry_after_that_says_nothing_is_none(text: str) -> None:
    assert parse_retry_after(text, NOW) is None


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_http_dates_are_read_in_all_three_spellings_as_utc(text: str) -> None:
    assert parse_http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@given(st.text())
def test_no_header_breaks_the_reading_of_dates(text: str) -> None:
    date = parse_http_date(text)
    assert date is None or date.utcoffset() is not None


def test_a_segment_stays_one_segment() -> None:
    assert join("https://h/api/v1/", "a/b", "../x", "ä ?#%") == "https://h/api/v1/a%2Fb/..%2Fx/%C3%A4%20%3F%23%25"


@given(st.text(min_size=1))
def test_no_segment_escapes_from_its_place_in_what_is_really_sent(segment: str) -> None:
    try:
        url = join("https://h/base", segment, "lines")
    except NameRefused:
        return
    path = httpx.URL(url).raw_path.decode("ascii")
    assert path.startswith("/base/")
    assert path.endswith("/lines")
    assert path.count("/") == 3
    assert "?" not in path


@pytest.mark.parametrize("segment", ["", ".", "..", "a\r\nX: y", "\x00", "\x7f", "\x85", "\ud800"])
def test_a_segment_that_no_encoding_makes_safe_is_refused(segment: str) -> None:
    with pytest.raises(NameRefused):
        join("https://h", segment)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:secret@h:8443/p?a=secret&b=#secret", "https://h:8443/p?a=…&b=…"),
        ("https://h/p", "https://h/p"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("http://[::1/secret", "(not a URL)"),
        ("http://h:99999/", "(not a URL)"),
        ("/relative?token=secret", "/relative?token=…"),
    ],
)
def test_a_shown_url_holds_no_user_and_no_value(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://API.example.org/x?y", True),
        ("https://api.example.org:443", True),
        ("https://api.example.org:444/", False),
        ("http://api.example.org/", False),
        ("https://api.example.org.evil.test/", False),
        ("https://api.example.org@evil.test/", False),
        ("https://evil.test\\@api.example.org/", True),
        ("//api.example.org/", False),
        ("", False),
        ("https://[::1", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(other: str, same: bool) -> None:
    assert same_origin("https://api.example.org/api", other) is same


def test_nothing_has_no_origin() -> None:
    assert origin_of("ftp://h/") is None
    assert not same_origin("ftp://h/", "ftp://h/")


def test_a_bodys_start_is_short_visible_and_keeps_no_secret() -> None:
    shown = start_of(
        b"<h1>token-1\r\n\x1b[31m\xff\xe2\x80\xae" + b"x" * 5000, hide=lambda text: text.replace("token-1", "…")
    )
    assert shown.startswith("<h1>…\\r\\n\\x1b[31m\ufffd\\u202exxx")
    assert len(shown) < 230


def test_a_secret_at_the_cut_does_not_show_in_half() -> None:
    assert "sec" not in start_of(b"x" * 197 + b"secret", hide=lambda text: text.replace("secret", "…"))
