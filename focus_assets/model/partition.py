"""Name one partition of one resource of one source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class PartitionRef:
    """`partition` is the country (or identifier), '' for a resource that has no partitions.

    `service` is the business service (a REST source: the source's name): the database schema of the table.
    """

    source: str
    service: str
    resource: str
    partition: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.source, self.resource, self.partition) if part)
