"""The world that the demo mirrors: a sandbox, its configuration, and what happens in it meanwhile."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from focus_assets.config import Config, Document
from focus_assets.sandbox import Change, Sandbox, SandboxOptions

COUNTRIES = ("DE", "FR", "NO")
USER = "sandbox"
HAPPENINGS = {
    "airports": Change(creates=2, updates=9, deletes=3, recreates=1, into_scope=2),
    "holidays": Change(creates=4, updates=2, deletes=2, recreates=1, into_scope=1),
    "products": Change(creates=5, updates=24, deletes=7, recreates=2, into_scope=3),
    "promotions": Change(creates=31, updates=120, deletes=18, recreates=6, into_scope=14),
    "stores": Change(creates=1, updates=4, deletes=2, recreates=1, into_scope=1),
}
WORDS = ("created", "updated", "deleted", "recreated", "into_scope")


def sandbox() -> Sandbox:
    """The same rows every time."""
    return Sandbox(SandboxOptions(username=USER, password=USER, countries=COUNTRIES))


def config_of(base_url: str, database_url: str, home: Path) -> Config:
    """Both business services into one database."""
    sources = {
        service: {
            "kind": "exchange",
            "base_url": base_url,
            "business_service": service,
            "auth": {"kind": "focus", "username": USER, "password": USER},
            "countries": list(COUNTRIES),
        }
        for service in ("retail", "reference")
    }
    return Config.of(Document.model_validate({"sources": sources, "destination": {"url": database_url}}), home)


def let_it_change(world: Sandbox) -> dict[str, int]:
    """Something of every kind, in every resource and country; how many of each."""
    happened: Counter[str] = Counter()
    for where in world.world.partitions():
        changed = world.world.change(where, HAPPENINGS[where[1]])
        happened.update({word: len(getattr(changed, word)) for word in WORDS})
    return dict(happened)
