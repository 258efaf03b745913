"""Count what a server was asked for, and say when that was enough."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Purse:
    """What loads may cost, and what they have cost: requests that left, logins and repeats included, and bytes of
    answers as they came, packed or not. A bound of 0 bounds nothing.
    """

    most_requests: int = 0
    most_bytes: int = 0
    requests: int = 0
    bytes: int = 0

    def pay_request(self) -> None:
        """One more has left."""
        self.requests += 1

    def pay_bytes(self, size: int) -> None:
        """So many more bytes have come."""
        self.bytes += size

    @property
    def empty(self) -> bool:
        """Whether no further load may begin; those that have begun go on to their end."""
        return _reached(self.requests, self.most_requests) or _reached(self.bytes, self.most_bytes)

    def __str__(self) -> str:
        return f"{self.requests:,}{_of(self.most_requests)} requests, {self.bytes:,}{_of(self.most_bytes)} bytes"


def _reached(spent: int, most: int) -> bool:
    return bool(most) and spent >= most


def _of(most: int) -> str:
    return f" of {most:,}" if most else ""
