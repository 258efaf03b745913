"""Find ports that nobody else gets meanwhile: where nobody answers, and where a server of one's own may listen."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_HOST = "127.0.0.1"
# Below those that systems hand out to clients by themselves, and above those of known services.
_FIRST, _LAST = 20_000, 32_000


@contextmanager
def nobody() -> Iterator[int]:
    """A port that refuses connections: it is held, so that nobody can begin to listen there."""
    with socket.socket() as holder:
        holder.bind((_HOST, 0))
        yield int(holder.getsockname()[1])


def port_of_our_own() -> int:
    """A port for a server that is about to start: free now, and none that a client is given by chance meanwhile."""
    chance = random.SystemRandom()
    while True:
        with socket.socket() as probe:
            try:
                probe.bind((_HOST, chance.randint(_FIRST, _LAST)))
            except OSError:
                continue
            return int(probe.getsockname()[1])
