"""Hand out the lines of an answer as they come, and never a clean end after an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import httpx

from focus_assets.client.decode import BodyDecoder
from focus_assets.client.protocol import parse_count, server_time
from focus_assets.client.wire import Wire
from focus_assets.model.errors import ApiError
from focus_assets.model.feed import Block


class LineStream:
    """The lines of one answer as blocks; the loop ends only when the body has been checked to its end."""

    def __init__(self, wire: Wire, decoder: BodyDecoder, headers: httpx.Headers) -> None:
        self.server_time, self.total_lines = server_time(headers), parse_count(headers.get("x-total-lines", ""))
        self.complete = False
        self._wire, self._decoder = wire, decoder
        self._blocks: Iterator[Block] = iter(())
        self._failed: ApiError | None = None
        self._ended = False

    @property
    def lines(self) -> int:
        """Lines that went out so far, blank ones not counted."""
        return self._decoder.lines

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Block:
        """Raises Truncated, CorruptEncoding, UnexpectedBody, LimitExceeded, ApiTimeout."""
        if self._failed is not None:  # who goes on after an error must not take it for the end
            raise self._failed
        try:
            block = await self._next()
        except ApiError as error:
            self._failed = error
            raise
        if block is None:
            self.complete = True
            raise StopAsyncIteration
        return block

    async def _next(self) -> Block | None:
        while (block := next(self._blocks, None)) is None and not self._ended:
            chunk = await self._wire.read()
            self._ended = chunk is None
            self._blocks = self._decoder.finish(self.total_lines) if chunk is None else self._decoder.feed(chunk)
        return block
