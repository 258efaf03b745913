"""A password and a token are in no log, event, trace, repr or row, whatever fails and whoever repeats them to us."""

from __future__ import annotations

import gzip
import json
import logging
import random
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from focus_assets.config import Config, Destination, ExchangeSource, FocusAuth
from focus_assets.database.open import Database
from focus_assets.history.errors import Keeping
from focus_assets.history.log import ErrorLog
from focus_assets.mirror import mirror
from focus_assets.model.errors import FocusError
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.wish import Wish
from focus_assets.run import Tools
from focus_assets.sources.open import open_source
from focus_assets_tests.hostile.server import GOOD, endpoint_of
from focus_assets_tests.integration.mirror.scene import Time

PASSWORD, TOKEN = "canary-Pa55word", "canary-t0ken"
SECRETS = ("canar", "Pa55", "t0ken")
REF = PartitionRef("shop", "retail", "things", "DE")
URL = "https://api.test"
Failure = Callable[[httpx.Request, bytes], httpx.Response]


def status(code: int, *, packed: bool = False, **headers: str) -> Failure:
    """An answer that repeats all that it was told."""

    def fail(request: httpx.Request, echo: bytes) -> httpx.Response:
        encoding = {"content-encoding": "gzip"} if packed else {}
        body = gzip.compress(echo) if packed else echo
        return httpx.Response(code, headers={**encoding, **headers}, stream=_Once(body))

    return fail


def raising(error: type[Exception], text: str = "it broke") -> Failure:
    def fail(request: httpx.Request, echo: bytes) -> httpx.Response:
        raise error(text)

    return fail


def breaking(request: httpx.Request, echo: bytes) -> httpx.Response:
    return httpx.Response(200, stream=_Once(echo, httpx.ReadError("reset")))


def object_of(padding: int) -> Failure:
    """An error as JSON, its secrets where a text may be cut."""

    def fail(request: httpx.Request, echo: bytes) -> httpx.Response:
        said = {"error": "x" * padding + f"{TOKEN} and {PASSWORD}", "total_items": TOKEN}
        return httpx.Response(200, stream=_Once(json.dumps(said).encode()))

    return fail


FAILURES: dict[str, Failure] = {
    **{f"{code}": status(code) for code in (201, 204, 206, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 503)},
    **{f"{code} packed": status(code, packed=True) for code in (401, 403, 500)},
    "200 with what it was told": status(200),
    **{f"200 with an error, {padding}": object_of(padding) for padding in (0, 178, 185)},
    "200 packed": status(200, packed=True),
    "302": status(302, location=f"https://evil.test/?token={TOKEN}&password={PASSWORD}"),
    "307": status(307, location=f"https://{TOKEN}:{PASSWORD}@evil.test/"),
    "encoded as the token": status(200, **{"content-encoding": TOKEN}),
    "retry after the token": status(429, **{"retry-after": TOKEN}),
    "breaking": breaking,
    "timeout": raising(httpx.ReadTimeout),
    "no connection": raising(httpx.ConnectError),
    "protocol": raising(httpx.RemoteProtocolError),
    "our protocol": raising(httpx.LocalProtocolError, f"Illegal header value {TOKEN!r}"),
}


class _Once(httpx.AsyncByteStream):
    def __init__(self, body: bytes, error: Exception | None = None) -> None:
        self._body, self._error = body, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        if self._error:
            raise self._error


class Treacherous(httpx.AsyncBaseTransport):
    """Well-behaved but at one endpoint."""

    def __init__(self) -> None:
        self.endpoint, self.failure = "", FAILURES["500"]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path
        endpoint = endpoint_of(b"GET " + path + b" HTTP/1.1")
        if endpoint == self.endpoint:
            return self.failure(request, self._told(request))
        body = GOOD[endpoint].replace(b'"t"', f'"{TOKEN}"'.encode())
        date = {"date": "Tue, 01 Jul 2025 17:00:00 GMT"}
        return httpx.Response(200, headers={"content-length": str(len(body)), **date}, stream=_Once(body))

    def _told(self, request: httpx.Request) -> bytes:
        return f"you said {request.headers.get('authorization')} {PASSWORD} {TOKEN} ".encode() + request.content


@dataclass
class Ear(logging.Handler):
    """Hears everything that any logger says."""

    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))

    __hash__ = logging.Handler.__hash__


@pytest.fixture
def ear() -> Iterator[Ear]:
    root, found = logging.getLogger(), Ear()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(found)
    yield found
    root.removeHandler(found)
    root.setLevel(before)


def config(home: Path) -> Config:
    given: dict[str, Any] = {
        "kind": "exchange",
        "base_url": URL,
        "business_service": "retail",
        "auth": FocusAuth(kind="focus", username="ada", password=SecretStr(PASSWORD)),
        "countries": ("DE",),
        "retry": {"attempts": 2},
    }
    return Config(sources={"shop": ExchangeSource(**given)}, destination=Destination(), home=home)


def told(outcome: Outcome) -> list[str]:
    """Everything that somebody could print of an outcome."""
    error = outcome.error
    assert error is not None
    return [repr(outcome), *everything(error)]


def everything(error: BaseException) -> list[str]:
    shown = [repr(vars(one)) for one in _chain(error) if isinstance(one, FocusError)]
    return [str(error), repr(error), *shown, *traceback.format_exception(error)]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def insist(texts: list[str], where: str) -> None:
    for text in texts:
        assert not any(secret in text for secret in SECRETS), f"{where}: {text}"


def told_by_files(folder: Path) -> list[str]:
    """Where in a folder a secret stands, and what is around it."""
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if (at := content.find(b"canar")) >= 0:
            found.append(f"{file}: {content[max(0, at - 80) : at + 40]!r}")
    return found


@pytest.mark.parametrize("endpoint", list(GOOD))
async def test_no_failing_path_tells_a_secret(endpoint: str, tmp_path: Path, ear: Ear) -> None:
    database = Database(Destination(url=SecretStr(f"sqlite:///{tmp_path / 'mirror.db'}")))
    transport = Treacherous()
    assert (await _run(database, transport, tmp_path)).error is None
    transport.endpoint = endpoint
    for name, failure in FAILURES.items():
        transport.failure = failure
        outcome = await _run(database, transport, tmp_path, full=endpoint == "full")
        if outcome.error is not None:
            insist(told(outcome), f"{endpoint}, {name}")
    insist(ear.heard, "the log")
    assert (tmp_path / "errors.jsonl").stat().st_size > 0
    assert not told_by_files(tmp_path)


async def _run(database: Database, transport: Treacherous, home: Path, *, full: bool = False) -> Outcome:
    time = Time()
    source = open_source("shop", config(home), clock=time, chance=random.Random(0), transport=transport)
    async with source as found:
        insist([repr(found), repr(vars(found)), repr(vars(found._client))], "the source's repr")  # type: ignore[attr-defined]
        tools = Tools(clock=time, now=time.now, keeping=Keeping(log=ErrorLog(home / "errors.jsonl")))
        return await mirror(found, database, REF, wish=Wish(full=full), tools=tools)
