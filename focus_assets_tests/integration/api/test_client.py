"""A script's calls wait for their answers, log in, keep their pace, and leave nothing running; in a notebook too."""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from focus_assets.api import DatabaseClient, DataFetcher, ErrorHandler
from focus_assets.api.client import ClientOptions, OAuthClient, RateLimiter, RESTClient
from focus_assets.api.portal import Portal
from focus_assets.model.errors import (
    AuthenticationFailed,
    InvalidConfiguration,
    LimitExceeded,
    NotFound,
    OriginRefused,
    ServerFailed,
    UnexpectedBody,
)


@pytest.fixture
def client(httpserver: HTTPServer) -> Iterator[RESTClient]:
    with RESTClient(httpserver.url_for("/api"), options=ClientOptions(attempts=1)) as open_client:
        yield open_client


def test_a_client_reads_and_writes(httpserver: HTTPServer, client: RESTClient) -> None:
    httpserver.expect_request("/api/things", "GET", query_string="full=true&n=2").respond_with_data('{"price": 1.50}')
    assert client.get_json("things", {"full": True, "n": 2, "none": None}) == {"price": Decimal("1.50")}
    for method in ("POST", "PUT", "PATCH"):
        httpserver.expect_request("/api/things/1", method, json={"a": 1}).respond_with_json({"did": method}, status=201)
    httpserver.expect_request("/api/things/1", "DELETE").respond_with_data("", status=204)
    assert client.post("/things/1", {"a": 1}).json() == {"did": "POST"}
    assert client.put("/things/1", {"a": 1}).json() == {"did": "PUT"}
    assert client.patch("/things/1", {"a": 1}).json() == {"did": "PATCH"}
    assert client.delete("/things/1").data == b""
    httpserver.check_assertions()


def test_what_goes_wrong_has_the_engines_names(httpserver: HTTPServer, client: RESTClient) -> None:
    httpserver.expect_request("/api/html").respond_with_data("<html>")
    httpserver.expect_request("/api/nothing").respond_with_data("", status=404)
    with pytest.raises(NotFound, match="key=…"):
        client.get("nothing", {"key": "hunter2"})
    with pytest.raises(UnexpectedBody, match="(?s)not the JSON.*<html>"):
        client.get_json("html")
    with pytest.raises(OriginRefused):
        client.get("http://127.0.0.2:9/api")


def test_reading_is_tried_again_and_writing_is_not(httpserver: HTTPServer) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.method)
        return Response("{}" if len(asked) == 2 else "", 200 if len(asked) == 2 else 503, {"Retry-After": "0"})

    httpserver.expect_request("/flaky").respond_with_handler(answer)
    with RESTClient(httpserver.url_for("")) as client:
        assert client.get_json("flaky") == {}
        with pytest.raises(ServerFailed):
            client.post("flaky", {})
    assert asked == ["GET", "GET", "POST"]


