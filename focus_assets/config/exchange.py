"""Say how a business service of a Data Exchange API is mirrored."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from focus_assets.config.auth import Auth
from focus_assets.config.knobs import Count, Whole
from focus_assets.config.names import distinct, split_names
from focus_assets.config.source import RESERVED, ApiSource, checked_host

_MIB = 1024 * 1024


class ExchangeSource(ApiSource):
    """One business service of a Data Exchange API."""

    kind: Literal["exchange"]
    base_url: str = Field(description="The host, without /api/v1, such as https://data.example.org.")
    business_service: str = Field(description="The service's name in the API's paths; its schema in the database.")
    auth: Auth = Field(description="How to log in.")
    countries: tuple[str, ...] = Field(min_length=1, description="Each is a partition of every resource.")
    resources: tuple[str, ...] | Literal["all"] = Field(
        default="all", description="All that the schema names, or a list."
    )
    lang: str | None = Field(default=None, min_length=1, description="Sent as lang= with a full load.")
    overlap_seconds: Whole = Field(default=300, description="A delta asks again for this long before its watermark.")
    change_columns: tuple[str, ...] = Field(
        default=("created_at", "updated_at"), description="The columns that say when a row was changed."
    )
    compare_total: bool = Field(default=True, description="false where the server's total_items means something else.")
    max_line_bytes: Count = Field(default=16 * _MIB, description="A longer line is refused.")
    max_body_bytes: Count = Field(default=64 * 1024 * _MIB, description="A longer answer, decoded, is refused.")

    @field_validator("base_url")
    @classmethod
    def _is_a_host(cls, url: str) -> str:
        if urlsplit(url := checked_host(url)).path.endswith("/api/v1"):
            raise ValueError("expected the host alone, without /api/v1")
        return url

    @field_validator("business_service")
    @classmethod
    def _is_a_service(cls, name: str) -> str:
        plain = bool(name) and name == name.strip() and name.isprintable() and name not in (".", "..")
        if not plain or name.casefold().startswith(RESERVED):
            raise ValueError("expected a service's name; it must not begin with _focus, pg_ or information_schema")
        return name

    @field_validator("countries", "change_columns", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_names(value)

    @field_validator("countries", "change_columns")
    @classmethod
    def _aredistinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(names)

    @field_validator("resources", mode="plain", json_schema_input_type=Literal["all"] | list[str])
    @classmethod
    def _all_or_some(cls, value: object) -> tuple[str, ...] | Literal["all"]:
        names = split_names(value)
        if names == ["all"]:
            return "all"
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("expected all, or a list of resources")
        return distinct(tuple(names))

    def partitions_of(self, resource: str) -> tuple[str, ...]:
        """A resource's partitions: the countries, whatever the resource is."""
        return self.countries

    def can_count(self, resource: str) -> bool:
        """Whether a partition's count can be compared with the server's."""
        return self.compare_total

    def can_prove(self, resource: str) -> bool:
        """Whether a full diff can prove a partition's content."""
        return True

    def mirrors(self, resource: str) -> bool:
        """Whether this resource is among the configured ones."""
        return self.resources == "all" or resource in self.resources
