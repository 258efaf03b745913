"""Turn lines, or one JSON text, into the answer's bytes: mangled by a fault, zipped, framed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from math import ceil

from focus_assets.sandbox.exchange import Ending, Response, json_response, whole_response
from focus_assets.sandbox.faults import Fault, Kind, cut, duplicated, garbled
from focus_assets.sandbox.options import Framing
from focus_assets.sandbox.timeline import SECOND

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>\n"
_HTML = {"content-type": "text/html; charset=utf-8"}
_BROKEN = frozenset({Kind.RESET, Kind.HANGUP})
_ENDINGS = {Kind.RESET: Ending.RESET, Kind.HANGUP: Ending.CUT}


@dataclass(frozen=True, slots=True)
class Content:
    """The body of a good answer: chunks of whole lines that can be made more than once, and how many lines."""

    chunks: Callable[[], Iterator[bytes]]
    lines: int
    content_type: str = "application/x-ndjson"
    counted: bool = True

    def mangled(self, fault: Fault | None) -> Content:
        """What a fault leaves of it."""
        if fault is None:
            return self
        whole, keep = self.chunks, fault.cut_after(self.lines)
        match fault.kind:
            case Kind.CUT_CLEAN:
                return replace(self, chunks=lambda: cut(whole(), keep, within=False))
            case Kind.CUT_LINE | Kind.CUT_GZIP | Kind.RESET | Kind.HANGUP:
                return replace(self, chunks=lambda: cut(whole(), keep, within=True))
            case Kind.DUPLICATES:
                total = self.lines + self.lines // fault.every
                return replace(self, chunks=lambda: duplicated(whole(), fault.every), lines=total)
            case Kind.GARBLED:
                return replace(self, chunks=lambda: garbled(whole(), keep, fault.line.encode()))
        return self


@dataclass(frozen=True, slots=True)
class Dress:
    """How a body travels."""

    gzip: bool
    framing: Framing
    total_lines: bool


def instead(fault: Fault | None, now: int) -> Response | None:
    """The answer of a fault that never reaches the content; None where it does."""
    match fault.kind if fault else None:
        case Kind.TOO_MANY | Kind.UNAVAILABLE if fault:
            headers = {"retry-after": retry_after(fault, now)}
            return json_response(int(fault.kind), {"error": "try again later"}, headers)
        case Kind.FAILED:
            return whole_response(500, _PAGE, _HTML)
        case Kind.UNAUTHORIZED:
            return json_response(401, {"error": "the token is not valid"})
        case Kind.EMPTY:
            return whole_response(200, b"", {"content-type": "application/x-ndjson"})
        case Kind.HTML:
            return whole_response(200, _PAGE, _HTML)
        case Kind.ERROR_OBJECT:
            return json_response(200, {"error": "internal error", "code": 5000})
        case Kind.DROP:
            return Response(200, {}, iter(()), Ending.SILENT)
    return None


def retry_after(fault: Fault, now: int) -> str:
    """Whole seconds, or a date, rounded up."""
    if fault.as_date:
        return formatdate(ceil(now / SECOND + fault.seconds), usegmt=True)
    return str(ceil(fault.seconds))


def dressed(content: Content, dress: Dress, fault: Fault | None) -> Response:
    """The answer to a good request, or what a fault makes of it."""
    kind = fault.kind if fault else None
    left = content.mangled(fault)
    slow = fault.seconds if fault and kind is Kind.SLOW else 0.0
    headers = _headers(left, dress, declared=content if kind in _BROKEN else left, sealed=kind is not Kind.CUT_GZIP)
    sealed = kind is not Kind.CUT_GZIP and kind not in _BROKEN
    ending = _ENDINGS.get(kind, Ending.NORMAL) if kind else Ending.NORMAL
    return Response(200, headers, _encoded(left.chunks(), dress, sealed=sealed), ending, slow, slow)


def _headers(left: Content, dress: Dress, *, declared: Content, sealed: bool) -> dict[str, str]:
    headers = {"content-type": left.content_type}
    if dress.gzip:
        headers["content-encoding"] = "gzip"
    if dress.total_lines and left.counted:
        headers["x-total-lines"] = str(left.lines)
    if dress.framing == "length":
        headers["content-length"] = str(sum(map(len, _encoded(declared.chunks(), dress, sealed=sealed))))
    if dress.framing == "close":
        headers["connection"] = "close"
    return headers


def _encoded(chunks: Iterator[bytes], dress: Dress, *, sealed: bool) -> Iterator[bytes]:
    return zipped(chunks, sealed=sealed) if dress.gzip else chunks


def zipped(chunks: Iterable[bytes], *, sealed: bool = True) -> Iterator[bytes]:
    """Gzip; without its trailer where it is not `sealed`. The same input always gives the same bytes."""
    packer = zlib.compressobj(level=1, wbits=31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush(zlib.Z_FINISH if sealed else zlib.Z_SYNC_FLUSH)
