"""Make up a retailer's rows by seed: promotions of any number, products and stores."""

from __future__ import annotations

import base64
import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

from focus_assets.sandbox.data import Key, Listed, Record, Resource, Services, attributes, write_json

DecimalForm = Literal["number", "text"]
_BITS60 = (1 << 60) - 1


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows of each resource a country has at the start."""

    promotions: int = 1000
    products: int = 200
    stores: int = 40


def retail(sizes: Sizes, *, seed: int, decimals: DecimalForm = "number") -> Services:
    """The business service `retail`; nothing is made before a row is asked for."""
    return {
        "retail": (
            _promotions(sizes.promotions, seed, decimals),
            _products(sizes.products, seed, decimals),
            _stores(sizes.stores, seed),
        )
    }


def _promotions(size: int, seed: int, decimals: DecimalForm) -> Resource:
    columns = (
        *("id:uuid", "country:string", "sku:string", "name:string", "quantity:int64", "price:decimal(18,4)"),
        *("pct:float64", "active:bool", "start_date:date", "end_date:date", "attributes:json"),
    )
    return Resource(
        "promotions",
        attributes(*columns, key=("id",)),
        lambda country: Promotions(country, size, seed=seed, decimals=decimals),
    )


class Promotions:
    """Rows by arithmetic: a key is a bijection of the number, the rest comes from pools of ready-made text.

    A line costs about one string format, so that a million of them stream without being kept.
    """

    def __init__(self, country: str, size: int, *, seed: int, decimals: DecimalForm = "number") -> None:
        self._country, self._size, self._seed = country, size, seed
        self._quote = '"' if decimals == "text" else ""

    @property
    def size(self) -> int:
        """How many rows there are at the start."""
        return self._size

    def key(self, index: int) -> Key:
        """A uuid of version 4's shape."""
        return (self._uuid(f"{self._scattered(index):015x}"),)

    def line(self, index: int, revision: int, created: str, updated: str) -> str:
        """About 400 bytes."""
        goods, terms, extras = self._pools
        digits = f"{self._scattered(index):015x}"
        turn = index + 31 * revision
        return (
            f'{{"id":"{self._uuid(digits)}","country":"{self._country}",'
            f'"sku":"SKU-{digits[4:12]}",{goods[turn % 1021]}{terms[turn % 509]}'
            f'{extras[turn % 773]},"created_at":{created},"updated_at":{updated}}}'
        )

    def _uuid(self, digits: str) -> str:
        return f"{digits[:8]}-{digits[8:12]}-4{digits[12:]}-{self._tail}"

    def _scattered(self, index: int) -> int:
        # An odd factor is invertible modulo a power of two: no two numbers share a key.
        return (index * self._factor + self._offset) & _BITS60

    @cached_property
    def _random(self) -> random.Random:
        return random.Random(f"{self._seed}/promotions/{self._country}")

    @cached_property
    def _numbers(self) -> tuple[int, int, str]:
        rng = random.Random(f"{self._seed}/keys/{self._country}")
        return rng.getrandbits(60) | 1, rng.getrandbits(60), f"a{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}"

    @cached_property
    def _factor(self) -> int:
        return self._numbers[0]

    @cached_property
    def _offset(self) -> int:
        return self._numbers[1]

    @cached_property
    def _tail(self) -> str:
        return self._numbers[2]

    @cached_property
    def _pools(self) -> tuple[list[str], list[str], list[str]]:
        rng = self._random
        goods = [_goods(rng, self._quote) for _ in range(1021)]
        return goods, [_terms(rng) for _ in range(509)], [_extras(rng) for _ in range(773)]


_WORDS = ("Summer", "Käse", "Crème brûlée", 'The "big" one', "Back\\slash", "50 % off", "雪", "Rødvin", "Emoji 🎉")
_GOODS = ("coffee", "bread", "detergent", "olive oil", "socks", "batteries", "chocolate", "apples")


def _goods(rng: random.Random, quote: str) -> str:
    name = f"{rng.choice(_WORDS)} {rng.choice(_GOODS)} {rng.randrange(100)}"
    # One in fifty does not survive a double: whoever reads it through one is found out.
    quantity = 2**53 + rng.randrange(1, 10**6, 2) if rng.random() < 0.02 else rng.randrange(10_000)
    whole = rng.randrange(10**13, 10**14) if rng.random() < 0.02 else rng.randrange(500)
    price = f"{whole}.{rng.randrange(10_000):04d}"
    return f'"name":{write_json(name)},"quantity":{quantity},"price":{quote}{price}{quote},'


