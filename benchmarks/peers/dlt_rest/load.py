"""Load the promotions with dlt's rest_api source: `python load.py BASE_URL DATABASE_URL TABLE_SCHEMA [merge]`.

Tuned: types hinted, COPY from CSV files, buffers of 20,000 records, two workers; its state lies in the current folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "250000",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
}

import dlt
from dlt.sources.rest_api import rest_api_source

COLUMNS = {
    "price": {"data_type": "decimal", "precision": 18, "scale": 4},
    "pct": {"data_type": "double"},
    "attributes": {"data_type": "json"},
    "start_date": {"data_type": "date"},
    "end_date": {"data_type": "date"},
}


def main(base_url: str, database_url: str, schema: str, disposition: str = "replace") -> None:
    columns = COLUMNS | ({"deleted": {"data_type": "bool", "hard_delete": True}} if disposition == "merge" else {})
    source = rest_api_source(
        {
            "client": {"base_url": base_url, "paginator": {"type": "json_link", "next_url_path": "next"}},
            "resources": [
                {
                    "name": "promotions",
                    "primary_key": "id",
                    "write_disposition": disposition,
                    "columns": columns,
                    "max_table_nesting": 0,
                    "endpoint": {"path": "pages/1", "data_selector": "items"},
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(database_url),
        dataset_name=schema,
        pipelines_dir=str(Path.cwd() / "dlt"),
    )
    pipeline.run(source, loader_file_format="csv").raise_on_failed_jobs()


if __name__ == "__main__":
    main(*sys.argv[1:])
