"""A registry, an identity service and two services that it names: made-up items, both ways to page, faults."""

from focus_assets.sandbox.discovery.app import DiscoveryOptions, DiscoverySandbox

__all__ = ["DiscoveryOptions", "DiscoverySandbox"]
