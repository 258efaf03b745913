"""Choose the partitions that a call names; a source that does not answer holds up none of the others."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from focus_assets.fleet import Fleet
from focus_assets.model.errors import FocusError, UnknownPartition, UnknownResource
from focus_assets.model.partition import PartitionRef


@dataclass(frozen=True, slots=True)
class Wanted:
    """Resources (`promotions` or `retail/promotions`) and countries; none named means all."""

    resources: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The partitions to work on, and the sources that could not say what theirs are."""

    refs: list[PartitionRef]
    failed: dict[str, FocusError] = field(default_factory=dict)


async def select(fleet: Fleet, wanted: Wanted) -> Selection:
    """Raises UnknownResource and UnknownPartition, and what went wrong where no source answers."""
    every: list[PartitionRef] = []
    failed: dict[str, FocusError] = {}
    names = _asked(fleet, wanted)
    for name in names:
        try:
            every += await dataclasses.replace(fleet, sources={name: fleet.sources[name]}).refs()
        except FocusError as error:
            failed[name] = error
    if len(failed) == len(names):
        raise next(iter(failed.values()))
    if not failed:  # else a name that is not known may be one of a source that does not answer
        _insist(wanted, every)
    return Selection([ref for ref in every if _is_wanted(ref, wanted)], failed)


def _asked(fleet: Fleet, wanted: Wanted) -> list[str]:
    """Only the sources that are named, where every name begins with one."""
    named = {resource.partition("/")[0] for resource in wanted.resources if "/" in resource}
    alone = all("/" in resource for resource in wanted.resources) and named and named <= set(fleet.sources)
    return sorted(named) if alone else list(fleet.sources)


def _insist(wanted: Wanted, refs: list[PartitionRef]) -> None:
    resources = sorted({ref.resource for ref in refs} | {_long(ref) for ref in refs})
    countries = sorted({ref.partition for ref in refs})
    for resource in wanted.resources:
        if resource not in resources:
            raise UnknownResource(resource, resources)
    for country in wanted.countries:
        if country not in countries:
            raise UnknownPartition(country, countries)


def _is_wanted(ref: PartitionRef, wanted: Wanted) -> bool:
    named = not wanted.resources or ref.resource in wanted.resources or _long(ref) in wanted.resources
    return named and (not wanted.countries or ref.partition in wanted.countries)


def _long(ref: PartitionRef) -> str:
    return f"{ref.source}/{ref.resource}"
