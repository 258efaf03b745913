"""A script extracts whole lists and changes, transforms them, and stores new points, with the engine's own errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from focus_assets.api import (
    Answers,
    APIExtractor,
    ClientOptions,
    DatabaseClient,
    DataFetcher,
    ErrorHandler,
    IncrementalExtractor,
    ResponseTransformer,
    RESTClient,
)
from focus_assets.history.errors import errors
from focus_assets.model.errors import (
    BadValue,
    ConfigurationError,
    FunctionFailed,
    InvalidConfiguration,
    ServerFailed,
    Truncated,
    UnexpectedBody,
)

ITEMS = [{"id": number, "updated_at": f"2025-07-{number:02}T12:00:00Z"} for number in range(1, 8)]


@pytest.fixture
def client(httpserver: HTTPServer) -> Iterator[RESTClient]:
    with RESTClient(httpserver.url_for("/api"), options=ClientOptions(attempts=1)) as open_client:
        yield open_client


def paged(httpserver: HTTPServer, *, total: int | None = None) -> list[str]:
    """Serve ITEMS three at a time by number, or since a moment; returns the queries that come."""
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.query_string.decode())
        items = [item for item in ITEMS if str(item["updated_at"]) >= request.args.get("since", "")]
        start = (int(request.args.get("page", "1")) - 1) * 3
        return Response(json.dumps({"total": total, "items": items[start : start + 3]}))

    httpserver.expect_request("/api/things").respond_with_handler(answer)
    return asked


def test_every_record_of_every_page_comes_in_order(httpserver: HTTPServer, client: RESTClient) -> None:
    asked = paged(httpserver)
    found = APIExtractor(client).extract(
        "things", params={"full": True}, pagination={"kind": "page"}, answers=Answers(records="items")
    )
    assert found == ITEMS
    assert asked == [f"full=true&page={number}" for number in (1, 2, 3, 4)]


def test_pages_whose_number_is_known_end_at_the_total_or_are_an_error(
    httpserver: HTTPServer, client: RESTClient
) -> None:
    asked = paged(httpserver, total=7)
    answers = Answers(records="items", total="total")
    assert APIExtractor(client).extract("things", pagination={"kind": "page"}, answers=answers) == ITEMS
    assert len(asked) == 3
    httpserver.clear()
    paged(httpserver, total=8)
    with pytest.raises(Truncated, match="hold 7 records, the server says 8"):
        APIExtractor(client).extract("things", pagination={"kind": "page"}, answers=answers)


def test_other_formats_and_bodies_are_read_too(httpserver: HTTPServer, client: RESTClient) -> None:
    httpserver.expect_request("/api/csv").respond_with_data("id,name\n1,Oslo\n")
    httpserver.expect_request("/api/search", "POST", json={"q": "x"}).respond_with_json([{"id": 1}])
    extractor = APIExtractor(client)
    assert extractor.extract("csv", answers=Answers(format="csv")) == [{"id": "1", "name": "Oslo"}]
    assert extractor.extract("search", answers=Answers(body={"q": "x"})) == [{"id": 1}]


def test_what_is_no_list_of_records_has_the_engines_errors(httpserver: HTTPServer, client: RESTClient) -> None:
    httpserver.expect_request("/api/note").respond_with_json({"Note": "5 calls per minute"})
    httpserver.expect_request("/api/down").respond_with_data("", status=503)
    extractor = APIExtractor(client)
    with pytest.raises(UnexpectedBody, match="5 calls per minute"):
        extractor.extract("note", answers=Answers(records="prices"))
    with pytest.raises(ServerFailed):
        extractor.extract("down")
    with pytest.raises(InvalidConfiguration, match="pagination"):
        extractor.extract("things", pagination={"kind": "pages"})
    with pytest.raises(InvalidConfiguration, match="JMESPath"):
        extractor.extract("things", answers=Answers(records="items["))


def test_an_incremental_extractor_asks_from_where_it_was(httpserver: HTTPServer, client: RESTClient) -> None:
    asked = paged(httpserver)
    how: dict[str, Any] = {"pagination": {"kind": "page"}, "answers": Answers(records="items")}
    extractor = IncrementalExtractor(client, cursor="updated_at", param="since")
    assert extractor.extract("things", **how) == ITEMS
    assert extractor.watermark == "2025-07-07T12:00:00Z"
    assert "since" not in asked[0]
    later = IncrementalExtractor(client, cursor="updated_at", param="since", watermark="2025-07-06T12:00:00Z")
    ITEMS[6]["updated_at"] = "2025-07-08T12:00:00Z"
    try:
        assert later.extract("things", **how) == ITEMS[5:]
    finally:
        ITEMS[6]["updated_at"] = "2025-07-07T12:00:00Z"
    assert "since=2025-07-06T12%3A00%3A00.000000Z" in asked[-1]
    assert later.watermark == "2025-07-08T12:00:00Z"


def test_a_failed_extraction_leaves_the_watermark(httpserver: HTTPServer, client: RESTClient) -> None:
    httpserver.expect_request("/api/odd").respond_with_json([{"updated_at": "2025-07-09"}, {"updated_at": "soon"}])
    extractor = IncrementalExtractor(client, cursor="updated_at", param="since", watermark="2025-07-01")
    with pytest.raises(BadValue, match="record 2, column 'updated_at'"):
        extractor.extract("odd")
    assert extractor.watermark == "2025-07-01"


def test_records_are_mapped_stepped_and_given_to_own_functions() -> None:
    records = [{"Open": "1.5", "day": "02.01.2024", "note": " x "}]
    steps = [{"cast": {"open_price": "decimal"}}, {"dates": {"day": "%d.%m.%Y"}}]
    transformer = ResponseTransformer(steps, key=["day"])
    mapping = {"Open": "open_price"}
    found = transformer.transform(records, field_mapping=mapping, custom_transforms={"note": str.strip, "none": len})
    assert found == [{"open_price": Decimal("1.5"), "day": "2024-01-02", "note": "x"}]
    doubled = transformer.transform(
        records, field_mapping=mapping, custom_transforms=[lambda record: record | {"n": 1}, "builtins:dict"]
    )
    assert doubled[0]["n"] == 1
    with pytest.raises(FunctionFailed, match=r"record 1 \(day='2024-01-02'\), step 4 \(function\): the function of 'n"):
        transformer.transform(records, field_mapping=mapping, custom_transforms={"note": int})
    with pytest.raises(InvalidConfiguration, match="steps"):
        ResponseTransformer([{"renam": {}}])


def series(httpserver: HTTPServer, **answers: Any) -> None:
    def answer(request: Request) -> Response:
        return Response(json.dumps(answers[request.args["symbol"]]))

    httpserver.expect_request("/api/historical").respond_with_handler(answer)


def test_new_points_are_stored_one_transaction_an_identifier(
    httpserver: HTTPServer, client: RESTClient, tmp_path: Path
) -> None:
    db = DatabaseClient(f"sqlite:///{tmp_path / 'prices.db'}")
    points = {"2024-01-02": {"open": 1, "x": 0}, "2024-01-03": {"open": 2, "x": 0}}
    series(
        httpserver,
        AAPL={"prices": points},
        MSFT={"prices": [{"day": "2024-01-02", "open": 5}]},
        NONE={"prices": {}},
        BAD={"prices": {"2024-01-02": {"open": 9}, "2024-01-03": {"open": "n/a"}}},
        OVER={"Note": "5 calls per minute"},
    )
    columns = {"open": "open_price"}
    fetcher = DataFetcher(client, db, table="prices", data_key="prices", columns=columns, identifier_column="symbol")
    fetcher.errors = ErrorHandler(db.database, log=tmp_path / "errors.jsonl")

    def fetch(*identifiers: str) -> dict[str, tuple[int, str]]:
        params = {"symbol": "{identifier}"}
        stored = fetcher.fetch_and_store(identifiers, endpoint="historical", params=params, unique_column="day")
        return {name: (one["records_loaded"], one["status"]) for name, one in stored.items()}

    assert fetch("AAPL", "MSFT") == {"AAPL": (2, "success"), "MSFT": (1, "success")}
    points["2024-01-02"]["open"], points["2024-01-04"] = 100, {"open": 3, "x": 0}
    assert fetch("BAD", "OVER", "NONE", "AAPL") == {
        "BAD": (0, "failed"),
        "OVER": (0, "failed"),
        "NONE": (0, "skipped"),
        "AAPL": (3, "success"),
    }
    stored = db.fetch_all("SELECT symbol, day, open_price FROM prices ORDER BY symbol, day")
    assert [tuple(row.values()) for row in stored] == [
        ("AAPL", "2024-01-02", 1),
        ("AAPL", "2024-01-03", 2),
        ("AAPL", "2024-01-04", 3),
        ("MSFT", "2024-01-02", 5),
    ]
    summary = fetcher.errors.get_error_summary()
    assert (summary["total_errors"], summary["status"]) == (2, "failing")
    assert summary["by_type"] == {"BadValue": 1, "UnexpectedBody": 1}
    kept = {json.loads(row["context"])["identifier"]: row["type"] for row in errors(db.database)}
    assert kept == {"BAD": "BadValue", "OVER": "UnexpectedBody"}
    assert len((tmp_path / "errors.jsonl").read_text().splitlines()) == 2


def test_an_identifier_that_would_be_asked_for_nowhere_is_a_wrong_call(client: RESTClient, tmp_path: Path) -> None:
    db = DatabaseClient(f"sqlite:///{tmp_path / 'prices.db'}")
    fetcher = DataFetcher(client, db, table="prices", data_key="prices")
    with pytest.raises(ConfigurationError, match="stands neither in the endpoint nor in a parameter"):
        fetcher.fetch_and_store(["AAPL"], endpoint="historical", unique_column="day")


def test_an_identifier_stays_within_its_segment(httpserver: HTTPServer, client: RESTClient, tmp_path: Path) -> None:
    httpserver.expect_request("/api/of/a/b").respond_with_json({"2024-01-02": {"open": 1}})
    db = DatabaseClient(f"sqlite:///{tmp_path / 'prices.db'}")
    stored = DataFetcher(client, db, table="prices", data_key=None).fetch_and_store(
        ["a/b"], endpoint="of/{identifier}", unique_column="day"
    )
    assert stored["a/b"]["records_loaded"] == 1
    assert httpserver.log[0][0].environ["RAW_URI"] == "/api/of/a%2Fb"


def test_a_handler_without_errors_is_healthy_and_lets_errors_pass() -> None:
    handler = ErrorHandler()
    assert handler.get_error_summary() == {"total_errors": 0, "status": "healthy"}
    with pytest.raises(ZeroDivisionError), handler.watching(doing="sums"):
        _ = 1 // 0
    (failure,) = handler.failures
    assert (failure.type, failure.context) == ("ZeroDivisionError", {"doing": "sums"})
    summary = handler.get_error_summary()
    assert summary["latest"] == {"time": failure.happened_at, "type": failure.type, "message": failure.message}
