"""Fetch a series for each of some identifiers, and store the points that are new: one transaction an identifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict
from urllib.parse import quote

from focus_assets.api.client import Params, RESTClient
from focus_assets.api.database import DatabaseClient
from focus_assets.api.errors import ErrorHandler
from focus_assets.api.loading import DatabaseLoader
from focus_assets.model.errors import ConfigurationError, FocusError
from focus_assets.model.records import Record
from focus_assets.sources.rest.bodies import records_at
from focus_assets.transform import Constants, Context, ExplodeKeys, Rename, Select, Step, pipeline

PLACEHOLDER = "{identifier}"


class Stored(TypedDict):
    """What became of one identifier: the points that were given, and the error where it failed."""

    records_loaded: int
    status: Literal["success", "skipped", "failed"]
    table: str
    error: str | None


class DataFetcher:
    """From an API into a table, identifier by identifier.

    `data_key` is a JMESPath to the points: a list of objects, or an object keyed by time. `columns` maps their names
    to the table's; others are left out (without `columns`, none is). The identifier becomes `identifier_column`.
    """

    def __init__(
        self,
        api: RESTClient,
        db: DatabaseClient,
        *,
        table: str,
        data_key: str | None,
        columns: Mapping[str, str] | None = None,
        identifier_column: str = "identifier",
    ) -> None:
        """Raises nothing; what fails later is told to `errors`, in whose place one that keeps them may be put."""
        self._api, self._loader, self._table = api, DatabaseLoader(db.database), table
        self._data_key, self._columns, self._identifier_column = data_key, columns, identifier_column
        self.errors = ErrorHandler()

    def fetch_and_store(
        self,
        identifiers: Sequence[str],
        *,
        endpoint: str,
        params: Params | None = None,
        unique_column: str,
    ) -> dict[str, Stored]:
        """What became of each identifier; one that fails changes nothing, and holds up none of the others.

        `{identifier}` in the endpoint and the parameters stands for it. `unique_column` is the time of a point, in the
        table's words: a point that is stored already stays as it is. Raises ConfigurationError for a wrong call.
        """
        asked = dict(params or {})
        if PLACEHOLDER not in endpoint + "".join(map(str, asked.values())):
            raise ConfigurationError(f"{PLACEHOLDER} stands neither in the endpoint nor in a parameter")
        return {one: self._stored(one, endpoint, asked, unique_column=unique_column) for one in identifiers}

    def _stored(self, identifier: str, endpoint: str, params: Params, *, unique_column: str) -> Stored:
        try:
            records = self._fetched(identifier, endpoint, params, unique_column=unique_column)
            key = (self._identifier_column, unique_column)
            loaded = self._loader.load(records, table=self._table, mode="append", unique_key=key)
        except ConfigurationError:
            raise
        except FocusError as error:
            self.errors.record(error, identifier=identifier, endpoint=endpoint, table=self._table)
            said = f"{type(error).__name__}: {error}"
            return {"records_loaded": 0, "status": "failed", "table": self._table, "error": said}
        return {**loaded, "error": None}

    def _fetched(self, identifier: str, endpoint: str, params: Params, *, unique_column: str) -> list[Record]:
        path = endpoint.replace(PLACEHOLDER, quote(identifier, safe=""))
        filled = {name: _filled(value, identifier) for name, value in params.items()}
        answer = self._api.get(path, filled)
        found = records_at(answer.json(), self._data_key, url=answer.url, body=answer.data, hide=answer.hide)
        steps = self._steps(found, unique_column)
        return list(pipeline(steps)(found, Context(partition=identifier, key=(unique_column,))))

    def _steps(self, found: Sequence[Record], unique_column: str) -> list[Step]:
        steps: list[Step] = [ExplodeKeys(unique_column)] if _is_keyed_by_time(found) else []
        if self._columns is not None:
            steps += [Rename(self._columns), Select((unique_column, *self._columns.values()))]
        return [*steps, Constants({self._identifier_column: "{partition}"})]


def _is_keyed_by_time(found: Sequence[Record]) -> bool:
    return len(found) == 1 and all(isinstance(point, dict) for point in found[0].values())


def _filled(value: Any, identifier: str) -> Any:
    return value.replace(PLACEHOLDER, identifier) if isinstance(value, str) else value
