"""Decide where a registry may lead: the client's secret and its tokens go there.

Why: docs/decisions/0008-where-a-registry-may-lead.md
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from focus_assets.client.protocol import Origin, origin_of


def refusal(location: str, registry_url: str, origins: Collection[str] | None) -> str | None:
    """Why a service may not be there, as the end of a sentence; None where it may.

    With `origins`, those and the registry's own are all that there is. Without: the registry's own host, and from https
    to https any host with a name.

    >>> refusal("https://api.example.net/metadata", "https://registry.example.org", None)
    >>> refusal("http://api.example.net/metadata", "https://registry.example.org", None)
    'it leads from https to http'
    """
    there, here = origin_of(location), origin_of(registry_url)
    if there is None or here is None:
        return "it is no http or https URL"
    if origins is not None:
        return None if there in {here, *map(origin_of, origins)} else "it is not among the origins"
    if (here.scheme, there.scheme) == ("https", "http"):
        return "it leads from https to http"
    return None if _is_near(there, here) else _far(there, here)


def _is_near(there: Origin, here: Origin) -> bool:
    return there.host == here.host or (_is_loopback(there.host) and _is_loopback(here.host))


def _far(there: Origin, here: Origin) -> str | None:
    if here.scheme != "https":
        return "a registry that is asked by http leads only to its own host, as anybody on the way could answer for it"
    return "it is an address without a name" if _is_address(there.host) or _is_loopback(there.host) else None


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