def test_who_asks_is_said_as_in_the_configuration(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/who", headers={"X-Api-Key": "k3y-of-mine", "X-Team": "ours"}).respond_with_json("you")
    auth = {"kind": "api_key", "name": "X-Api-Key", "value": "k3y-of-mine"}
    with RESTClient(httpserver.url_for(""), auth=auth, headers={"X-Team": "ours"}) as client:
        assert client.get_json("who") == "you"
        assert "k3y" not in repr(client)
    with pytest.raises(InvalidConfiguration) as caught:
        RESTClient("http://127.0.0.1", auth={"kind": "bearer", "token": "s3cret\n"})
    assert "s3cret" not in str(caught.value)
    with pytest.raises(InvalidConfiguration, match="auth"):
        RESTClient("http://127.0.0.1", auth={"kind": "bear"})


def test_an_oauth_client_shares_its_token(httpserver: HTTPServer) -> None:
    tokens: list[str] = []

    def issue(request: Request) -> Response:
        tokens.append(request.form["scope"])
        return Response('{"access_token": "abc", "expires_in": 3600}', content_type="application/json")

    httpserver.expect_request("/token", "POST").respond_with_handler(issue)
    httpserver.expect_request("/data", headers={"Authorization": "Bearer abc"}).respond_with_json([1])
    login = {"token_url": httpserver.url_for("/token"), "client_id": "me", "scopes": ("read",)}
    with OAuthClient(httpserver.url_for(""), client_secret="s3cret", **login) as client:  # type: ignore[arg-type]
        assert client.get_json("data") == client.get_json("data") == [1]
    assert tokens == ["read"]


def test_a_refused_login_shows_no_secret(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/token").respond_with_data("no s3cret here", status=401)
    login = {"token_url": httpserver.url_for("/token"), "client_id": "me"}
    with (
        OAuthClient(httpserver.url_for(""), client_secret="s3cret", **login) as client,
        pytest.raises(AuthenticationFailed) as caught,
    ):
        client.get("data")
    assert "s3cret" not in str(caught.value)


def test_an_answer_that_repeats_the_token_is_shown_without_it(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/echo").respond_with_data("<html>you said canary-t0ken")
    httpserver.expect_request("/note").respond_with_data('{"Note": "you said canary-t0ken"}')
    with RESTClient(httpserver.url_for(""), auth={"kind": "bearer", "token": "canary-t0ken"}) as client:
        with pytest.raises(UnexpectedBody, match="you said") as caught:
            client.get_json("echo")
        db = DatabaseClient(f"sqlite:///{tmp_path / 'prices.db'}")
        fetcher = DataFetcher(client, db, table="prices", data_key="prices")
        fetcher.errors = ErrorHandler(db.database, log=tmp_path / "errors.jsonl")
        stored = fetcher.fetch_and_store(["x"], endpoint="note?of={identifier}", unique_column="day")
        shown = [str(caught.value), repr(client.get("echo")), str(stored), str(fetcher.errors.get_error_summary())]
    assert "you said" in shown[2]
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + "".join(shown)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"you said" in kept
    assert b"canary" not in kept


def test_a_body_is_bounded(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/large").respond_with_data("x" * 2000)
    with (
        RESTClient(httpserver.url_for(""), options=ClientOptions(max_body_bytes=1000)) as client,
        pytest.raises(LimitExceeded),
    ):
        client.get("large")


def test_clients_share_the_pace_of_their_limiter(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json({})
    limiter = RateLimiter(per_second=20)
    began = time.monotonic()
    with (
        RESTClient(httpserver.url_for(""), rate_limiter=limiter) as one,
        RESTClient(httpserver.url_for(""), rate_limiter=limiter) as other,
    ):
        for _ in range(2):
            one.get("")
            other.get("")
        limiter.wait()
    assert time.monotonic() - began >= 4 / 20
    with pytest.raises(InvalidConfiguration):
        RateLimiter(per_minute=0)


async def test_a_client_works_where_an_event_loop_runs_already(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json({"in": "a notebook"})
    with RESTClient(httpserver.url_for("")) as client:
        assert client.get_json("") == {"in": "a notebook"}


def test_a_closed_client_leaves_no_thread_and_may_be_used_again(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json({})
    before = set(threading.enumerate())
    client = RESTClient(httpserver.url_for(""))
    for _ in range(2):
        assert client.get_json("") == {}
        assert "focus-assets-portal" in {thread.name for thread in set(threading.enumerate()) - before}
        client.close()
        assert "focus-assets-portal" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_a_client_that_is_forgotten_leaves_no_thread(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json({})
    before = set(threading.enumerate())
    assert RESTClient(httpserver.url_for("")).get_json("") == {}
    gc.collect()
    assert "focus-assets-portal" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_a_portal_that_is_forgotten_ends_with_its_last_user() -> None:
    before = set(threading.enumerate())

    async def answer() -> int:
        return 42

    portal = Portal()
    assert portal.call(answer) == 42
    del portal
    assert set(threading.enumerate()) <= before
