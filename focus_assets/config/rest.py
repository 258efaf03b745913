"""Say how the resources of a plain REST API are mirrored."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from focus_assets.config.auth import Auth, NoAuth
from focus_assets.config.knobs import Count, Knobs, Whole
from focus_assets.config.names import distinct, split_names
from focus_assets.config.paging import JmesPath, Name, NoPages, Paging
from focus_assets.config.source import ApiSource, checked_host
from focus_assets.config.transform import TransformStep
from focus_assets.model.errors import NameRefused
from focus_assets.model.mode import Mode
from focus_assets.model.names import check_column, check_resource
from focus_assets.model.records import Format
from focus_assets.model.schema import KNOWN_TYPES, ColumnType, Kind, parse_type

_MIB = 1024 * 1024
PLACEHOLDER = "{partition}"
_TIMED = frozenset({Kind.TIMESTAMP, Kind.DATE})
_RISING = frozenset({Kind.INT16, Kind.INT32, Kind.INT64})


def _as_text(value: object) -> object:
    """What a parameter is sent as: YAML's `true` is JSON's."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class Method(Enum):
    """How a resource is read."""

    GET = "GET"
    POST = "POST"


class CountEndpoint(Knobs):
    """A request of its own that says how many records there are."""

    path: Name = Field(description="The path of the request, after base_url; `{partition}` stands for the partition.")
    params: dict[str, Text] = Field(default={}, description="Its query.")
    at: JmesPath = Field(default="@", description="Where its JSON answer has the number.")


class Incremental(Knobs):
    """How to ask only for what has changed."""

    cursor: Name = Field(description="The column that says when a row was changed (a time, a date), or that rises.")
    param: Name = Field(description="The parameter that carries the time, or the number, from which on to ask.")
    format: str = Field(
        default="iso",
        min_length=1,
        description="How the time is sent, in UTC: iso, date, epoch, epoch_ms, or a pattern such as %Y%m%d; "
        "number for a column of whole numbers that only rise.",
    )
    overlap_seconds: Whole = Field(
        default=300, description="A delta asks again for this long, or for so many numbers, before its watermark."
    )

    @field_validator("format")
    @classmethod
    def _is_known(cls, form: str) -> str:
        if form not in ("iso", "date", "epoch", "epoch_ms", "number") and "%" not in form:
            raise ValueError("expected iso, date, epoch, epoch_ms, number or a pattern with %, such as %Y-%m-%d")
        return form

    @property
    def kinds(self) -> frozenset[Kind]:
        """What the cursor's column can be."""
        return _RISING if self.format == "number" else _TIMED

    @property
    def expected(self) -> str:
        """The same in words."""
        return "whole numbers" if self.format == "number" else "the type time or date"


