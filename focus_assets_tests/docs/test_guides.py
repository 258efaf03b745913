"""The steps and the Python that the guides show give what they show, on a server that answers as they say."""

from __future__ import annotations

import doctest
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from focus_assets.config.transform import TransformStep, steps_of
from focus_assets.history.log import as_ecs
from focus_assets.model.errors import RowError
from focus_assets.model.failure import Failure
from focus_assets.model.records import Format
from focus_assets.sources.rest.bodies import parse
from focus_assets.transform import Context, named, pipeline
from focus_assets_tests.docs.test_examples import BLOCK

STEPS = TypeAdapter(tuple[TransformStep, ...])
GUIDES = Path("docs/how-to")
PLACES = [
    {"id": number, "name": f" {name} ", "updated_at": f"2025-07-{number:02}T12:00:00Z"}
    for number, name in enumerate(("Oslo", "Narvik", "Voss"), 1)
]


def steps_and_records(root: Path) -> Iterator[tuple[str, str, str]]:
    """Each list of steps of the guide, with the record below it and what becomes of that."""
    found = BLOCK.findall((root / GUIDES / "transform-records.md").read_text(encoding="utf-8"))
    for place, (language, text) in enumerate(found):
        if language == "yaml" and text.startswith("- "):
            (before, record), (after, result) = found[place + 1 : place + 3]
            assert (before, after) == ("json", "json")
            yield text, record, result


def exact(text: str) -> Any:
    return parse(text.encode(), Format.JSON, url="")


def test_each_step_of_the_guide_makes_of_a_record_what_it_shows(root: Path) -> None:
    shown: set[str] = set()
    for text, record, result in steps_and_records(root):
        configured = STEPS.validate_python(yaml.safe_load(text))
        shown |= {name for step in configured for name in step.model_fields_set}
        expected = exact(result)
        found = list(pipeline(steps_of(configured))([exact(record)]))
        assert found == (expected if isinstance(expected, list) else [expected]), text
    assert shown | {"function"} == set(TransformStep.model_fields)


def test_the_guides_function_and_its_error_come_out(root: Path, tmp_path: Path) -> None:
    text = (root / GUIDES / "transform-records.md").read_text(encoding="utf-8")
    (code,) = [block for language, block in BLOCK.findall(text) if language == "python"]
    (tmp_path / "guide_prices.py").write_text(code)
    tidy = named("guide_prices:tidy", tmp_path)
    assert list(tidy({"high": Decimal("2.5"), "low": 1})) == [
        {"high": Decimal("2.5"), "low": 1, "range": Decimal("1.5")}
    ]
    (error,) = [block for language, block in BLOCK.findall(text) if language == "text"]
    steps = [{"explode_keys": {"as": "day"}}, {"rename": {"open": "open_price"}}, {"cast": {"open_price": "decimal"}}]
    run = pipeline(steps_of(STEPS.validate_python(steps)))
    with pytest.raises(RowError) as caught:
        list(run([{"2024-01-03": {"open": "n/a"}}], Context(key=("day",), first=502)))
    assert str(caught.value) == error.strip()


@pytest.fixture
def api(httpserver: HTTPServer) -> str:
    """The server that the guide to Python asks."""

    def places(request: Request) -> Response:
        items = [place for place in PLACES if str(place["updated_at"]) >= request.args.get("since", "")]
        start = (int(request.args["page"]) - 1) * 2
        return Response(json.dumps({"total": len(items), "items": items[start : start + 2]}))

    def historical(request: Request) -> Response:
        series = {"prices": {"2024-01-02": {"open": 1, "low": 0}, "2024-01-03": {"open": 2, "low": 0}}}
        return Response(json.dumps(series if request.args["symbol"] == "AAPL" else {"Note": "no such symbol"}))

    login = {"Authorization": "Bearer a-token"}
    httpserver.expect_request("/v1/status", headers=login).respond_with_data('{"open": true, "fee": 0.10}')
    httpserver.expect_request("/v1/orders", "POST", json={"symbol": "AAPL"}).respond_with_json({"id": 7}, status=201)
    httpserver.expect_request("/v1/places", headers=login).respond_with_handler(places)
    httpserver.expect_request("/v1/historical", headers=login).respond_with_handler(historical)
    return httpserver.url_for("").rstrip("/")


def test_the_guide_to_python_does_what_it_shows(
    root: Path, api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (root / GUIDES / "use-from-python.md").read_text(encoding="utf-8")
    shown = "".join(block for language, block in BLOCK.findall(text) if language == "pycon")
    found = doctest.DocTestParser().get_doctest(
        shown.replace("https://api.example.com", api), {}, "use-from-python.md", None, 0
    )
    assert len(found.examples) > 20
    said: list[str] = []
    result = doctest.DocTestRunner().run(found, out=said.append)
    assert result.failed == 0, "".join(said)


def test_the_line_of_the_log_that_is_shown_is_one(root: Path) -> None:
    text = (root / GUIDES / "read-the-error-history.md").read_text(encoding="utf-8")
    (line,) = [json.loads(block) for language, block in BLOCK.findall(text) if language == "json"]
    made = as_ecs(Failure("", "", "", None, "", context={"load": "full"}))
    assert set(line) == set(made)
    assert line["ecs.version"] == made["ecs.version"]
