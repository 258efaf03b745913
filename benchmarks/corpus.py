"""Make the same rows once, in every form in which they are served, loaded and checked.

A folder holds what a server would say at two moments, `start` and `later` (a delta after it), the rows of the
start as a CSV file, and the digest that a table has to have at either moment.
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import md5
from io import StringIO
from pathlib import Path
from typing import Self

import msgspec

from benchmarks.names import COUNTRY, RESOURCE, SERVICE
from focus_assets.sandbox import Change, Sandbox, SandboxOptions, Sizes
from focus_assets.sandbox.timeline import write_z
from focus_assets.sandbox.view import Since, Tombstones, View

NOTHING, BETWEEN = "~", "\x1f"  # what a digest reads for NULL, and between two values


@dataclass(frozen=True, slots=True)
class Shares:
    """One row in so many is updated, made or deleted."""

    updated: int
    created: int
    deleted: int

    def of(self, rows: int) -> Change:
        """The same in numbers, the same rows each time."""
        shares = {"updates": self.updated, "creates": self.created, "deletes": self.deleted}
        return Change(**{what: rows // share for what, share in shares.items()}, seed=1)


SMALL, LARGE = Shares(100, 200, 400), Shares(10, 20, 20)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was made: `changes` lines in `later`, digests and numbers of rows by moment, sizes in bytes."""

    rows: int
    changes: int
    body_bytes: int
    csv_bytes: int
    digests: dict[str, int]
    totals: dict[str, int]

    def save(self, folder: Path) -> None:
        """Beside the files that it speaks of."""
        (folder / "corpus.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        return cls(**json.loads((folder / "corpus.json").read_text(encoding="utf-8")))


class _Line(msgspec.Struct):
    """Numbers and json as they were written: nothing here may round."""

    id: str
    country: str
    sku: str
    name: str
    quantity: msgspec.Raw
    price: msgspec.Raw
    pct: msgspec.Raw
    active: bool
    start_date: str
    end_date: str | None
    attributes: msgspec.Raw
    created_at: str
    updated_at: str | None


_decode_lines = msgspec.json.Decoder(_Line).decode_lines
Texts = list[str | None]


def render(folder: Path, rows: int, change: Change | None = None) -> Corpus:
    """Write all files, about half a minute for a million rows; `change` is what happens until `later`, else little."""
    options = SandboxOptions(countries=(COUNTRY,), sizes=Sizes(promotions=rows))
    sandbox = Sandbox(options)
    start = sandbox.view(RESOURCE, COUNTRY)
    changed = sandbox.world.change(sandbox.world.find(RESOURCE, COUNTRY), change or SMALL.of(rows))
    later = sandbox.view(RESOURCE, COUNTRY)
    replaced = {str(key[0]) for key in (*changed.updated, *changed.deleted)}
    (folder / "schema.json").write_text(_schema(sandbox), encoding="utf-8")
    for name, view in (("start", start), ("later", later)):
        (folder / name).mkdir()
        (folder / name / "state.json").write_text(_state(view), encoding="utf-8")
    body, table, digest, gone = _write_start(folder, start, replaced)
    lines, digest_later = _write_later(folder / "later", later, start.newest)
    corpus = Corpus(
        rows=rows,
        changes=lines,
        body_bytes=body,
        csv_bytes=table,
        digests={"start": digest, "later": digest - gone + digest_later},
        totals={"start": start.live, "later": later.live},
    )
    corpus.save(folder)
    return corpus


def _schema(sandbox: Sandbox) -> str:
    resource = sandbox.world.resource(SERVICE, RESOURCE)
    assert resource is not None
    return json.dumps({"resources": {RESOURCE: resource.described()}})


def _state(view: View) -> str:
    return json.dumps({"payload": {"total_items": view.live, "as_of": write_z(view.newest)}})


def _write_start(folder: Path, view: View, replaced: set[str]) -> tuple[int, int, int, int]:
    """Sizes of the body and the CSV file, the digest of all rows and that of the replaced ones."""
    digest = gone = 0
    with (folder / "start" / "full.ndjson").open("wb") as body, (folder / "rows.csv").open("wb") as table:
        for chunk in view.full():
            body.write(chunk)
            rows = list(texts(chunk))
            table.write(csv_of(rows))
            parts = [part_of(row) for row in rows]
            digest += sum(parts)
            gone += sum(part for part, row in zip(parts, rows, strict=True) if row[0] in replaced)
        return body.tell(), table.tell(), digest, gone


def _write_later(folder: Path, view: View, moment: int) -> tuple[int, int]:
    """How many lines changed, and the digest of those that live."""
    since, form, lines, digest = Since(moment), Tombstones(("id",)), 0, 0
    for feed in ("created", "updated", "deleted"):
        body = b"".join(view.delta(feed, since, form))
        (folder / f"{feed}.ndjson").write_bytes(body)
        lines += body.count(b"\n")
        digest += 0 if feed == "deleted" else sum(map(part_of, texts(body)))
    return lines, digest


def texts(lines: bytes) -> Iterator[Texts]:
    """Rows as the texts of their values, json in the form of PostgreSQL's jsonb."""
    for line in _decode_lines(lines):
        numbers = [str(raw, "utf-8") for raw in (line.quantity, line.price, line.pct)]
        active = "true" if line.active else "false"
        attributes = jsonb_text(str(line.attributes, "utf-8"))
        yield [
            *(line.id, line.country, line.sku, line.name, *numbers, active, line.start_date, line.end_date),
            *(attributes, line.created_at, line.updated_at),
        ]


def csv_of(rows: Iterable[Texts]) -> bytes:
    """One line for each row."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def part_of(row: Texts) -> int:
    """What a row adds to its table's digest: the first 40 bits of MD5, which 8 million rows do not overflow."""
    return part_of_text(BETWEEN.join([NOTHING if text is None else text for text in row]))


def part_of_text(text: str) -> int:
    """The same of the row's values in one text."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[:5], "big")


@functools.lru_cache(maxsize=4096)
def jsonb_text(text: str) -> str:
    """The text that PostgreSQL gives for a jsonb value: keys by length, then by bytes."""
    return json.dumps(_ordered(json.loads(text)), ensure_ascii=False)


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: (len(key.encode()), key.encode()))}
    return [_ordered(one) for one in value] if isinstance(value, list) else value
