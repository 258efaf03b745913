"""Find services by their registry and resources by their descriptors, and speak to them."""

from __future__ import annotations

from focus_assets.client.discovery.catalog import Descriptor, Resource, Service
from focus_assets.client.discovery.engine import Call, Discovery, Start
from focus_assets.client.discovery.listing import Listing

__all__ = ["Call", "Descriptor", "Discovery", "Listing", "Resource", "Service", "Start"]
