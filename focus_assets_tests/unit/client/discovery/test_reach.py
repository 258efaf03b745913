"""A registry leads where it may, and nowhere else."""

from __future__ import annotations

import pytest

from focus_assets.client.discovery.reach import refusal


@pytest.mark.parametrize(
    ("registry", "location"),
    [
        ("https://registry.test", "https://registry.test/metadata"),
        ("https://registry.test", "https://registry.test:8443"),
        ("https://registry.test", "https://services.elsewhere.test"),
        ("https://10.0.0.1", "https://10.0.0.1:8443"),
        ("http://registry.test", "http://REGISTRY.test:81/x"),
        ("http://registry.test", "https://registry.test"),
        ("http://127.0.0.1:8766", "http://localhost:9"),
        ("http://localhost", "http://[::1]:9"),
    ],
)
def test_it_may_lead_to(registry: str, location: str) -> None:
    assert refusal(location, registry, None) is None


@pytest.mark.parametrize(
    ("registry", "location", "why"),
    [
        ("https://registry.test", "http://registry.test", "from https to http"),
        ("https://registry.test", "http://services.test", "from https to http"),
        ("https://localhost", "http://localhost", "from https to http"),
        ("http://registry.test", "http://services.test", "asked by http"),
        ("http://registry.test", "https://services.test", "asked by http"),
        ("http://registry.test", "http://127.0.0.1", "asked by http"),
        ("http://127.0.0.1", "http://registry.test", "asked by http"),
        ("http://registry.test", "http://registry.test.evil.test", "asked by http"),
        ("http://registry.test", "http://registry.test@evil.test", "asked by http"),
        ("https://registry.test", "https://169.254.169.254", "an address without a name"),
        ("https://registry.test", "https://[fe80::1]", "an address without a name"),
        ("https://registry.test", "https://localhost:9200", "an address without a name"),
        ("https://registry.test", "ftp://registry.test", "no http or https"),
    ],
)
def test_it_may_not_lead_to(registry: str, location: str, why: str) -> None:
    assert why in str(refusal(location, registry, None))


def test_with_origins_there_are_these_and_its_own() -> None:
    origins = ("https://a.test", "http://b.test:81")
    for location in ("https://a.test/x", "http://b.test:81", "https://registry.test/y"):
        assert refusal(location, "https://registry.test", origins) is None
    for location in ("https://c.test", "http://a.test", "http://b.test", "https://registry.test:444"):
        assert refusal(location, "https://registry.test", origins) == "it is not among the origins"
