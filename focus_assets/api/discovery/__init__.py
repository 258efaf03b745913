"""Write `client.metadata.offers.list()` and never a URL: services and resources by the names that they publish."""

from __future__ import annotations

from focus_assets.api.discovery.client import DiscoveryClient
from focus_assets.api.discovery.options import DiscoveryOptions
from focus_assets.api.discovery.resource import Resource
from focus_assets.api.discovery.service import Service
from focus_assets.api.discovery.sync import SyncDiscoveryClient

__all__ = ["DiscoveryClient", "DiscoveryOptions", "Resource", "Service", "SyncDiscoveryClient"]
