"""Say which rows of the destination are sent to which collection of an API, and how a lost answer is settled."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from focus_assets.config.knobs import Count, Knobs, Seconds
from focus_assets.config.names import distinct, split_names
from focus_assets.config.rest import Text
from focus_assets.model.schema import KNOWN_TYPES, ColumnType, parse_type


class Sending(Knobs):
    """Rows that an API gets: what was added, changed or removed since they were sent last."""

    resource: str | None = Field(
        default=None, description="Its rows are those of a mirrored resource, such as `shop/orders`."
    )
    query: str | None = Field(
        default=None, min_length=1, description="Or those of a SELECT in the destination, with a name for each column."
    )
    reads: tuple[str, ...] = Field(
        default=(), description="The mirrored resources that the query reads, such as `shop/orders`: for the lineage."
    )
    types: dict[str, str] = Field(
        default={}, description="What the query's columns hold where the database does not say: bool, json, decimal, …"
    )
    key: tuple[str, ...] = Field(min_length=1, description="The columns that tell rows apart, here and at the API.")
    columns: tuple[str, ...] | None = Field(default=None, description="The columns that are sent; none: all.")
    source: str = Field(description="The source of this file whose API gets them; its login, limits and headers count.")
    path: str | None = Field(default=None, min_length=1, description="At a `rest` source: where its collection is.")
    collection: str | None = Field(
        default=None, description="At a `discovered` source: its table's name, such as metadata_offers."
    )
    item: str | None = Field(
        default=None, description="At a `rest` source: where one item is; none: the path, then each part of the key."
    )
    params: dict[str, Text] = Field(default={}, description="At a `rest` source: sent as the query of every request.")
    envelope: str | None = Field(
        default=None, min_length=1, description="At a `rest` source: the name under which a body holds the item."
    )
    create: Literal["POST", "PUT"] = Field(
        default="POST",
        description="POST to the collection, or PUT to where the item will be, after a look whether one is there.",
    )
    update: Literal["PUT", "PATCH"] = Field(default="PUT", description="How an item is changed, where it is.")
    deletes: bool = Field(default=True, description="Whether what is no longer among the rows is deleted at the API.")
    adopt: bool = Field(
        default=False, description="Whether an item that the API has already, under a row's key, may be overwritten."
    )
    read_back: str | None = Field(
        default=None,
        description="A mirrored resource of the same collection, such as `shop/items`: a write is confirmed when a "
        "later load of it shows the row.",
    )
    at_once: Count = Field(default=4, description="Rows that are sent side by side.")
    request_seconds: Seconds = Field(default=30.0, description="The longest that one request may take.")
    lifetime_seconds: Seconds = Field(
        default=120.0,
        description="The longest after which the API, or whatever stands before it, may still apply a request that was "
        "sent. A lost answer is settled after that, by reading the item.",
    )
    keys_kept_hours: Seconds | None = Field(
        default=None,
        description="For how long the API keeps each `Idempotency-Key`, and applies it once: a lost request is then "
        "sent again at once. None: it is not known to.",
    )
    longest_wait_seconds: Seconds = Field(default=300.0, description="The longest time between two tries.")
    give_up_hours: Seconds = Field(default=24.0, description="What still fails after so many hours is DEAD.")

    kept_days: Count = Field(
        default=30, description="Days that `_focus_intents` keeps what became of a write after it was settled."
    )

    @field_validator("key", "columns", "reads", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_names(value)

    @field_validator("key", "columns", "reads")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return names if names is None else distinct(names)

    @field_validator("path", "item")
    @classmethod
    def _is_a_path(cls, path: str | None) -> str | None:
        if path is not None and {"?", "#"} & set(path):
            raise ValueError("expected a path without ? and #, behind which a key would name no item; see params")
        return path

    @field_validator("types")
    @classmethod
    def _are_types(cls, types: dict[str, str]) -> dict[str, str]:
        for name, type_name in types.items():
            if parse_type(type_name) is None:
                known = ", ".join(KNOWN_TYPES)
                raise ValueError(f"the column {name!r} has the unknown type {type_name[:40]!r}; known: {known}")
        return types

    @model_validator(mode="after")
    def _reads_one_thing(self) -> Self:
        if (self.resource is None) == (self.query is None):
            raise ValueError("expected resource or query, and not both")
        if self.resource is not None and (self.reads or self.types):
            raise ValueError("reads and types belong to a query; a mirrored resource has its own")
        for name in (self.resource, self.read_back, *self.reads):
            if name is not None and name.count("/") != 1:
                raise ValueError(f"expected a source and a resource, such as shop/orders, and not {name[:80]!r}")
        return self

    @model_validator(mode="after")
    def _sends_its_key(self) -> Self:
        missing = [name for name in self.key if self.columns is not None and name not in self.columns]
        if missing:
            raise ValueError(f"expected the key {missing[0]!r} among the columns")
        return self

    @model_validator(mode="after")
    def _goes_to_one_place(self) -> Self:
        if (self.path is None) == (self.collection is None):
            raise ValueError("expected path (of a rest source) or collection (of a discovered one), and not both")
        if self.collection is not None and self._says_how:
            raise ValueError(
                "item, params, envelope, create and update belong to a path; a discovered collection has its own"
            )
        if self.collection is not None and len(self.key) != 1:
            raise ValueError("expected one key column: a discovered collection names its items by one text")
        return self

    @model_validator(mode="after")
    def _names_its_item(self) -> Self:
        lacking = [name for name in self.key if self.item is not None and f"{{{name}}}" not in self.item]
        if lacking:
            raise ValueError(f"two items would have one address: expected {{{lacking[0]}}} in item")
        return self

    @model_validator(mode="after")
    def _can_settle(self) -> Self:
        if self.lifetime_seconds <= self.request_seconds:
            raise ValueError("expected lifetime_seconds greater than request_seconds: a call is a part of that time")
        return self

    @property
    def _says_how(self) -> bool:
        said = self.item or self.params or self.envelope
        return bool(said) or self.create != "POST" or self.update != "PUT"

    @property
    def column_types(self) -> dict[str, ColumnType]:
        """The types that are named here."""
        found = {name: parse_type(type_name) for name, type_name in self.types.items()}
        return {name: column_type for name, column_type in found.items() if column_type is not None}

    @property
    def mirrored(self) -> tuple[str, ...]:
        """The mirrored resources that its rows come from."""
        return (self.resource,) if self.resource is not None else self.reads
