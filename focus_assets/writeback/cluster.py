"""Speak to the nodes of a cluster, and say of each answer what it proves.

Each call is one attempt: what is not clearly answered is lost, and nobody knows what it did.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

import anyio

from focus_assets.client import ApiClient, Request, join
from focus_assets.client.asking import Body
from focus_assets.model.errors import ApiError, AuthenticationFailed, NotFound
from focus_assets.writeback.saga import Cleared, Lost, Made, Outcome, Refused, Stuck

Group = Mapping[str, object]
# https://www.rfc-editor.org/rfc/rfc9110#section-15.5: these say that a later attempt may fare better
_PASSING = frozenset({408, 409, 425, 429})
_DELETED = frozenset({200, 204})


class Cluster(Protocol):
    """Some nodes, each of which should hold the same groups."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Their names."""

    async def create(self, node: str, transaction_id: str, payload: str) -> Outcome:
        """Ask a node once to create a group; never raises for what the node does."""

    async def clear(self, node: str, transaction_id: str, *, asked_at: int) -> Outcome:
        """Ask a node once, now (`asked_at`), to delete whatever group has this transaction id."""

    async def groups(self, node: str) -> list[Group]:
        """All groups of a node. Raises ApiError."""

    async def group(self, node: str, identity: str) -> Group | None:
        """A group by the node's own id, None where it says that there is none. Raises ApiError."""


class HttpCluster:
    """Nodes by name with their URLs; a call, waiting for its turn included, takes at most so many seconds."""

    def __init__(self, client: ApiClient, nodes: Mapping[str, str], *, seconds: float) -> None:
        self._client, self._urls, self._seconds = client, dict(nodes), seconds

    @property
    def nodes(self) -> tuple[str, ...]:
        """In the order of the configuration."""
        return tuple(self._urls)

    async def create(self, node: str, transaction_id: str, payload: str) -> Outcome:
        """A POST with the transaction id in its body, and as `Idempotency-Key`."""
        body = {**json.loads(payload), "transaction_id": transaction_id}
        keyed = {"idempotency-key": transaction_id}
        request = Request(self._url(node), method="POST", json=body, headers=keyed)
        try:
            answer = await self._write(request)
        except ApiError as error:
            definite = error.status is not None and 400 <= error.status < 500 and error.status not in _PASSING
            return (Refused if definite else Lost)(node, f"{node}: {error}")
        return _made(node, transaction_id, answer)

    async def clear(self, node: str, transaction_id: str, *, asked_at: int) -> Outcome:
        """A DELETE by transaction id: 200, 204 and 404 say that the node did not have the group after it."""
        if node not in self._urls:
            return Stuck(node, f"{node}: it is no longer in the configuration")
        try:
            answer = await self._write(Request(f"{self._url(node, 'transaction', transaction_id)}/", method="DELETE"))
        except NotFound:
            return Cleared(node, asked_at, found=False)
        except ApiError as error:
            return (Lost if _may_heal(error) else Stuck)(node, f"{node}: {error}")
        if answer.status not in _DELETED:
            return Lost(node, f"{node}: the server has accepted the deletion, and not said that it is done")
        return Cleared(node, asked_at, found=True)

    async def groups(self, node: str) -> list[Group]:
        """An empty list is a 404."""
        try:
            answer = await self._client.get_json(self._url(node))
        except NotFound:
            return []
        if not isinstance(answer.value, list):
            raise ApiError(f"expected a list of groups from {node}", status=200)
        return answer.value

    async def group(self, node: str, identity: str) -> Group | None:
        """One GET, repeated while that may help."""
        try:
            answer = await self._client.get_json(f"{self._url(node, identity)}/")
        except NotFound:
            return None
        if not isinstance(answer.value, dict):
            raise ApiError(f"expected a group from {node}", status=200)
        return answer.value

    async def _write(self, request: Request) -> Body:
        with anyio.move_on_after(self._seconds):
            return await self._client.write(request)
        raise ApiError(f"nothing was answered within {self._seconds:g} s", url=request.url)

    def _url(self, node: str, *segments: str) -> str:
        return join(self._urls[node], "api", "v1", "cluster", *segments)


def _made(node: str, transaction_id: str, answer: Body) -> Outcome:
    """Only an answer that names our own transaction says that it was ours that was created."""
    try:
        group = json.loads(answer.data)
    except ValueError:
        group = None
    if isinstance(group, dict) and group.get("transaction_id") == transaction_id and group.get("id") is not None:
        return Made(node, str(group["id"]))
    return Lost(node, f"{node}: the answer to the creation ({answer.status}) is not the group that was sent")


def _may_heal(error: ApiError) -> bool:
    if error.status is None:
        return not isinstance(error, AuthenticationFailed)
    return not 400 <= error.status < 500 or error.status in _PASSING
