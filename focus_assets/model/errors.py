"""Name everything that can go wrong.

FocusError
├── ConfigurationError            the call or the configuration is wrong: exit code 2
│   ├── InvalidConfiguration      a file, the path of a key in it, and what was expected there
│   ├── UnknownSource             } a name that is not there,
│   ├── UnknownResource           } with the names
│   ├── UnknownPartition          } that are
│   ├── ServiceNotFound           } a registry or a descriptor
│   ├── ResourceNotFound          } that lacks a name
│   ├── ClientNotEntered          a client that is used before it was entered, or after it was left
│   └── MissingExtra              an optional dependency that this configuration needs
├── ApiError                      the API did not give what it was asked for
│   ├── ApiUnreachable            no connection, or one that broke before the answer's head  (repeatable)
│   ├── ApiTimeout                connect, read or total deadline passed                     (repeatable)
│   ├── ServerFailed              5xx                                                        (repeatable)
│   ├── RateLimited               429                                                        (repeatable)
│   ├── StaleAnswer               one that something between us and the server had kept      (repeatable)
│   ├── AuthenticationFailed      the credentials, or a token obtained for this very request, were refused
│   ├── PermissionDenied          403
│   ├── NotFound                  404
│   ├── DeltaExpired              410: the server no longer keeps what the delta asks for
│   ├── VersionConflict           412: somebody else changed it since the version that was named
│   ├── ServiceDiscoveryFailed    a registry did not say where its services are
│   ├── ResourceDiscoveryFailed   a service did not say which resources it has
│   ├── TokenFailed               an identity service issued no token
│   ├── RequestRefused            any other status that is not 200
│   ├── RedirectRefused           3xx: an authenticated call is never redirected
│   ├── OriginRefused             a link that leaves the configured origins
│   └── BodyError                 a 200 whose body is not what it should be: feed, line, byte
│       ├── Truncated             the body ended early                                       (repeatable)
│       ├── UnexpectedBody        HTML, an error object, nothing at all                      (repeatable)
│       ├── CorruptEncoding       gzip that does not decode to its trailer                   (repeatable)
│       ├── UnsupportedEncoding   an encoding that was not asked for
│       ├── PageRepeated          a page or a link to one that came before: the pages would never end
│       └── LimitExceeded         a line, a body or a nesting beyond the limit
├── SchemaError
│   ├── InvalidSchema             the schema's answer has not the documented shape
│   ├── UnknownType               a column of a type that nobody described
│   ├── NameRefused               a hostile, reserved or colliding name
│   └── SchemaChanged             a column was removed, retyped or left the key; or the schema moved during the load
├── RowError                      one line that cannot be stored as it is: feed, line, column, start of the value
│   ├── BadValue                  wrong type, out of range, NaN, NUL, lone surrogate, too precise
│   ├── DuplicateName             one JSON object that names a key twice
│   ├── MissingKey                a null or absent primary key
│   ├── UnknownAttribute          a line has an attribute that the schema lacks
│   └── FunctionFailed            a user's own function raised an error for a record
├── SharedLimitUnavailable        the file by which processes share a rate limit cannot be used
├── LoadError                     the load was judged and not published
│   ├── Incomplete                a full load that does not hold what both states say
│   ├── ShrinkRefused             the shrink guard
│   ├── Unsettled                 the server kept moving, and the count fits no state it showed
│   └── StaleGeneration           another run published first
├── WriteError                    a write was not done
│   ├── KeyBusy                   an earlier write of the same key is not settled yet
│   ├── OvertakenWrite            another worker took the write over
│   └── UnknownOperation          an operation that was never recorded
└── DatabaseError
    ├── DatabaseUnreachable       no connection, or one that was lost
    ├── DatabaseBusy              somebody else holds the lock
    ├── DatabaseRefused           a right, a database or a table that is missing
    ├── StorageFull               no room left
    └── DatabaseFailed            anything else that the driver said
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class FocusError(Exception):
    """The root of the tree; its text is one sentence for a person."""

    repeatable: ClassVar[bool] = False


class ConfigurationError(FocusError):
    """The call or the configuration is wrong; trying again changes nothing."""


class InvalidConfiguration(ConfigurationError):
    """A file, a key's path in it and what was expected there."""

    def __init__(self, where: str, problem: str, *, path: str = "") -> None:
        self.where, self.path, self.problem = where, path, problem
        super().__init__(": ".join(part for part in (where, path, problem) if part))


class _UnknownName(ConfigurationError):
    noun: ClassVar[str]

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        near = difflib.get_close_matches(name, self.known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"there is no {self.noun} {name!r}; known: {_some(self.known)}{hint}")


