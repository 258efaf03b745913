"""What SQL Server is told of values: literals that mean them exactly, and keys that it could confuse are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
import sqlfluff
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.dialects import Lane
from focus_assets.database.dialects.sqlserver import SQLServer, inserts
from focus_assets.database.open import Database
from focus_assets.model.errors import BadValue, MissingExtra, NameRefused
from focus_assets.model.feed import Value
from focus_assets.model.schema import Column, parse_type

DIALECT = SQLServer()


def lane(type_name: str, *, key: int = 0, name: str = "v") -> Lane:
    """One column in a stage."""
    kind = parse_type(type_name)
    assert kind is not None
    column = Column(name, kind)
    return Lane(sa.Table("#t", sa.MetaData(), sa.Column(name, DIALECT.column_type(kind, key=key))), (column,))


def told(type_name: str, value: Value) -> str:
    """The literal of a value."""
    (statement,) = inserts(lane(type_name), [(value,)])
    sqlfluff.parse(statement, dialect="tsql")
    head = "INSERT INTO [#t] ([v]) VALUES\n("
    assert statement.startswith(head)
    return statement.removeprefix(head).removesuffix(")")


@pytest.mark.parametrize(
    ("type_name", "value", "literal"),
    [
        ("string", None, "NULL"),
        ("string", "it's 雪", "N'it''s 雪'"),
        ("string", "C:\\dir", "N'C:\\dir'"),
        ("string", "one\\\ntwo", "CAST(N'' AS NVARCHAR(MAX)) + N'one\\' + N'\ntwo'"),
        ("int64", -9223372036854775808, "-9223372036854775808"),
        ("float64", 0.1, "0.1e0"),
        ("float64", 1e300, "1e+300"),
        ("decimal(18,4)", Decimal("9.5"), "'9.5000'"),
        ("decimal", Decimal("1E+2"), "'100'"),
        ("bool", True, "1"),
        ("bytes", b"\x00\xff", "0x00ff"),
        ("time", "2025-07-01T16:01:00.827904Z", "'2025-07-01T16:01:00.827904'"),
        ("[]string", ["a", "b'"], """N'["a","b''\"]'"""),
    ],
)
def test_a_value_is_a_literal_that_means_it(type_name: str, value: Value, literal: str) -> None:
    assert told(type_name, value) == literal


def test_a_bracket_in_a_name_is_doubled() -> None:
    (statement,) = inserts(lane("int64", name="v]"), [(1,)])
    assert statement == "INSERT INTO [#t] ([v]]]) VALUES\n(1)"


def test_a_statement_has_at_most_a_thousand_rows() -> None:
    statements = list(inserts(lane("int64"), [(number,) for number in range(2500)]))
    assert [statement.count("\n(") for statement in statements] == [1000, 1000, 500]


@pytest.mark.parametrize(
    ("type_name", "value"),
    [("string", "a "), ("string", "x" * 451), ("string", "🎉" * 226), ("bytes", b"a\0"), ("bytes", b"x" * 901)],
)
def test_a_key_that_it_would_confuse_or_cut_is_refused(type_name: str, value: Value) -> None:
    with pytest.raises(BadValue, match=r"SQL Server|as part of a key"):
        list(inserts(lane(type_name, key=1), [(value,)]))
    assert list(inserts(lane(type_name), [(value,)]))


def test_a_longer_name_than_it_takes_is_refused() -> None:
    DIALECT.check_name("x" * 128)
    with pytest.raises(NameRefused):
        DIALECT.check_name("🎉" * 65)


def test_without_its_extra_the_error_names_it() -> None:
    with pytest.raises(MissingExtra, match="sqlserver"):
        Database(Destination(url=SecretStr("mssql://user@nowhere/x")))
