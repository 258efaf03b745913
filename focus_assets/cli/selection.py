"""Choose the partitions that a call names; a source that does not answer holds up none of the others."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from focus_assets.fleet import Fleet
from focus_assets.model.errors import FocusError
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
    failed: dict[str, FocusError] = {}
    asked = _asked(fleet, wanted)
    for name in asked.sources:
        try:
            await fleet.sources[name].schemas()
        except FocusError as error:
            failed[name] = error
    if len(failed) == len(asked.sources):
        raise next(iter(failed.values()))
    refs = await _refs(
        _only(fleet, [name for name in asked.sources if name not in failed]), wanted, partly=bool(failed)
    )
    return Selection(refs, failed)


def _asked(fleet: Fleet, wanted: Wanted) -> Fleet:
    """Only the sources that are named, where every name begins with one."""
    named = {resource.partition("/")[0] for resource in wanted.resources if "/" in resource}
    alone = all("/" in resource for resource in wanted.resources) and named and named <= set(fleet.sources)
    return _only(fleet, sorted(named)) if alone else fleet


def _only(fleet: Fleet, names: list[str]) -> Fleet:
    return dataclasses.replace(fleet, sources={name: fleet.sources[name] for name in names})


async def _refs(fleet: Fleet, wanted: Wanted, *, partly: bool) -> list[PartitionRef]:
    if not partly:
        return await fleet.refs(resources=wanted.resources, countries=wanted.countries)
    # A name that is not known here may be one of a source that does not answer.
    every = await fleet.refs()
    return [ref for ref in every if _is_wanted(ref, wanted)]


def _is_wanted(ref: PartitionRef, wanted: Wanted) -> bool:
    names = {ref.resource, f"{ref.source}/{ref.resource}"}
    return (not wanted.resources or bool(names & set(wanted.resources))) and (
        not wanted.countries or ref.partition in wanted.countries
    )