class UnknownSource(_UnknownName):
    """A source that the configuration does not have."""

    noun = "source"


class UnknownResource(_UnknownName):
    """A resource that the API does not have."""

    noun = "resource"


class UnknownPartition(_UnknownName):
    """A country (or other partition) that the source does not have."""

    noun = "partition"


class ServiceNotFound(_UnknownName):
    """A service that the registry does not have."""

    noun = "service"


class ResourceNotFound(_UnknownName):
    """A resource that the service's descriptor does not have."""

    noun = "resource"


class ClientNotEntered(ConfigurationError):
    """A client that is used before it was entered, or after it was left."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} works within its `with` block alone: enter it before the first call")


class MissingExtra(ConfigurationError):
    """An optional dependency that this configuration needs."""

    def __init__(self, extra: str, *, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs the extra {extra!r}: pip install 'focus-assets[{extra}]'")


class ApiError(FocusError):
    """The API did not give what it was asked for.

    `url` is without credentials and without the values of query parameters; `status` is None where
    there was no answer; `retry_after` is in seconds, None where the server named no time. `attempts` is how often the
    request was tried before the error was raised, `correlation_id` what it was sent with, where it was sent with one.
    """

    correlation_id: str = ""

    def __init__(
        self,
        problem: str,
        *,
        url: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        body_start: str = "",
    ) -> None:
        self.problem, self.url, self.status = problem, url, status
        self.retry_after, self.body_start = retry_after, body_start
        self.attempts = 1
        said = f" (it answered: {body_start})" if body_start else ""
        super().__init__(f"{problem}{f' at {url}' if url else ''}{said}")


class ApiUnreachable(ApiError):
    """No connection, or one that broke before the answer's head."""

    repeatable = True


class ApiTimeout(ApiError):
    """A connect, read or total deadline passed."""

    repeatable = True


class ServerFailed(ApiError):
    """5xx."""

    repeatable = True


class RateLimited(ApiError):
    """429."""

    repeatable = True


class StaleAnswer(ApiError):
    """An answer that something between us and the server had kept, though none was asked for."""

    repeatable = True


class AuthenticationFailed(ApiError):
    """The credentials, or a token obtained for this very request, were refused."""


class PermissionDenied(ApiError):
    """403."""


class NotFound(ApiError):
    """404."""


class DeltaExpired(ApiError):
    """410: the server no longer keeps what the delta asks for."""


class VersionConflict(ApiError):
    """412: somebody else changed it since the version that was named."""


class ServiceDiscoveryFailed(ApiError):
    """A registry did not say where its services are."""


class ResourceDiscoveryFailed(ApiError):
    """A service did not say which resources it has."""


class TokenFailed(ApiError):
    """An identity service issued no token."""


class RequestRefused(ApiError):
    """Any other status that is not 200."""


class RedirectRefused(ApiError):
    """3xx: an authenticated call is never redirected."""


class OriginRefused(ApiError):
    """A link that leaves the configured origins."""


class BodyError(ApiError):
    """A 200 whose body is not what it should be.

    `feed` names the stream (`full`, `created`, ...), `line` counts from 1, `byte` counts the decoded
    body's bytes from 0; None where it is not known.
    """

    def __init__(
        self,
        problem: str,
        *,
        feed: str = "",
        line: int | None = None,
        byte: int | None = None,
        url: str = "",
        body_start: str = "",
    ) -> None:
        self.feed, self.line, self.byte = feed, line, byte
        places = (feed, f"line {line}" if line is not None else "", f"byte {byte}" if byte is not None else "")
        place = ", ".join(part for part in places if part)
        super().__init__(f"{place}: {problem}" if place else problem, url=url, status=200, body_start=body_start)


class Truncated(BodyError):
    """The body ended early."""

    repeatable = True


class UnexpectedBody(BodyError):
    """HTML, an error object, nothing at all."""

    repeatable = True


class CorruptEncoding(BodyError):
    """Gzip that does not decode to its trailer."""

    repeatable = True


class UnsupportedEncoding(BodyError):
    """An encoding that was not asked for."""


class PageRepeated(BodyError):
    """A page or a link to one that came before: the pages would never end."""


class LimitExceeded(BodyError):
    """A line, a body or a nesting beyond the limit."""


class SchemaError(FocusError):
    """The schema cannot be mirrored as it is."""


class InvalidSchema(SchemaError):
    """The schema's answer has not the documented shape."""


class UnknownType(SchemaError):
    """A column of a type that nobody described."""

    def __init__(self, resource: str, column: str, type_name: str, known: Iterable[str]) -> None:
        self.resource, self.column, self.type_name = resource, column, type_name
        super().__init__(f"{resource}.{column}: unknown type {type_name!r}; known: {_some(tuple(known))}")


