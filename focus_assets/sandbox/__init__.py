"""A reference Data Exchange server: real and made-up data, a world that changes, faults on request."""

from focus_assets.sandbox.alteration import Alteration
from focus_assets.sandbox.app import Sandbox
from focus_assets.sandbox.control import Seen
from focus_assets.sandbox.data import Attribute, Listed, Resource, Rows, Services
from focus_assets.sandbox.exchange import Ending, Request, Response
from focus_assets.sandbox.faults import AT_PLACES, Fault, FaultPlan, Kind
from focus_assets.sandbox.options import ANCHOR, PLAIN, Extensions, SandboxOptions
from focus_assets.sandbox.retail import Sizes
from focus_assets.sandbox.server import SandboxServer, serve
from focus_assets.sandbox.timeline import Clock, system_clock
from focus_assets.sandbox.world import Change, Changed

__all__ = [
    "ANCHOR",
    "AT_PLACES",
    "PLAIN",
    "Alteration",
    "Attribute",
    "Change",
    "Changed",
    "Clock",
    "Ending",
    "Extensions",
    "Fault",
    "FaultPlan",
    "Kind",
    "Listed",
    "Request",
    "Resource",
    "Response",
    "Rows",
    "Sandbox",
    "SandboxOptions",
    "SandboxServer",
    "Seen",
    "Services",
    "Sizes",
    "serve",
    "system_clock",
]
