"""The sandbox over a real socket: framing, cuts, resets, and clients that behave badly."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from focus_assets.sandbox import PLAIN, Fault, FaultPlan, Kind, Sandbox, SandboxOptions, SandboxServer, Sizes, serve

FULL = "/api/v1/retail/resource/promotions/DE/full/lines"
LOGIN = json.dumps({"username": "demo", "password": "demo"})
ROWS = 2000
PATIENCE = 90.0


def _options(**more: object) -> SandboxOptions:
    return SandboxOptions(sizes=Sizes(promotions=ROWS), **more)  # type: ignore[arg-type]


@contextmanager
def _served(options: SandboxOptions | None = None, *faults: tuple[str, Fault | Kind | str]) -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(options or _options(), faults=FaultPlan(faults))) as server:
        yield server


@contextmanager
def _client(server: SandboxServer[Sandbox]) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=PATIENCE)
    with closing(connection):
        yield connection


def _ask(
    connection: http.client.HTTPConnection, path: str = FULL, token: str = "", **headers: str
) -> http.client.HTTPResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers={"authorization": token, **named})
    return connection.getresponse()


def _token(connection: http.client.HTTPConnection) -> str:
    connection.request("POST", "/api/v1/auth", LOGIN)
    answer = connection.getresponse()
    assert answer.status == 201
    return str(json.loads(answer.read())["token"])


@contextmanager
def _raw(server: SandboxServer[Sandbox]) -> Iterator[socket.socket]:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        yield connection


def _everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_arrives_whole_in_every_framing(framing: str, encoding: str) -> None:
    with _served(_options(framing=framing)) as server, _client(server) as client:
        answer = _ask(client, token=_token(client), accept_encoding=encoding)
        content = answer.read()
        lines = gzip.decompress(content) if encoding == "gzip" else content
        assert lines.count(b"\n") == ROWS
        assert answer.getheader("transfer-encoding") == ("chunked" if framing == "chunked" else None)
        assert answer.getheader("content-length") == (str(len(content)) if framing == "length" else None)


def test_one_connection_serves_many_requests() -> None:
    with _served() as server, _client(server) as client:
        token = _token(client)
        port = client.sock.getsockname()[1]
        for _ in range(5):
            assert _ask(client, token=token).read().count(b"\n") == ROWS
            assert _ask(client, "/nothing").read()
        assert client.sock.getsockname()[1] == port


def test_requests_that_are_sent_at_once_are_answered_in_order() -> None:
    with _served() as server, _raw(server) as client:
        client.sendall(b"GET /first HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert _everything(client).count(b"HTTP/1.1 404 Not Found\r\n") == 2
        assert [seen.path for seen in server.sandbox.log] == ["/first", "/second"]


def test_a_reset_is_a_reset_after_a_part_of_the_body() -> None:
    with _served(None, ("full", "reset")) as server, _client(server) as client:
        answer = _ask(client, token=_token(client))
        assert answer.status == 200
        with pytest.raises(ConnectionResetError):
            answer.read()


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_a_hangup_leaves_the_framing_open(framing: str) -> None:
    with _served(_options(framing=framing), ("full", "hangup")) as server, _client(server) as client:
        with pytest.raises(http.client.IncompleteRead) as caught:
            _ask(client, token=_token(client)).read()
        assert 0 < caught.value.partial.count(b"\n") < ROWS


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_a_clean_cut_looks_like_a_whole_body(framing: str) -> None:
    with (
        _served(_options(framing=framing, extensions=PLAIN), ("full", "cut_clean")) as server,
        _client(server) as client,
    ):
        content = _ask(client, token=_token(client)).read()
        assert content.endswith(b"}\n")
        assert content.count(b"\n") == ROWS // 2


def test_a_cut_in_a_line_closes_the_framing_properly() -> None:
    with _served(None, ("full", "cut_line")) as server, _client(server) as client:
        content = _ask(client, token=_token(client)).read()
        assert not content.endswith(b"\n")
        assert content.count(b"\n") == ROWS // 2


def test_a_drop_closes_the_connection_without_a_word() -> None:
    with _served(None, ("schema", "drop")) as server, _client(server) as client:
        token = _token(client)
        with pytest.raises(http.client.RemoteDisconnected):
            _ask(client, "/api/v1/retail/resource/schema", token)


def test_a_fault_spoils_one_answer_and_not_the_next() -> None:
    with _served(None, ("full", "reset"), ("full", "503")) as server, _client(server) as client:
        token = _token(client)
        with pytest.raises(ConnectionResetError):
            _ask(client, token=token).read()
        client.close()
        assert _ask(client, token=token).status == 503
        client.close()
        assert _ask(client, token=token).read().count(b"\n") == ROWS


def test_a_slow_answer_holds_up_no_other() -> None:
    slow = Fault(Kind.SLOW, seconds=600)
    with _served(None, ("full", slow)) as server, _client(server) as one, _client(server) as other:
        token = _token(one)
        one.request("GET", FULL, headers={"authorization": token})
        assert _ask(other, token=token).read().count(b"\n") == ROWS


def test_a_client_that_reads_nothing_holds_up_no_other() -> None:
    with _served(SandboxOptions(sizes=Sizes(promotions=50_000))) as server, _client(server) as one:
        token = _token(one)
        one.request("GET", FULL, headers={"authorization": token})
        with _client(server) as other:
            assert _ask(other, FULL.replace("DE", "FR"), token).read().count(b"\n") == 50_000


def test_clients_that_vanish_leave_no_trace(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with _served(SandboxOptions(sizes=Sizes(promotions=20_000))) as server:
        with _client(server) as client:
            token = _token(client)
        request = f"GET {FULL} HTTP/1.1\r\nauthorization: {token}\r\n\r\n".encode()
        for content in (b"", b"GET / HT", request, request[:-1]):
            with _raw(server) as vanishing:
                vanishing.sendall(content)
                vanishing.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with _client(server) as client:
            assert _ask(client, token=token).read().count(b"\n") == 20_000
    assert capfd.readouterr().err == ""
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 40_000, 431),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(content: bytes, status: int) -> None:
    with _served() as server, _raw(server) as client:
        client.sendall(content)
        answer = client.recv(65536)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"connection: close" in answer


def test_a_client_of_http_1_0_gets_its_connection_closed() -> None:
    with _served() as server, _raw(server) as client:
        client.sendall(b"GET /sandbox/log HTTP/1.0\r\n\r\n")
        assert _everything(client).endswith(b'{"requests":[]}')


def test_names_and_queries_are_decoded() -> None:
    with _served() as server, _client(server) as client:
        token = _token(client)
        path = (
            "/api/v1/reference/resource/%61irports/D%45/created/lines?delta_timestamp=2020-01-01T00%3A00%3A00&lang=de"
        )
        assert _ask(client, path, token).status == 200


def test_the_world_is_moved_over_the_socket() -> None:
    with _served() as server, _client(server) as client:
        client.request("POST", "/sandbox/change", json.dumps({"resource": "promotions", "country": "DE", "deletes": 3}))
        assert len(json.loads(client.getresponse().read())["changes"][0]["deleted"]) == 3
        assert server.sandbox.view("promotions", "DE").live == ROWS - 3


def test_eight_clients_at_once_all_get_everything() -> None:
    with _served() as server:
        found: list[int] = []

        def fetch() -> None:
            with _client(server) as client:
                found.append(_ask(client, token=_token(client)).read().count(b"\n"))

        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [ROWS] * 8


def test_a_server_ends_while_it_is_sending(capfd: pytest.CaptureFixture[str]) -> None:
    with _served(SandboxOptions(sizes=Sizes(promotions=50_000))) as server:
        client = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=PATIENCE)
        client.request("GET", FULL, headers={"authorization": _token(client)})
    client.close()
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_an_error_at_the_start() -> None:
    with _served() as server, pytest.raises(OSError, match="address already in use"):
        SandboxServer(Sandbox(), port=int(server.url.rsplit(":", 1)[1])).__enter__()


def test_it_listens_on_the_loopback_alone_unless_told_otherwise() -> None:
    with _served() as server:
        assert server.url.startswith("http://127.0.0.1:")


async def test_it_is_served_until_it_is_cancelled() -> None:
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(Sandbox(), started=url.set_result))
    host, port = (await url).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /sandbox/log HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    writer.close()
    await writer.wait_closed()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