class NameRefused(SchemaError):
    """A hostile, reserved or colliding name."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"the name {_start(name)} is refused: {reason}")


class SchemaChanged(SchemaError):
    """A column was removed, retyped or left the key; or the schema moved during the load."""


class RowError(FocusError):
    """One line that cannot be stored as it is: feed, line (from 1), column, start of the value.

    Of records that are no lines, `feed` names the record: its number and its key.
    """

    def __init__(self, problem: str, *, feed: str = "", line: int = 0, column: str = "", value: str = "") -> None:
        self.problem, self.feed, self.line, self.column, self.value = problem, feed, line, column, value
        places = (feed, f"line {line}" if line else "", f"column {column!r}" if column else "")
        place = ", ".join(part for part in places if part)
        found = f"; found {_start(value)}" if value else ""
        super().__init__(f"{place}: {problem}{found}" if place else f"{problem}{found}")


class BadValue(RowError):
    """Wrong type, out of range, NaN, NUL, a lone surrogate, too precise."""


class DuplicateName(RowError):
    """One JSON object that names a key twice."""


class MissingKey(RowError):
    """A null or absent primary key."""


class UnknownAttribute(RowError):
    """A line has an attribute that the schema lacks."""


class FunctionFailed(RowError):
    """A user's own function raised an error for a record."""


class SharedLimitUnavailable(FocusError):
    """The file by which processes share a rate limit cannot be used."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(
            f"the requests of all processes cannot be counted in {path}: {problem}; "
            "make its folder writable, or delete the file"
        )


class LoadError(FocusError):
    """The load was judged, and not published: rows and ledger are as they were."""


class Incomplete(LoadError):
    """A full load that does not hold what both states say."""

    def __init__(self, *, held: int, total_items: int) -> None:
        self.held, self.total_items = held, total_items
        super().__init__(
            f"the full load holds {held:,} rows, the server said {total_items:,} before and after it; "
            "nothing was published"
        )


class ShrinkRefused(LoadError):
    """The shrink guard: far fewer rows than the last load committed."""

    def __init__(self, *, before: int, after: int, reason: str) -> None:
        self.before, self.after, self.reason = before, after, reason
        super().__init__(
            f"the load would leave {after:,} of {before:,} rows ({reason}); nothing was published. "
            "If the drop is right, run it once with accept_shrink (focus sync --accept-shrink)"
        )


class Unsettled(LoadError):
    """The server kept moving, and the count fits no state that it showed."""

    def __init__(self, *, held: int, totals: tuple[int, int], rounds: int) -> None:
        self.held, self.totals, self.rounds = held, totals, rounds
        super().__init__(
            f"after {rounds} further deltas the mirror would hold {held:,} rows while the server "
            f"moved from {totals[0]:,} to {totals[1]:,}; nothing was published"
        )


class StaleGeneration(LoadError):
    """Another run published first."""

    def __init__(self, where: str, *, expected: int, found: int | None) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"{where}: another run published first (this one began at generation {expected}, "
            f"the ledger is at {'none' if found is None else found}); nothing was changed"
        )


class WriteError(FocusError):
    """A write was not done."""


class KeyBusy(WriteError):
    """An earlier write of the same key is not settled yet."""

    def __init__(self, key: str, operation_id: str = "") -> None:
        self.key, self.operation_id = key, operation_id
        earlier = f"operation {operation_id}" if operation_id else "an earlier operation"
        super().__init__(f"{earlier} on {_start(key)} is not settled yet; nothing was sent. Try again when it is")


class OvertakenWrite(WriteError):
    """Another worker took the write over: what becomes of it is in its intent."""

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id
        super().__init__(f"operation {operation_id} was taken over by another worker; ask for what became of it")


class UnknownOperation(WriteError):
    """An operation that was never recorded."""

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id
        super().__init__(f"there is no operation {_start(operation_id)}")


class DatabaseError(FocusError):
    """The database did not do what it was told."""


class DatabaseUnreachable(DatabaseError):
    """No connection, or one that was lost."""


class DatabaseBusy(DatabaseError):
    """Somebody else holds the lock."""

    repeatable = True


class DatabaseRefused(DatabaseError):
    """A right, a database or a table that is missing."""


class StorageFull(DatabaseError):
    """No room left."""


class DatabaseFailed(DatabaseError):
    """Anything else that the driver said."""


def _start(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "…")


def _some(names: tuple[str, ...], limit: int = 12) -> str:
    if not names:
        return "none"
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
