"""Decide what an answer's head means, and write URLs that say only what they should."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

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
    VersionConflict,
)

DATA_STATUSES = frozenset({200})
LOGIN_STATUSES = frozenset({200, 201})
WRITE_STATUSES = frozenset({200, 201, 202, 204})
BODY_START_CHARACTERS = 200
LONGEST_RETRY_AFTER = 31 * 86_400.0  # seconds: whoever asks for more is asked again after these

_PORTS = {"http": 80, "https": 443}
_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]+)?")
_COUNT = re.compile(r"\s*[0-9]{1,18}\s*")
_NAMED: Mapping[int, tuple[type[ApiError], str]] = {
    401: (AuthenticationFailed, "the server does not accept who we are (401)"),
    403: (PermissionDenied, "the server says that this user has no right to it (403)"),
    404: (NotFound, "the server does not know it (404)"),
    408: (ApiTimeout, "the server gave up waiting for the request (408)"),
    410: (DeltaExpired, "the server no longer keeps the changes since then (410)"),
    412: (VersionConflict, "it was changed since that version (412)"),
    429: (RateLimited, "the server asks for fewer requests (429)"),
}


class Origin(NamedTuple):
    """Where a URL leads: scheme, host and port, the port never implied."""

    scheme: str
    host: str
    port: int


def classify(
    status: int,
    headers: Mapping[str, str],
    body_start: str = "",
    *,
    url: str = "",
    allowed: Collection[int] = DATA_STATUSES,
) -> ApiError | None:
    """The error that a status stands for; None when it is one of the `allowed`.

    `headers` has lower-case names or ignores case; `body_start` is shown as it is, so pass what `start_of` returned.
    """
    if status in allowed:
        return None
    kind, problem = _NAMED.get(status) or _by_class(status)
    return kind(
        problem, url=redact(url), status=status, retry_after=_retry_after(status, headers), body_start=body_start
    )


def _by_class(status: int) -> tuple[type[ApiError], str]:
    if 300 <= status < 400:
        return RedirectRefused, f"the server redirects ({status}), and calls with credentials are never redirected"
    if status >= 500:
        return ServerFailed, f"the server failed ({status})"
    return RequestRefused, f"the server did not give what was asked for ({status})"


def _retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after")
    if text is None or not (status == 429 or status >= 500):
        return None
    seconds = parse_retry_after(text, server_time(headers))
    return None if seconds is None else min(seconds, LONGEST_RETRY_AFTER)


def parse_retry_after(text: str, now: datetime | None) -> float | None:
    """Seconds from `Retry-After`, which is a number or a date; None when it says neither.

    A date is compared with the server's own `now`: our clock may be wrong. Without that it says nothing.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    date = parse_http_date(text)
    if date is None or now is None:
        return None
    return max(0.0, (date - now).total_seconds())


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """The `Date` header, in UTC."""
    return parse_http_date(headers.get("date", ""))


def parse_http_date(text: str) -> datetime | None:
    """A date of HTTP in any of its three spellings, aware and in UTC."""
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def parse_count(text: str) -> int | None:
    """A header that counts something; None when it does not."""
    return int(text) if _COUNT.fullmatch(text.strip()) else None


def as_it_is(text: str) -> str:
    """Where there is nothing to hide."""
    return text


def start_of(body: bytes, *, hide: Callable[[str], str] = as_it_is) -> str:
    """The beginning of a body for people: no control characters, no secrets that the server may have echoed."""
    text = body[: 16 * BODY_START_CHARACTERS].decode("utf-8", "replace").strip()
    text = hide(text)
    shown = "".join(_visible(character) for character in text[:BODY_START_CHARACTERS])
    return f"{shown}…" if len(text) > BODY_START_CHARACTERS else shown


def _visible(character: str) -> str:
    # Cf as well: a text direction mark could make an error message read as something else
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def join(base: str, *segments: str) -> str:
    """`base/segment/segment`, each segment percent-encoded so that it stays one segment.

    Raises NameRefused for what no encoding makes safe: nothing, dots alone, control characters, half characters.
    """
    return "/".join((base.rstrip("/"), *(_encoded(segment) for segment in segments)))


def _encoded(segment: str) -> str:
    if segment in {"", ".", ".."}:
        raise NameRefused(segment, "it cannot be a segment of a URL")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in segment):
        raise NameRefused(segment, "it holds control characters")
    return quote(segment, safe="")


def redact(url: str) -> str:
    """The URL without user, password, fragment and the values of its query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(not a URL)"
    shown = f"{parts.scheme}://{_bracketed(host)}" if parts.scheme else _bracketed(host)
    names = "&".join(f"{quote(name)}=…" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return f"{shown}{f':{port}' if port else ''}{parts.path}{'?' + names if names else ''}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def origin_of(url: str) -> Origin | None:
    """Where a URL leads; None for what is no http or https URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme])


def same_origin(one: str, other: str) -> bool:
    """Both lead to the same scheme, host and port; what is no URL is nowhere."""
    origin = origin_of(one)
    return origin is not None and origin == origin_of(other)
