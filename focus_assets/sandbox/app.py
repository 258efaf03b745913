"""Answer one request as a Data Exchange server would: no sockets, no sleeping."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from email.utils import formatdate

from focus_assets.sandbox.alteration import Alteration
from focus_assets.sandbox.control import Seen, control
from focus_assets.sandbox.data import Services
from focus_assets.sandbox.drift import Drift
from focus_assets.sandbox.encoding import Content, Dress, dressed, instead
from focus_assets.sandbox.endpoints import Endpoints, Refusal, json_content
from focus_assets.sandbox.exchange import Ending, Request, Response, json_response
from focus_assets.sandbox.faults import Fault, FaultPlan
from focus_assets.sandbox.options import SandboxOptions
from focus_assets.sandbox.reference import reference
from focus_assets.sandbox.retail import retail
from focus_assets.sandbox.routing import Target, route
from focus_assets.sandbox.timeline import SECOND, WRITERS, Clock, system_clock
from focus_assets.sandbox.tokens import Tokens
from focus_assets.sandbox.view import View
from focus_assets.sandbox.world import Change, Changed, Table, World

_HOUR = 3600 * SECOND


class Sandbox:
    """A reference Data Exchange server; every method may be called from any thread."""

    def __init__(
        self,
        options: SandboxOptions | None = None,
        *,
        clock: Clock = system_clock,
        faults: FaultPlan | None = None,
        services: Services | None = None,
    ) -> None:
        self.options = options or SandboxOptions()
        self.clock, self.faults = clock, faults or FaultPlan()
        self.log: deque[Seen] = deque(maxlen=self.options.log_size)
        self.world = _world(self.options, clock, services)
        self._endpoints = Endpoints(self.options, self.world)
        self._tokens = Tokens(clock, life=self.options.token_life, seed=self.options.seed)
        self._drift = Drift(self.world, self.options.drift, seed=self.options.seed)

    def answer(self, request: Request) -> Response:
        """The answer; its body is made while it is read, from the world as it is now."""
        self._drift.advance()
        if request.path.startswith("/sandbox"):
            return self._dated(control(self, request))
        target = route(request.path)
        fault = self.faults.decide(target.endpoint) if target else None
        response = self._dated(self._respond(request, target, fault))
        self._note(request, target, response.status, fault)
        return response

    def change(self, resource: str, country: str, *, service: str | None = None, **counts: int) -> Changed:
        """Let the world change: `creates`, `updates`, `deletes`, `recreates`, `into_scope`, `seed`, `at`."""
        return self.world.change(self.world.find(resource, country, service=service), Change(**counts))

    def table(self, resource: str, country: str, *, service: str | None = None) -> Table:
        """One partition, to be changed row by row. KeyError where there is none."""
        return self.world.at(self.world.find(resource, country, service=service))

    def view(self, resource: str, country: str, *, service: str | None = None) -> View:
        """One partition as it is now. KeyError where there is none."""
        return self.table(resource, country, service=service).view()

    def prerender(self, resource: str, country: str, *, service: str | None = None) -> int:
        """Make all lines and the digest of the start now, to serve them from an unnamed file; how many bytes."""
        return self.table(resource, country, service=service).base.prerender()

    def alter(self, resource: str, alteration: Alteration, *, service: str | None = None) -> None:
        """Change a resource's columns in all countries."""
        where = self.world.find(resource, self.options.countries[0], service=service)
        self.world.alter(*where[:2], alteration)

    def revoke_tokens(self) -> None:
        """Refuse every token that was given out."""
        self._tokens.revoke()

    def _respond(self, request: Request, target: Target | None, fault: Fault | None) -> Response:
        try:
            return instead(fault, self.clock()) or self._good(request, target, fault)
        except Refusal as refusal:
            return json_response(refusal.status, {"error": refusal.problem})

    def _good(self, request: Request, target: Target | None, fault: Fault | None) -> Response:
        if target is None:
            raise Refusal(404, "there is no such path")
        if request.method != ("POST" if target.endpoint == "auth" else "GET"):
            raise Refusal(405, "the method is not allowed here")
        dress = self._dress(request, target)
        if target.endpoint == "auth":
            return replace(dressed(self._login(request), dress, fault), status=self.options.login_status)
        self._admit(request, target)
        return dressed(self._endpoints.content(target, request.query), dress, fault)

    def _dress(self, request: Request, target: Target) -> Dress:
        gzip = self.options.gzip and "gzip" in request.headers.get("accept-encoding", "").lower()
        framing = self.options.framing if target.streams else "length"
        return Dress(gzip, framing, self.options.extensions.total_lines)

    def _login(self, request: Request) -> Content:
        try:
            given = json.loads(request.body)
            credentials = given["username"], given["password"]
        except (ValueError, TypeError, KeyError):
            raise Refusal(400, "the body is a JSON object with username and password") from None
        if credentials != (self.options.username, self.options.password):
            raise Refusal(401, "the username or the password is wrong")
        return json_content({"token": self._tokens.issue()})

    def _admit(self, request: Request, target: Target) -> None:
        scheme = f"{self.options.auth_scheme} " if self.options.auth_scheme else ""
        given = request.headers.get("authorization", "")
        if not given.startswith(scheme) or not self._tokens.accepts(given[len(scheme) :]):
            raise Refusal(401, "the token is missing, wrong or expired")
        if {target.service, target.resource, f"{target.resource}/{target.country}"} & self.options.forbidden:
            raise Refusal(403, "no right to read this")

    def _dated(self, response: Response) -> Response:
        if not self.options.date_header or response.ending is Ending.SILENT:
            return response
        return replace(response, headers={"date": formatdate(self.clock() / SECOND, usegmt=True), **response.headers})

    def _note(self, request: Request, target: Target | None, status: int, fault: Fault | None) -> None:
        endpoint, kind = target.endpoint if target else "", fault.kind.value if fault else None
        query = dict(request.query)
        self.log.append(Seen(self.clock(), request.method, request.path, query, endpoint, status, kind))


def _world(options: SandboxOptions, clock: Clock, services: Services | None) -> World:
    served = services or {**reference(), **retail(options.sizes, seed=options.seed, decimals=options.decimals)}
    end = clock() - _HOUR if options.anchor is None else options.anchor
    write = WRITERS[options.timestamps]
    return World(served, options.countries, clock=clock, end=end, seed=options.seed, write=write)
