"""Load the promotions by requests, json and execute_values: `python load.py BASE_URL DATABASE_URL SCHEMA`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import psycopg2
import psycopg2.extras
import requests

PAGE = 1000
TABLE = """CREATE TABLE {}.promotions (id uuid, country text, sku text, name text, quantity bigint, price numeric(18,4),
pct double precision, active boolean, start_date date, end_date date, attributes jsonb, created_at timestamptz,
updated_at timestamptz)"""
NAMES = (
    *("id", "country", "sku", "name", "quantity", "price", "pct", "active", "start_date", "end_date"),
    *("attributes", "created_at", "updated_at"),
)


def main(base_url: str, database_url: str, schema: str) -> None:
    connection = psycopg2.connect(database_url)
    with (
        connection,
        connection.cursor() as cursor,
        requests.get(f"{base_url}/lines", stream=True, timeout=300) as answer,
    ):
        answer.raise_for_status()
        cursor.execute(f"CREATE SCHEMA {schema}")
        cursor.execute(TABLE.format(schema))
        found = rows(answer)
        while page := list(islice(found, PAGE)):
            psycopg2.extras.execute_values(cursor, f"INSERT INTO {schema}.promotions VALUES %s", page, page_size=PAGE)
        cursor.execute(f"ALTER TABLE {schema}.promotions ADD PRIMARY KEY (id)")
    connection.close()


def rows(answer: requests.Response) -> Iterator[tuple[Any, ...]]:
    for line in answer.iter_lines():
        record = json.loads(line)
        record["attributes"] = psycopg2.extras.Json(record["attributes"])
        yield tuple(record[name] for name in NAMES)


if __name__ == "__main__":
    main(*sys.argv[1:])
