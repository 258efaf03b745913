"""Texts that MySQL and MariaDB compare byte by byte; our own tables have them too, whatever the database."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles


class Exact(sa.types.TypeDecorator[str]):
    """A text of any length, compared byte by byte, trailing spaces included."""

    impl = sa.Text
    cache_ok = True


class Key(sa.types.TypeDecorator[str]):
    """The same as a part of a key."""

    impl = sa.String
    cache_ok = True


@compiles(Exact, "mysql", "mariadb")
def _exact(_type: Exact, compiler: Any, **_: Any) -> str:
    return f"LONGTEXT CHARACTER SET utf8mb4 COLLATE {_collation(compiler.dialect)}"


@compiles(Key, "mysql", "mariadb")
def _key(type_: Key, compiler: Any, **_: Any) -> str:
    length = cast("sa.String", type_.impl).length
    return f"VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE {_collation(compiler.dialect)}"


def _collation(dialect: Any) -> str:
    """The binary one that does not pad: `utf8mb4_bin` takes 'a' and 'a ' for one, and each server has its own other.

    https://dev.mysql.com/doc/refman/8.4/en/charset-binary-collations.html
    https://mariadb.com/kb/en/supported-character-sets-and-collations/
    """
    return "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
