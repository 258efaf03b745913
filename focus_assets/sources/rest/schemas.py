"""Say what the columns of a resource are: named in focus.yaml, kept in the snapshot, or shown by its records."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from focus_assets.config import RestResource, RestSource
from focus_assets.model.errors import InvalidSchema
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema
from focus_assets.sources.rest.inference import Inference

_TEXT = ColumnType(Kind.TEXT)


def declared(settings: RestSource) -> dict[str, ResourceSchema]:
    """The schemas of the resources that name their columns."""
    return {name: _laid_out(name, one, one.types) for name, one in settings.resources.items() if one.columns}


def known(settings: RestSource, stored: Mapping[str, ResourceSchema]) -> dict[str, ResourceSchema]:
    """The declared ones, and those whose columns were frozen, in the order of the configuration.

    Key, cursor and partitions are those of the configuration; frozen columns that lack one are no longer known.
    """
    found = declared(settings)
    for name, frozen in stored.items():
        if name in settings.resources and name not in found:
            types = {column.name: column.type for column in frozen.columns}
            with suppress(InvalidSchema):
                found[name] = _laid_out(name, settings.resources[name], types)
    return {name: found[name] for name in settings.resources if name in found}


def inferred(name: str, resource: RestResource, inference: Inference, *, records: int) -> ResourceSchema:
    """The schema of a whole first load; raises InvalidSchema, also where there was no record."""
    if not records:
        raise InvalidSchema(
            f"{name}: there is no record from which its columns could be inferred; name them under columns"
        )
    how = resource.incremental
    try:
        timed = inference.schema(name, key=resource.primary_key, changed=(how.cursor,) if how else ())
    except InvalidSchema:
        timed = inference.schema(name, key=resource.primary_key)  # a cursor may be a date or a number
    return _laid_out(name, resource, {column.name: column.type for column in timed.columns})


def _laid_out(name: str, resource: RestResource, types: Mapping[str, ColumnType]) -> ResourceSchema:
    filled = {column: _TEXT for column in resource.filled if column not in types}
    columns = tuple(Column(column, column_type) for column, column_type in {**filled, **types}.items())
    changed = _change_time(name, resource, types)
    return ResourceSchema(name, columns, resource.primary_key, changed, resource.partitioned_by)


def _change_time(name: str, resource: RestResource, types: Mapping[str, ColumnType]) -> tuple[str, ...]:
    if resource.incremental is None:
        return ()
    cursor = resource.incremental.cursor
    kind = types[cursor].kind if cursor in types else None
    if kind not in resource.incremental.kinds:
        raise InvalidSchema(f"{name}: the cursor {cursor!r} is no column of {resource.incremental.expected}")
    return (cursor,) if kind is Kind.TIMESTAMP else ()
