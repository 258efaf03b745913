"""Say what a good request gets: schema, state, the full feed and the three of a delta."""

from __future__ import annotations

from collections.abc import Mapping

from focus_assets.sandbox.data import write_json
from focus_assets.sandbox.encoding import Content
from focus_assets.sandbox.options import SandboxOptions
from focus_assets.sandbox.routing import Target
from focus_assets.sandbox.timeline import SECOND, parse_moment, write_z
from focus_assets.sandbox.view import DeltaFeed, Since, Tombstones, View
from focus_assets.sandbox.world import World

_DELTA: tuple[DeltaFeed, ...] = ("created", "updated", "deleted")


class Refusal(Exception):
    """An answer that is not 200, and why."""

    def __init__(self, status: int, problem: str) -> None:
        self.status, self.problem = status, problem
        super().__init__(problem)


def json_content(value: object) -> Content:
    """One JSON text."""
    text = write_json(value).encode() + b"\n"
    return Content(lambda: iter((text,)), 1, "application/json", counted=False)


class Endpoints:
    """What the API answers to a caller who was let in."""

    def __init__(self, options: SandboxOptions, world: World) -> None:
        self._options, self._world = options, world

    def content(self, target: Target, query: Mapping[str, str]) -> Content:
        """The body. Raises Refusal."""
        if target.endpoint == "schema":
            return json_content(self._schema(target.service))
        view = self._view(target)
        since = self._since(query.get("delta_timestamp", ""))
        if target.endpoint == "full":
            return Content(view.full, view.live)
        if target.endpoint == "state":
            return json_content(self._state(view, since))
        return self._delta(view, target, since)

    def _schema(self, service: str) -> object:
        if service not in self._world.services:
            raise Refusal(404, f"there is no business service {service}")
        return {"resources": {found.name: found.described() for found in self._world.services[service]}}

    def _view(self, target: Target) -> View:
        table = self._world.table(*target.where)
        if table is None:
            raise Refusal(404, f"there is no {'/'.join(target.where)}")
        return table.view()

    def _since(self, text: str) -> Since | None:
        if not text:
            return None
        moment = parse_moment(text)
        if moment is None:
            raise Refusal(400, "delta_timestamp is no timestamp like 2025-07-01T16:01:00.827904")
        return Since(moment, inclusive=self._options.inclusive, disjoint=self._options.disjoint)

    def _state(self, view: View, since: Since | None) -> object:
        total = {"total_items": view.live}
        if self._options.state_form == "flat":
            return total
        payload = {"payload": {**total, **self._extensions(view, since)}}
        return payload if self._options.state_form == "payload" else {**total, **payload}

    def _extensions(self, view: View, since: Since | None) -> dict[str, object]:
        offered = self._options.extensions
        said: dict[str, object] = {}
        if offered.as_of:
            said["as_of"] = write_z(view.newest)
        if offered.counts and since and not self._forgotten(since):
            said.update({feed: view.count(feed, since) for feed in _DELTA})
        if offered.digest:
            said["digest"] = view.digest()
        return said

    def _delta(self, view: View, target: Target, since: Since | None) -> Content:
        if since is None:
            raise Refusal(400, "delta_timestamp is missing")
        if self._forgotten(since):
            raise Refusal(410, "deletions as old as delta_timestamp are no longer known")
        names = self._key_names(target)
        form = Tombstones(names, as_id=self._options.deleted_as_id, deleted_at=self._options.extensions.deleted_at)
        feed = next(feed for feed in _DELTA if feed == target.endpoint)
        return Content(lambda: view.delta(feed, since, form), view.count(feed, since))

    def _key_names(self, target: Target) -> tuple[str, ...]:
        resource = self._world.resource(target.service, target.resource)
        return resource.key_names if resource else ()

    def _forgotten(self, since: Since) -> bool:
        kept = self._options.tombstone_retention
        return kept is not None and since.moment < self._world.clock() - int(kept * SECOND)
