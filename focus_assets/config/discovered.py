"""Say how the collections of a service-registry API are mirrored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from focus_assets.config.auth import Auth, NoAuth
from focus_assets.config.knobs import Count
from focus_assets.config.names import distinct, split_names
from focus_assets.config.rest import Incremental, Text
from focus_assets.config.source import ApiSource, checked_host
from focus_assets.model.names import python_name

_MIB = 1024 * 1024
_NOBODY = NoAuth(kind="none")
All = Literal["all"]


class DiscoveredSource(ApiSource):
    """Collections of services that a registry names. Each is a table, named after its service and itself."""

    kind: Literal["discovered"]
    base_url: str = Field(description="The registry's address, such as https://registry.example.org.")
    client_id: str = Field(min_length=1, description="Who asks the identity service for tokens.")
    client_secret: SecretStr
    owner: str | None = Field(default=None, min_length=1, description="Whose services and items; none: root's.")
    origins: tuple[str, ...] | None = Field(
        default=None,
        description="The only servers that the registry may name besides its own; none: its host, and by https any.",
    )
    services: dict[str, tuple[str, ...] | All] | All = Field(
        default="all", description="all, or services with all or a list of their resources."
    )
    params: dict[str, Text] = Field(default={}, description="Sent with every listing, such as perPage.")
    primary_key: tuple[str, ...] = Field(default=("ref",), min_length=1, description="What tells items apart.")
    incremental: Incremental | None = Field(
        default=None, description="How only changes are asked for, such as by updatedAt; none: all."
    )
    max_body_bytes: Count = Field(default=64 * _MIB, description="A longer page, decoded, is refused.")

    @field_validator("base_url")
    @classmethod
    def _is_a_host(cls, url: str) -> str:
        return checked_host(url)

    @field_validator("origins", "primary_key", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_names(value)

    @field_validator("origins")
    @classmethod
    def _are_hosts(cls, urls: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if urls is None else tuple(map(checked_host, urls))

    @field_validator("primary_key")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(names)

    @model_validator(mode="after")
    def _names_its_tables_apart(self) -> DiscoveredSource:
        if self.services == {}:
            raise ValueError("expected services, or all")
        if self.resources != "all":
            distinct(self.resources)
        return self

    @property
    def auth(self) -> Auth:
        """Nobody logs in to the registry itself; the token is for its services."""
        return _NOBODY

    @property
    def resources(self) -> tuple[str, ...] | All:
        """The names of the tables, `all` where only the registry knows them."""
        if self.services == "all" or "all" in self.services.values():
            return "all"
        return tuple(table_of(service, name) for service, names in self.services.items() for name in names)

    def wants(self, service: str, resource: str) -> bool:
        """Whether a resource is to be mirrored; by the names of the API or of Python."""
        if self.services == "all":
            return True
        chosen = {python_name(name): names for name, names in self.services.items()}.get(python_name(service), ())
        return chosen == "all" or python_name(resource) in map(python_name, chosen)

    def partitions_of(self, resource: str) -> tuple[str, ...]:
        """A collection has no partitions."""
        return ("",)

    def can_count(self, resource: str) -> bool:
        """Only a listing tells whether it counts."""
        return True

    def can_prove(self, resource: str) -> bool:
        """Only what tells of changes can say that none came."""
        return self.incremental is not None

    def mirrors(self, resource: str) -> bool:
        """Whether this table is among the configured ones."""
        return self.resources == "all" or resource in self.resources


def table_of(service: str, resource: str) -> str:
    """The table of a collection.

    >>> table_of("metadata", "tenancy-configurations")
    'metadata_tenancy_configurations'
    """
    return f"{python_name(service)}_{python_name(resource)}"
