"""Read the groups of a cluster as the gateway names them: by transaction id, whatever each node calls them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from focus_assets.model.errors import ApiError
from focus_assets.writeback.cluster import Group
from focus_assets.writeback.writes import Writer, creation

T = TypeVar("T")


async def all_groups(writer: Writer) -> list[Group]:
    """What the first node says that answers. Raises the last ApiError where none does."""
    return await _first(writer, writer.cluster.groups)


async def one_group(writer: Writer, transaction_id: str) -> Group | None:
    """The same for one group; None where that node says that it does not have it."""
    made = await creation(writer, transaction_id)
    identities = {step.node: step.identity for step in made.steps} if made else {}

    async def of(node: str) -> Group | None:
        identity = identities.get(node)
        found = await writer.cluster.group(node, identity) if identity else None
        if found is not None and _is_of(found, transaction_id):
            return found
        # A node may give the id of a group that it lost to another one, and this one another id.
        groups = await writer.cluster.groups(node)
        return next((group for group in groups if _is_of(group, transaction_id)), None)

    return await _first(writer, of)


async def key_of(writer: Writer, transaction_id: str) -> str:
    """What a deletion of this group is about: the name under which it was created, where that is known."""
    made = await creation(writer, transaction_id)
    return made.key if made else transaction_id


def _is_of(group: Group, transaction_id: str) -> bool:
    return group.get("transaction_id") == transaction_id


async def _first(writer: Writer, ask: Callable[[str], Awaitable[T]]) -> T:
    problem: ApiError | None = None
    for node in writer.cluster.nodes:
        try:
            return await ask(node)
        except ApiError as error:
            problem = error
    raise problem or ApiError("the cluster has no nodes")
