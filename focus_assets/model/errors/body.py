"""What is wrong with an answer's body."""

from __future__ import annotations

from focus_assets.model.errors.api import ApiError


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