def _terms(rng: random.Random) -> str:
    start = dt.date(2024, 1, 1) + dt.timedelta(days=rng.randrange(800))
    end = write_json((start + dt.timedelta(days=rng.randrange(1, 60))).isoformat())
    active = "true" if rng.random() < 0.5 else "false"
    return (
        f'"pct":{rng.random()!r},"active":{active},"start_date":"{start}",'
        f'"end_date":{end if rng.random() < 0.9 else "null"},'
    )


def _extras(rng: random.Random) -> str:
    value = {
        "channel": rng.choice(["web", "store", "app"]),
        "tags": rng.sample(_GOODS, 3),
        "limits": {"per_customer": rng.choice([None, 1, 2.5])},
        "note": rng.choice(["", "naïve\nnew line", "tab\there", "plain", "ünïcödé ✓"]),
    }
    return f'"attributes":{write_json(value)}'


def _products(size: int, seed: int, decimals: DecimalForm) -> Resource:
    columns = (
        *("sku:string", "name:string", "tags:[]string", "image:bytes", "weight:float32", "rank:int16"),
        *("stock:int32", "rating:database.nullint16", "price:decimal(12,2)", "dimensions:json"),
        *("discontinued:bool", "available_from:date"),
    )
    return Resource(
        "products",
        attributes(*columns, key=("sku",)),
        lambda country: _product_rows(country, size, seed, decimals),
    )


def _product_rows(country: str, size: int, seed: int, decimals: DecimalForm) -> Listed:
    invent = partial(_product, country, seed, decimals)
    return Listed(("sku",), lambda: _all(size, invent), invent=invent, revise=_restocked)


def _all(size: int, invent: partial[Record]) -> Sequence[Record]:
    return [invent(index) for index in range(size)]


def _product(country: str, seed: int, decimals: DecimalForm, index: int) -> Record:
    rng = random.Random(f"{seed}/products/{country}/{index}")
    product: Record = {
        "sku": _sku(index),
        "name": f"{rng.choice(_WORDS)} {rng.choice(_GOODS)}",
        "tags": rng.sample(_GOODS, rng.randrange(4)),
        "image": _base64(rng.randbytes(rng.randrange(24))),
        "weight": rng.randrange(1, 4000) / 8,
        "rank": rng.randrange(-32_768, 32_768),
        "stock": rng.randrange(-(2**31), 2**31),
        "price": _price(rng, decimals),
        "dimensions": rng.choice([None, [1, 2.5, None], {"w": 1, "h": {"cm": 2}}, "flat", True]),
        "discontinued": rng.random() < 0.1,
        "available_from": f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
    }
    return product | _rating(rng)


def _sku(index: int) -> str:
    # Keys that a case-folding, trimming or accent-blind collation takes for each other.
    number = f"{index // 4:05d}"
    return (f"SKU-{number}", f"sku-{number}", f"SKU-{number} ", f"SKÜ-{number}'\"")[index % 4]


def _rating(rng: random.Random) -> Record:
    # A number, null, or absent, which means null too.
    return rng.choice([{"rating": rng.randrange(-32_768, 32_768)}, {"rating": None}, {}])


def _price(rng: random.Random, decimals: DecimalForm) -> object:
    cents = rng.randrange(100_000)
    return f"{cents // 100}.{cents % 100:02d}" if decimals == "text" else cents / 100


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _restocked(product: Record, revision: int) -> Record:
    return {**product, "stock": revision, "name": f"{product['name']} v{revision}"}


def _stores(size: int, seed: int) -> Resource:
    columns = (
        *("chain:string", "number:int32", "city:string", "employees:int", "area:float32", "opened:date"),
        *("sunday:bool", "services:[]string", "hours:json"),
    )
    return Resource(
        "stores",
        attributes(*columns, key=("chain", "number"), times="datetime"),
        lambda country: _store_rows(country, size, seed),
    )


def _store_rows(country: str, size: int, seed: int) -> Listed:
    invent = partial(_store, country, seed)
    return Listed(("chain", "number"), lambda: _all(size, invent), invent=invent, revise=_staffed)


def _store(country: str, seed: int, index: int) -> Record:
    rng = random.Random(f"{seed}/stores/{country}/{index}")
    return {
        "chain": ("Økomarked", "O'Neil & Söhne", "Prix")[index % 3],
        "number": index // 3,
        "city": rng.choice(["Köln", "Lyon", "Ålesund", "Forlì", None]),
        "employees": rng.randrange(-(2**63), 2**63) if rng.random() < 0.05 else rng.randrange(400),
        "area": rng.randrange(100, 100_000) / 4,
        "opened": f"{rng.randrange(1890, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "sunday": rng.choice([True, False, None]),
        "services": rng.choice([None, [], ["parking"], ["café, bakery", 'say "hi"', "{braces}", "null", ""]]),
        "hours": {"mon": ["08:00", "20:00"], "sun": None},
    }


def _staffed(store: Record, revision: int) -> Record:
    return {**store, "employees": revision}