class RestResource(Knobs):
    """One list of records of the API: a table, an asset."""

    path: str = Field(description="After base_url; `{partition}` stands for the partition.")
    method: Method = Field(default=Method.GET, description="POST where the API is read so.")
    params: dict[str, Text] = Field(default={}, description="The query; `{partition}` stands for the partition.")
    body: dict[str, Any] | None = Field(
        default=None, description="The JSON that a POST sends; parameters of pages and of the cursor go into it."
    )
    records: JmesPath | None = Field(default=None, description="Where a page has its records; none: at its top.")
    error: JmesPath | None = Field(default=None, description="Where an answer of status 200 has an error's text.")
    transform: tuple[TransformStep, ...] = Field(
        default=(), description="Steps that make an API's records into those of the table, one after the other."
    )
    primary_key: tuple[str, ...] = Field(min_length=1, description="The columns that tell records apart.")
    columns: dict[str, str] | None = Field(
        default=None, description="Columns with their types; none: inferred from a whole first load, and then frozen."
    )
    pagination: Paging = Field(default=NoPages(kind="none"), description="How its pages are asked for.")
    incremental: Incremental | None = Field(default=None, description="How only changes are asked for; none: all.")
    total: JmesPath | CountEndpoint | None = Field(
        default=None, description="Where a page has the number of all records, or a request that tells it."
    )
    mode: Mode = Field(
        default=Mode.MIRROR,
        description="mirror, replace (the same, without incremental): the table becomes what the API has. "
        "upsert: no row is deleted. append: nor is any changed.",
    )
    partitions: tuple[str, ...] = Field(
        default=(), description="Identifiers, each a partition that is asked for on its own; kept in `_partition`."
    )
    format: Format = Field(default=Format.JSON, description="How its answers are written.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="What stands between a CSV's fields.")

    @field_validator("primary_key", "partitions", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_names(value)

    @field_validator("primary_key", "partitions")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(names)

    @field_validator("columns")
    @classmethod
    def _have_types(cls, columns: dict[str, str] | None) -> dict[str, str] | None:
        for name, type_name in (columns or {}).items():
            _insist_on_a_name(name, check_column)
            if parse_type(type_name) is None:
                known = ", ".join(KNOWN_TYPES)
                raise ValueError(f"the column {name!r} has the unknown type {type_name[:40]!r}; known: {known}")
        return columns

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mode is Mode.REPLACE and self.incremental:
            raise ValueError("mode: replace fetches everything each time; leave incremental out, or take another mode")
        if self.body is not None and self.method is not Method.POST:
            raise ValueError("a body is sent by method: POST alone")
        return self

    @model_validator(mode="after")
    def _asks_for_its_partitions(self) -> Self:
        asked = PLACEHOLDER in f"{self.path}{self.params}{self.body}"
        if self.partitions and not asked:
            raise ValueError(f"each partition would be the same: expected {PLACEHOLDER} in path, params or body")
        if asked and not self.partitions:
            raise ValueError(f"{PLACEHOLDER} stands for a partition: expected a list under partitions")
        return self

    @model_validator(mode="after")
    def _names_its_columns(self) -> Self:
        if self.columns is None:
            return self
        missing = [name for name in self.primary_key if name not in self.columns and name not in self.filled]
        if missing:
            raise ValueError(f"the primary key {missing[0]!r} is not among the columns")
        if self.incremental:
            cursor = self.types.get(self.incremental.cursor)
            if cursor is None or cursor.kind not in self.incremental.kinds:
                expected = self.incremental.expected
                raise ValueError(f"the cursor {self.incremental.cursor!r} is no column of {expected}")
        return self

    @property
    def types(self) -> dict[str, ColumnType]:
        """The columns that are named here with their types."""
        found = {name: parse_type(type_name) for name, type_name in (self.columns or {}).items()}
        return {name: column_type for name, column_type in found.items() if column_type is not None}

    @property
    def filled(self) -> tuple[str, ...]:
        """Key columns that are the partition itself where the records lack them: their parameter carries it."""
        return tuple(name for name in self.primary_key if self.params.get(name) == PLACEHOLDER)

    @property
    def explodes(self) -> bool:
        """Whether a record can become several rows: then the number of records says nothing about that of rows."""
        return any(step.explode_keys for step in self.transform)

    @property
    def partitioned_by(self) -> str | None:
        """The column that is added to the table for the partition."""
        return "_partition" if self.partitions else None


class RestSource(ApiSource):
    """A plain REST API."""

    kind: Literal["rest"]
    base_url: str = Field(description="What all paths begin with, such as https://api.example.org/v2.")
    headers: dict[str, SecretStr] = Field(default={}, description="Sent with every request; kept secret.")
    auth: Auth = Field(default=NoAuth(kind="none"), description="How to log in.")
    resources: dict[str, RestResource] = Field(min_length=1, description="Each is a table and an asset.")
    pages_at_once: Count = Field(default=4, description="Pages fetched side by side where their number is known.")
    max_body_bytes: Count = Field(default=64 * _MIB, description="A longer page, decoded, is refused.")

    @field_validator("base_url")
    @classmethod
    def _is_a_host(cls, url: str) -> str:
        return checked_host(url)

    @field_validator("resources")
    @classmethod
    def _can_be_tables(cls, resources: dict[str, RestResource]) -> dict[str, RestResource]:
        for name in resources:
            _insist_on_a_name(name, check_resource)
        distinct(tuple(resources))
        return resources

    def partitions_of(self, resource: str) -> tuple[str, ...]:
        """A resource's partitions; one without a name where it has none, or is not known."""
        found = self.resources.get(resource)
        return found.partitions if found and found.partitions else ("",)

    def can_count(self, resource: str) -> bool:
        """Whether a partition's count can be compared with the server's."""
        return self.resources[resource].total is not None

    def can_prove(self, resource: str) -> bool:
        """Whether a full diff can prove a partition's content: only what tells of changes can say that none came."""
        found = self.resources[resource]
        timed = found.incremental is not None and found.incremental.format != "number"
        return found.total is not None and timed and not found.mode.keeps

    def mirrors(self, resource: str) -> bool:
        """Whether this resource is among the configured ones."""
        return resource in self.resources


def _insist_on_a_name(name: str, check: Any) -> None:
    try:
        check(name)
    except NameRefused as error:
        raise ValueError(str(error)) from None
