"""Write a source's entry for focus.yaml: as short as it can be, with a word on each guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from focus_assets.cli.source.request import speaks_of_a_secret
from focus_assets.model.records import Format
from focus_assets.sources.rest.guess import Guess
from focus_assets.sources.rest.shape import quoted

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*|0|[1-9][0-9]{0,8}")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")
_ADDRESS = re.compile(r"[0-9.]+|.*:.*|localhost")
_FEW_TYPES = 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address in its parts: what is a secret in its query is not among the parameters.

    `bearer` names the environment's variable that holds a token.
    """

    name: str
    resource: str
    base_url: str
    path: str
    params: Mapping[str, str]
    key: tuple[str, str] | None = None
    bearer: str | None = None

    @classmethod
    def of(
        cls, url: str, name: str | None = None, resource: str | None = None, *, bearer: str | None = None
    ) -> Endpoint:
        """Names that are not given are taken from the host and from the path's end."""
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        secrets = [(param, value) for param, value in query if speaks_of_a_secret(param)]
        key = secrets[0] if secrets else None
        end = unquote(parts.path).rstrip("/").rpartition("/")[2].partition(".")[0]
        return cls(
            name or _name_of(parts.hostname or ""),
            resource or _NOT_IN_A_NAME.sub("_", end).strip("_") or "records",
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            parts.path or "/",
            {param: value for param, value in query if (param, value) != key},
            key,
            bearer,
        )

    @property
    def variable(self) -> str:
        """The environment's variable for the key."""
        return f"{_NOT_IN_A_NAME.sub('_', self.name)}_KEY".upper()


def _name_of(host: str) -> str:
    """`api.example.org` is `example`; an address without a name is `api`."""
    if _ADDRESS.fullmatch(host):
        return "api"
    labels = host.split(".")[:-1] or [host]
    name = _NOT_IN_A_NAME.sub("_", next((label for label in reversed(labels) if len(label) > 2), labels[-1]))
    return name if name[:1].isalpha() else f"api_{name}"


def entry_lines(endpoint: Endpoint, guess: Guess, *, delimiter: str = ",") -> Iterator[str]:
    """The lines under `sources:`, the source's name first."""
    yield f"  {endpoint.name}:"
    yield "    kind: rest"
    yield f"    base_url: {endpoint.base_url if _URL.fullmatch(endpoint.base_url) else scalar(endpoint.base_url)}"
    if endpoint.bearer:
        yield f'    auth: {{kind: bearer, token: "${{{endpoint.bearer}}}"}}'
    elif endpoint.key:
        name = scalar(endpoint.key[0])
        yield f'    auth: {{kind: api_key, in: query, name: {name}, value: "${{{endpoint.variable}}}"}}'
    yield "    resources:"
    yield f"      {scalar(endpoint.resource)}:"
    yield from (f"        {line}" for line in _resource_lines(endpoint, guess, delimiter))


def _resource_lines(endpoint: Endpoint, guess: Guess, delimiter: str) -> Iterator[str]:
    paged = {value for name, value in guess.pagination.items() if name.endswith("param")}
    params = {name: value for name, value in endpoint.params.items() if name not in paged}
    yield f"path: {scalar(endpoint.path)}"
    if params:
        yield f"params: {_flow(params)}"
    if guess.format is not Format.JSON:
        yield f"format: {guess.format.value}"
    if guess.format is Format.CSV and delimiter != ",":
        yield f"delimiter: {json.dumps(delimiter)}"
    if guess.records:
        yield f"records: {scalar(guess.records)}"
    if guess.days:
        yield "transform: [{explode_keys: {as: day}}]      # each day of the object becomes a row"
    yield from _key_lines(guess)
    yield from _page_lines(guess)
    yield from _column_lines(guess)


def _key_lines(guess: Guess) -> Iterator[str]:
    if guess.key:
        yield f"primary_key: {_list(guess.key)}      # a guess: it tells the {guess.count:,} records of one page apart"
    else:
        first = next(iter(guess.types), "id")
        yield f"primary_key: {_list((first,))}      # no columns were found that tell records apart: name them"


def _page_lines(guess: Guess) -> Iterator[str]:
    if guess.pagination["kind"] == "none":
        yield "# pagination: none was seen; kinds: page, offset, cursor, next_link, link_header"
    else:
        yield f"pagination: {_flow(guess.pagination)}"
    if guess.total:
        yield f"total: {scalar(guess.total)}"
    else:
        yield "# total: where a page has the number of all records; without it loads are unverified"


def _column_lines(guess: Guess) -> Iterator[str]:
    types = [f"{scalar(name)}: {scalar(str(found))}" for name, found in guess.types.items()]
    yield "# Without columns, a whole first load says what they are. This page says:"
    if len(types) <= _FEW_TYPES:
        yield f"# columns: {{{', '.join(types)}}}"
        return
    yield "# columns:"
    yield from (f"#   {line}" for line in types)


def _flow(found: Mapping[str, str | int]) -> str:
    return "{" + ", ".join(f"{scalar(name)}: {scalar(str(value))}" for name, value in found.items()) + "}"


def _list(names: tuple[str, ...]) -> str:
    return f"[{', '.join(scalar(name) for name in names)}]"


def scalar(text: str) -> str:
    """A text as YAML reads it, in quotes where it could be taken for anything else.

    >>> [scalar(text) for text in ("rows", "500", "1.10", "no", "a: b", "${X}")]
    ['rows', '500', '"1.10"', '"no"', '"a: b"', '"$${X}"']
    >>> print(scalar('rates."@count"'))
    'rates."@count"'
    """
    literal = text.replace("${", "$${")
    if literal == text and _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    if '"' in literal and literal.isprintable() and "'" not in literal:
        return f"'{literal}'"
    return quoted(literal)
