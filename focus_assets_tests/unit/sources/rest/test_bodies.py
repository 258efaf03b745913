"""A body is read exactly, or refused by name with its start; what a key in its URL says is never shown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.errors import BadValue, BodyError, LimitExceeded, UnexpectedBody
from focus_assets.model.records import Format, Scientific
from focus_assets.sources.rest import bodies
from focus_assets.sources.rest.bodies import parse, records_at

URL = "https://api.example.com/prices?apikey=hunter2"

BOMB = b'<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx">' + b"".join(
    b'<!ENTITY b%d "%s">' % (level, b"&b%d;" % (level - 1) * 10 if level > 1 else b"&b;" * 10) for level in range(1, 12)
)


def read(body: bytes | str, form: Format = Format.JSON, **options: Any) -> Any:
    return parse(body.encode() if isinstance(body, str) else body, form, url=URL, **options)


def refused(body: bytes | str, form: Format = Format.JSON, kind: type[BodyError] = UnexpectedBody) -> str:
    with pytest.raises(kind) as caught:
        read(body, form)
    assert type(caught.value) is kind
    assert caught.value.url == "https://api.example.com/prices?apikey=…"
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_json_keeps_every_digit() -> None:
    found = read(
        '{"price": 1.50, "long": 0.1234567890123456789012345678901234567890, "n": 123456789012345678901234567890}'
    )
    assert found == {
        "price": Decimal("1.50"),
        "long": Decimal("0.1234567890123456789012345678901234567890"),
        "n": 123456789012345678901234567890,
    }
    assert str(found["price"]) == "1.50"


def test_a_number_with_an_exponent_is_told_from_one_without() -> None:
    small, plain = read("[1.5e-7, 0.00000015]")
    assert isinstance(small, Scientific)
    assert not isinstance(plain, Scientific)
    assert small == plain


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4)
       | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_what_json_can_say_comes_back(document: Any) -> None:
    try:
        body = json.dumps(document).encode()
    except UnicodeEncodeError:
        return
    assert read(body) == document


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "the name 'a' is there twice in one object"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        ('{"a": 1e99999999999999999999}', "the number 1e99999999999999999999 is out of all bounds"),
        ('{"a": 1e-5000}', "the number 1e-5000 is out of all bounds"),
        ("[" + "1" * 5000 + "]", "an integer has far too many digits"),
        ("<html>Bad gateway</html>", "(it answered: <html>Bad gateway</html>)"),
        ('{"a": 1', "Expecting ',' delimiter at character 7"),
        ("", "the answer is empty"),
        (" \n", "the answer is empty"),
        (b'{"a": "\xff"}', "byte 7: the answer is not UTF-8"),
    ],
)
def test_json_that_could_be_taken_for_something_else_is_refused(body: bytes | str, said: str) -> None:
    assert said in refused(body)


def test_a_document_that_nests_too_deep_is_refused() -> None:
    assert "nests deeper" in refused("[" * 100_000, kind=LimitExceeded)
    assert "nests too deep" in refused("<a>" * 100 + "</a>" * 100, Format.XML, LimitExceeded)


def test_a_body_of_far_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_PARTS", 100)
    assert "more than 100 values" in refused("[" + "1," * 101 + "1]", kind=LimitExceeded)
    assert "more than 100 values" in refused("[1,2]\n" * 60, Format.NDJSON, LimitExceeded)
    assert "too many elements" in refused("<a>" + "<b/>" * 101 + "</a>", Format.XML, LimitExceeded)


def test_what_an_error_shows_holds_no_credentials() -> None:
    def hide(text: str) -> str:
        return text.replace("s3cret", "***")

    for form in Format:
        with pytest.raises(UnexpectedBody) as caught:
            parse(b'"s3cret" <', form, url=URL, hide=hide)
        assert "s3cret" not in str(caught.value), form


def test_ndjson_is_a_list_of_its_lines() -> None:
    assert read('\ufeff{"a": 1}\r\n\n{"a": 2}', Format.NDJSON) == [{"a": 1}, {"a": 2}]
    assert "line 3" in refused('{"a": 1}\n\n{"a": \n', Format.NDJSON)


def test_csv_is_objects_of_texts_and_an_empty_field_is_null() -> None:
    body = '\ufeffid,name\r\n007,"Doe, Jane\n(second line)"\r\n\r\n8,\r\n9,""\r\n'
    assert read(body, Format.CSV) == [
        {"id": "007", "name": "Doe, Jane\n(second line)"},
        {"id": "8", "name": None},
        {"id": "9", "name": None},
    ]
    assert read("id;n\n1;2\n", Format.CSV, delimiter=";") == [{"id": "1", "n": "2"}]
    assert read("", Format.CSV) == []
    assert read("id,n\n", Format.CSV) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a,b\n1,2\n3\n", "line 3: the line has 1 fields, and the first line names 2"),
        ("a,b\n1,2,3\n", "line 2: the line has 3 fields, and the first line names 2"),
        ('a,b\n"x\ny",2\n3\n', "line 4: the line has 1 fields"),
        ('a,b\n1,"2\n', "line 2: the answer is not the CSV that was expected: unexpected end of data"),
        ('a,b\n1,"2"x\n', "line 2: the answer is not the CSV"),
        ("a,a\n1,2\n", "line 1: the first line names the column 'a' twice"),
        ("a,\n1,2\n", "line 1: a column has no name in the first line"),
        ("a\n" + "x" * 140_000, "field larger than field limit"),
    ],
)
def test_csv_that_is_none_is_refused_by_line(body: str, said: str) -> None:
    assert said in refused(body, Format.CSV)


def test_xml_has_the_documented_shape() -> None:
    body = """<?xml version="1.0"?>
    <catalog xmlns="urn:books" lang="en"><!-- two of them --><?pi x?>
      <book id="1">First <b>edition</b></book>
      <book>Second &amp; last</book>
      <empty/><blank> </blank><CDATA><![CDATA[<raw>]]></CDATA>
    </catalog>"""
    assert read(body, Format.XML) == {
        "catalog": {
            "@lang": "en",
            "book": [{"@id": "1", "b": "edition", "#text": "First "}, "Second & last"],
            "empty": None,
            "blank": None,
            "CDATA": "<raw>",
        }
    }
    assert read("<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>".encode("latin-1"), Format.XML) == {"a": "é"}


@pytest.mark.parametrize(
    "body",
    [
        BOMB + b"]><a>&b11;</a>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/e.dtd"><a/>',
        b'<!DOCTYPE a [<!ATTLIST a x CDATA "added">]><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    ],
)
def test_xml_with_a_dtd_is_refused_before_it_is_read(body: bytes) -> None:
    assert "the XML has a DTD" in refused(body, Format.XML)


@pytest.mark.parametrize("body", ["", "<a>", "<a></b>", "<a>&x;</a>", "{}", "<a x='1' x='2'/>", "<a/><b/>"])
def test_xml_that_is_none_is_refused(body: str) -> None:
    assert "is not the XML that was expected" in refused(body, Format.XML)


def test_names_of_two_namespaces_are_not_mixed_up() -> None:
    assert "two namespaces" in refused('<a xmlns:o="u"><x/><o:x/></a>', Format.XML)


def test_records_are_found_where_the_path_leads() -> None:
    body = b'{"payload": {"items": [{"id": 1}, {"id": 2}]}, "rows": [], "one": {"id": 3}}'
    document = read(body)

    def at(path: str | None) -> Any:
        return records_at(document, path, url=URL, body=body)

    assert at("payload.items") == [{"id": 1}, {"id": 2}]
    assert at("payload.items[?id > `1`]") == [{"id": 2}]
    assert at("rows") == []
    assert at("one") == [{"id": 3}]
    assert at(None) == [document]
    assert records_at([{"id": 1}], None, url=URL, body=b"") == [{"id": 1}]


def test_a_path_that_finds_nothing_shows_what_the_server_said() -> None:
    body = b'{"Note": "Our standard limit is 5 calls per minute. Your key hunter2 has used them."}'
    for path in ("prices", "sum(Note)", "Note"):
        with pytest.raises(UnexpectedBody) as caught:
            records_at(read(body), path, url=URL, body=body, hide=lambda text: text.replace("hunter2", "***"))
        assert repr(path) in str(caught.value)
        assert "Our standard limit is 5 calls per minute. Your key ***" in str(caught.value)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("document", ["text", 1, None, True])
def test_a_single_value_is_no_record(document: object) -> None:
    with pytest.raises(UnexpectedBody, match="a single value where records are expected"):
        records_at(document, None, url=URL, body=b"1")


def test_a_record_that_is_no_object_is_named_with_its_number() -> None:
    with pytest.raises(BadValue, match=r"record 2: expected an object; found '\[3\]'"):
        records_at([{"id": 1}, [3]], None, url=URL, body=b"")
