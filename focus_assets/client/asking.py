"""Say what can be asked of an API, where requests may go, what they may cost, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pydantic import SecretStr

from focus_assets.client.decode import Limits
from focus_assets.model.purse import Purse

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: until a connection stands, between two pieces of an answer, for a whole answer, for a whole stream."""

    connect: float = 10.0
    read: float = 60.0
    request: float = 120.0
    stream: float = 3600.0


@cache
def _version() -> str:
    try:
        return version("focus-assets")
    except PackageNotFoundError:  # run from a folder that was not installed
        return "unknown"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where requests may go, and what they may cost.

    `origins` are URLs; only their scheme, host and port count; a login alone may go to `login_origins` too. `ca_file`
    names the certificates to trust instead of the usual ones; `trust_env` lets the proxy variables of the environment
    count. A request fails when so many tokens were refused that were obtained for it: `own_grants`. With `new_id` each
    request that has none carries such an id as its X-Correlation-ID, and its errors tell it. The `purse` pays for
    requests and bytes.
    """

    origins: Collection[str]
    login_origins: Collection[str] = ()
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    document_bytes: int = 8 * 1024 * 1024
    connections: int = 64
    ca_file: str | None = None
    trust_env: bool = False
    user_agent: str = field(default_factory=lambda: f"focus-assets/{_version()}")
    headers: Mapping[str, SecretStr] = field(default_factory=dict)
    own_grants: int = 1
    new_id: Callable[[], str] | None = None
    purse: Purse = field(default_factory=Purse)


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask; `params`, where there are any, replace the query of `url`; `json`, or JSON `content`, is its body.

    `headers` go with this request alone; what the login shows wins over them. An anonymous request shows no
    credentials.
    """

    url: str
    method: str = "GET"
    params: Params = field(default_factory=dict)
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """A whole body, decoded and checked to its end.

    `next_link` is the target of `Link: …; rel="next"` as the server wrote it; `server_time` its clock, None where it
    did not say; `correlation_id` what the request was sent with.
    """

    data: bytes
    server_time: datetime | None
    next_link: str | None
    status: int
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer, and the server's clock when it gave it (None where it did not say)."""

    value: object
    server_time: datetime | None
