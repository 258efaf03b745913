"""Ports are found, not assumed."""

from __future__ import annotations

import socket

from focus_assets.cli.dev import HOST, free_port
from focus_assets_tests.ports import port_of_our_own


def test_a_port_that_is_free_is_taken() -> None:
    port = port_of_our_own()
    assert free_port(port) == port


def test_another_is_found_where_somebody_listens() -> None:
    with socket.create_server((HOST, 0)) as server:
        taken = server.getsockname()[1]
        assert free_port(taken) != taken
