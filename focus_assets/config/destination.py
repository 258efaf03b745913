"""Say which database is kept a mirror."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr, field_validator

from focus_assets.config.knobs import Knobs, Seconds

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class Destination(Knobs):
    """The database that is kept a mirror."""

    url: SecretStr = Field(
        default=SecretStr("sqlite:///data/focus.db"),
        description="An SQLAlchemy URL; a relative path of SQLite or DuckDB begins beside focus.yaml.",
    )
    password: SecretStr | None = Field(
        default=None, description="Replaces the URL's: here no character needs an escape."
    )
    lock_timeout_seconds: Seconds = Field(default=10.0, description="How long to wait for another's lock.")

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: SecretStr) -> SecretStr:
        parsed = _parsed(url)
        if _is_file(parsed) and (not parsed.database or parsed.database.startswith((":", "file:", "md:"))):
            raise ValueError(f"expected the path of a file after {parsed.get_backend_name()}:///")
        return url

    @property
    def shown(self) -> str:
        """The URL for people: without its password and its options, which may hold another one."""
        return _parsed(self.url).set(query={}).render_as_string(hide_password=True)

    def beside(self, home: Path) -> Destination:
        """The same destination with its password in its URL and its path made absolute."""
        url = _parsed(self.url)
        if self.password is not None:
            url = url.set(password=self.password.get_secret_value())
        if _is_file(url) and url.database:
            url = url.set(database=str(home / Path(url.database).expanduser()))
        whole = SecretStr(url.render_as_string(hide_password=False))
        return self.model_copy(update={"url": whole, "password": None})


def _parsed(url: SecretStr) -> URL:
    """Imported here: most that reads a configuration opens no database. Raises ValueError."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url.get_secret_value())
    except (ArgumentError, ValueError):
        # The parser's own text quotes the URL.
        raise ValueError("expected a URL such as postgresql://user:password@host/database") from None


def _is_file(url: URL) -> bool:
    return url.get_backend_name() in ("duckdb", "sqlite")
