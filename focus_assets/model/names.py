"""Which names from outside may become names in a database.

Names keep their spelling and case, and are always quoted; what could collide, hide or break out is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from focus_assets.model.errors import NameRefused

MAX_BYTES = 63  # PostgreSQL cuts a longer name silently
MAX_COLUMNS = 1000
OUR_PREFIX = "_focus"
OUR_COLUMNS = frozenset({"_country", "_partition", "_synced_at"})
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode: control, format, surrogate, line and paragraph ends
SYSTEM_SCHEMAS = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
SYSTEM_PREFIXES = ("pg_", "sqlite_")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def check_columns(names: Iterable[str]) -> None:
    """Refuse a resource's columns for a hostile, reserved or colliding name, or for their number."""
    found = list(names)
    if len(found) > MAX_COLUMNS:
        raise NameRefused(found[MAX_COLUMNS], f"it is one of {len(found):,} columns; at most {MAX_COLUMNS:,}")
    _check_all(found, check_column)


def check_resources(names: Iterable[str]) -> None:
    """Refuse a service's resources for a hostile, reserved or colliding name."""
    _check_all(names, check_resource)


def check_column(name: str) -> None:
    """Refuse one column's name."""
    _check(name)
    if folded(name) in OUR_COLUMNS:
        raise NameRefused(name, "this column is ours")


def check_resource(name: str) -> None:
    """Refuse the name of one resource: it becomes a table, an asset and a part of an address."""
    _check(name)
    if name in (".", ".."):
        raise NameRefused(name, "it would change the address that it is a part of")


def check_service(name: str) -> None:
    """Refuse the name of one service: it becomes a schema, or the beginning of a table's name."""
    check_resource(name)
    plain = folded(name)
    if plain in SYSTEM_SCHEMAS or plain.startswith(SYSTEM_PREFIXES):
        raise NameRefused(name, "databases keep their own things under this name")


def folded(name: str) -> str:
    """What two names have in common when a database may take them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _check_all(names: Iterable[str], check: Callable[[str], None]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        check(name)
        plain = folded(name)
        if plain in seen:
            raise NameRefused(name, f"it collides with {seen[plain]!r}")
        seen[plain] = name


def _check(name: str) -> None:
    if not name:
        raise NameRefused(name, "it is empty")
    if any(unicodedata.category(letter) in INVISIBLE for letter in name):
        raise NameRefused(name, "it holds an invisible character")
    if name != name.strip():
        raise NameRefused(name, "it begins or ends with a space")
    if folded(name).startswith(OUR_PREFIX):
        raise NameRefused(name, f"names that begin with {OUR_PREFIX} are ours")
    if len(name.encode()) > MAX_BYTES:
        raise NameRefused(name, f"it is longer than {MAX_BYTES} bytes")


def python_name(name: str) -> str:
    """The name as Python writes it.

    >>> python_name("tenancy-configurations"), python_name("tenancyConfigurations")
    ('tenancy_configurations', 'tenancy_configurations')
    """
    return _CAPITAL.sub("_", name).replace("-", "_").lower()
