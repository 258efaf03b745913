"""Load the promotions with a dlt resource of Arrow tables: `python load.py BASE_URL DATABASE_URL SCHEMA [merge]`.

NDJSON is read in pieces of 8 MiB by pyarrow and loaded through ADBC. `attributes` is left out: pyarrow makes a struct
of it, which PostgreSQL's destination does not take.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "NORMALIZE__WORKERS": "2", "LOAD__WORKERS": "2"}

import dlt
import httpx
import pyarrow as pa
import pyarrow.json

PIECE = 8 * 1024 * 1024
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "country", "sku", "name")),
        ("quantity", pa.int64()),
        ("price", pa.decimal128(18, 4)),
        ("pct", pa.float64()),
        ("active", pa.bool_()),
        *((name, pa.string()) for name in ("start_date", "end_date")),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("created_at", "updated_at")),
    ]
)
DELETED = pa.field("deleted", pa.bool_())
READING = pyarrow.json.ReadOptions(block_size=2 * PIECE, use_threads=True)


def main(base_url: str, database_url: str, schema: str, disposition: str = "replace") -> None:
    merges = disposition == "merge"
    columns = {DELETED.name: {"data_type": "bool", "hard_delete": True}} if merges else {}
    wanted = SCHEMA.append(DELETED) if merges else SCHEMA
    parsing = pyarrow.json.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="ignore")

    @dlt.resource(name="promotions", primary_key="id", write_disposition=disposition, columns=columns)
    def promotions() -> Iterator[pa.Table]:
        for lines in pieces(f"{base_url}/lines"):
            yield pyarrow.json.read_json(io.BytesIO(lines), read_options=READING, parse_options=parsing)

    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(database_url),
        dataset_name=schema,
        pipelines_dir=str(Path.cwd() / "dlt"),
    )
    pipeline.run(promotions(), loader_file_format="parquet").raise_on_failed_jobs()


def pieces(url: str) -> Iterator[bytes]:
    """Whole lines, about so many bytes at a time."""
    held = bytearray()
    with httpx.stream("GET", url, timeout=300) as answer:
        for chunk in answer.iter_raw(1024 * 1024):
            held += chunk
            if len(held) >= PIECE:
                end = held.rfind(b"\n") + 1
                yield bytes(held[:end])
                del held[:end]
    if held:
        yield bytes(held)


if __name__ == "__main__":
    main(*sys.argv[1:])
