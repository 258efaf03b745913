"""A call chooses its partitions; what it names wrongly is named back with what there is."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from focus_assets.cli.selection import Selection, Wanted, select
from focus_assets.config import Config, Destination, Document
from focus_assets.database.open import Database
from focus_assets.fleet import Fleet
from focus_assets.model.errors import ApiUnreachable, UnknownPartition, UnknownResource
from focus_assets.sources.source import Source

EVERYTHING = ["reference/airports/DE", "reference/airports/NO", "retail/promotions/DE", "retail/promotions/NO"]


class Served:
    """A source that knows one resource, or does not answer."""

    def __init__(self, service: str, resource: str) -> None:
        self.service, self.resource, self.asked, self.down = service, resource, 0, False

    async def resources(self) -> list[str]:
        self.asked += 1
        if self.down:
            raise ApiUnreachable("no connection")
        return [self.resource]


class Site:
    """Two sources."""

    def __init__(self, home: Path) -> None:
        self.reference, self.retail = Served("reference", "airports"), Served("retail", "promotions")
        entry = {
            "kind": "exchange",
            "base_url": "http://127.0.0.1:1",
            "auth": {"kind": "none"},
            "countries": ["DE", "NO"],
        }
        sources = {name: entry | {"business_service": name} for name in ("reference", "retail")}
        config = Config.of(Document.model_validate({"sources": sources}), home)
        database = Database(Destination(url=SecretStr(f"sqlite:///{home}/focus.db")))
        served = {"reference": cast(Source, self.reference), "retail": cast(Source, self.retail)}
        self.fleet = Fleet(config, database, served)

    async def select(self, *resources: str, countries: tuple[str, ...] = ()) -> Selection:
        return await select(self.fleet, Wanted(resources, countries))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def named(selection: Selection) -> list[str]:
    return sorted(map(str, selection.refs))


async def test_nothing_named_is_everything(site: Site) -> None:
    assert named(await site.select()) == EVERYTHING


async def test_a_resource_is_named_with_or_without_its_source(site: Site) -> None:
    assert named(await site.select("airports")) == EVERYTHING[:2]
    assert named(await site.select("reference/airports", countries=("NO",))) == ["reference/airports/NO"]


async def test_a_source_that_no_name_begins_with_is_not_asked(site: Site) -> None:
    await site.select("reference/airports")
    assert site.retail.asked == 0


async def test_a_wrong_name_is_told_with_a_near_one(site: Site) -> None:
    with pytest.raises(UnknownResource, match="did you mean 'airports'"):
        await site.select("airport")
    with pytest.raises(UnknownPartition, match="known: DE, NO"):
        await site.select(countries=("XX",))


async def test_a_source_that_is_down_holds_up_no_other(site: Site) -> None:
    site.retail.down = True
    selection = await site.select()
    assert named(selection) == EVERYTHING[:2]
    assert list(selection.failed) == ["retail"]


async def test_a_name_of_a_source_that_is_down_is_not_called_unknown(site: Site) -> None:
    site.retail.down = True
    selection = await site.select("promotions")
    assert named(selection) == []
    assert list(selection.failed) == ["retail"]


async def test_where_no_source_answers_its_error_is_the_answer(site: Site) -> None:
    site.retail.down = site.reference.down = True
    with pytest.raises(ApiUnreachable):
        await site.select()
