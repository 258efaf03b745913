"""Print the longest offers of an owner: `python longest.py`, beside `focus sandbox --discovery --port 8766`."""

import os

from focus_assets.api.discovery import SyncDiscoveryClient


def longest(registry_url: str, owner: str, number: int = 3) -> list[str]:
    """Their names, the longest first."""
    start = {"registry_url": registry_url, "client_id": "sandbox", "client_secret": "sandbox", "owner": owner}
    with SyncDiscoveryClient(**start) as client:
        offers = sorted(client.metadata.offers.list(), key=lambda offer: offer["duration"], reverse=True)
    return [offer["name"] for offer in offers[:number]]


if __name__ == "__main__":
    for name in longest(os.environ.get("REGISTRY_URL", "http://127.0.0.1:8766"), "acme"):
        print(name)
