"""Read the body of an answer, whatever its format, into records: exactly, or it is refused by name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from focus_assets.client import Subject
from focus_assets.client.protocol import as_it_is
from focus_assets.model.errors import BadValue, LimitExceeded, UnexpectedBody
from focus_assets.model.jsontext import MAX_DEPTH, MAX_DIGITS, has_too_many_parts, too_deep_at
from focus_assets.model.paths import path as compiled
from focus_assets.model.records import Format, Record, Scientific
from focus_assets.sources.rest.xml import read_xml

MAX_PARTS = 3_000_000  # values of one body
ENVELOPE = 16  # how much deeper than a record a document may be
BLANK = " \t\r\n"


def parse(body: bytes, form: Format, *, url: str, hide: Callable[[str], str] = as_it_is, delimiter: str = ",") -> Any:
    """The document of a body that is UTF-8 (XML: what it declares), with or without a byte order mark.

    JSON gives its values: whole numbers as int, all others as Decimal, with an exponent as Scientific. NDJSON gives
    the list of its lines. CSV gives a list of objects by the names in its first line; an empty field is None, all
    others are texts. XML gives `{root: value}`: see `read_xml`. `hide` takes credentials out of what errors show.

    Raises UnexpectedBody for a body that is not of its format, LimitExceeded for one that is far too large.
    """
    page = _Page(body, Subject(asked=url, hide=hide))
    match form:
        case Format.JSON:
            return _json(page)
        case Format.NDJSON:
            return list(_ndjson(page))
        case Format.CSV:
            return list(_csv(page, delimiter))
        case Format.XML:
            return read_xml(body, page.subject, most=MAX_PARTS)


def records_at(
    document: Any, path: str | None, *, url: str, body: bytes, hide: Callable[[str], str] = as_it_is
) -> list[Record]:
    """The records of a document: a list where the JMESPath leads, or at the top; one object alone is one record.

    Raises UnexpectedBody where the path finds nothing, which an answer that tells of an error does; BadValue, with
    the record's number, for what is no object.
    """
    subject = Subject(asked=url, hide=hide)
    found = document if path is None else _found(document, path, subject, body)
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        where = "the answer" if path is None else f"the path {path!r}"
        problem = f"{where} holds a single value where records are expected"
        raise UnexpectedBody(problem, url=subject.url, body_start=subject.start_of(body))
    for number, record in enumerate(found, 1):
        if not isinstance(record, dict):
            raise BadValue("expected an object", feed=f"record {number}", value=hide(_shown(record)))
    return found


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    subject: Subject

    @property
    def text(self) -> str:
        """Raises UnexpectedBody for what is not UTF-8."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = error.start
        raise self.unexpected("the answer is not UTF-8", byte=place)

    def unexpected(self, problem: str, *, line: int | None = None, byte: int | None = None) -> UnexpectedBody:
        """The error for a body that is not what it should be."""
        start = self.subject.start_of(self.body)
        return UnexpectedBody(problem, line=line, byte=byte, url=self.subject.url, body_start=start)

    def check_size(self) -> None:
        """Raises LimitExceeded for more values than a memory should hold."""
        if has_too_many_parts(self.body, MAX_PARTS):
            raise LimitExceeded(f"the answer has more than {MAX_PARTS:,} values", url=self.subject.url)


def _found(document: Any, path: str, subject: Subject, body: bytes) -> Any:
    try:
        found = compiled(path).find(document)
    except BadValue:
        found = None
    if found is None:
        problem = f"the path {path!r} finds nothing in the answer"
        raise UnexpectedBody(problem, url=subject.url, body_start=subject.start_of(body))
    return found


def _shown(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=True)[:100]


# --- JSON and NDJSON ---


def _json(page: _Page) -> Any:
    page.check_size()
    text = page.text
    if not text.strip(BLANK):
        raise page.unexpected("the answer is empty")
    return _value(text, page, line=None)


def _ndjson(page: _Page) -> Iterator[Any]:
    page.check_size()
    for number, line in enumerate(page.text.split("\n"), 1):
        if line.strip(BLANK):
            yield _value(line, page, line=number)


def _value(text: str, page: _Page, *, line: int | None) -> Any:
    if too_deep_at(text, MAX_DEPTH + ENVELOPE) is not None:
        problem = f"the answer nests deeper than {MAX_DEPTH + ENVELOPE} levels"
        raise LimitExceeded(problem, line=line, url=page.subject.url)
    try:
        return _READER.decode(text)
    except (_Refused, json.JSONDecodeError) as error:
        said = str(error) if isinstance(error, _Refused) else f"{error.msg} at character {error.pos}"
    except ValueError:
        said = "an integer has far too many digits"
    # outside of the except block: the parser's error holds the whole body
    raise page.unexpected(f"the answer is not the JSON that was expected: {page.subject.hide(said)}", line=line)


class _Refused(ValueError):
    """JSON that could be read, and that two readers could take for different things."""


def _members(pairs: list[tuple[str, Any]]) -> Record:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the name {twice[:60]!a} is there twice in one object")
    return members


def _decimal(text: str) -> Decimal:
    try:
        number = Scientific(text) if "e" in text or "E" in text else Decimal(text)
    except ArithmeticError:
        number = None
    if number is None or abs(number.adjusted()) > MAX_DIGITS or len(text) > 2 * MAX_DIGITS:
        raise _Refused(f"the number {text[:40]} is out of all bounds")
    return number


def _constant(name: str) -> object:
    raise _Refused(f"{name} is no JSON number")


_READER = json.JSONDecoder(object_pairs_hook=_members, parse_float=_decimal, parse_constant=_constant)


# --- CSV ---


def _csv(page: _Page, delimiter: str) -> Iterator[Record]:
    lines = csv.reader(io.StringIO(page.text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = next(lines, None)
        if names is None:
            return
        _check_names(names, page)
        for fields in lines:
            if fields:
                yield _csv_record(names, fields, page, lines.line_num)
    except csv.Error as error:
        problem, line = f"the answer is not the CSV that was expected: {error}", lines.line_num
    else:
        return
    raise page.unexpected(problem, line=line)


def _check_names(names: list[str], page: _Page) -> None:
    if not all(names):
        raise page.unexpected("a column has no name in the first line", line=1)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise page.unexpected(f"the first line names the column {twice[:60]!a} twice", line=1)


def _csv_record(names: list[str], fields: list[str], page: _Page, line: int) -> Record:
    if len(fields) != len(names):
        problem = f"the line has {len(fields):,} fields, and the first line names {len(names):,}"
        raise page.unexpected(problem, line=line)
    return {name: field or None for name, field in zip(names, fields, strict=True)}
