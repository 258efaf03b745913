"""A tap on the promotions by Meltano's SDK: `python tap.py --config FILE | target-postgres --config FILE`."""

from __future__ import annotations

import decimal
import json
from collections.abc import Iterable
from typing import Any

import requests
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BasePageNumberPaginator


class Pages(BasePageNumberPaginator):
    def has_more(self, response: requests.Response) -> bool:
        return b'"next":null' not in response.content[-20:]


class Promotions(RESTStream[int]):
    name = "promotions"
    path = "/pages"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.UUIDType, required=True),
        *(th.Property(name, th.StringType) for name in ("country", "sku", "name")),
        th.Property("quantity", th.IntegerType),
        th.Property("price", th.DecimalType),
        th.Property("pct", th.NumberType),
        th.Property("active", th.BooleanType),
        *(th.Property(name, th.DateType) for name in ("start_date", "end_date")),
        th.Property("attributes", th.ObjectType(additional_properties=True)),
        *(th.Property(name, th.DateTimeType) for name in ("created_at", "updated_at")),
    ).to_dict()

    @property
    def url_base(self) -> str:
        return str(self.config["base_url"])

    def get_new_paginator(self) -> Pages:
        return Pages(1)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        return {"page": next_page_token or 1}

    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        yield from json.loads(response.content, parse_float=decimal.Decimal)["items"]


class Shop(Tap):
    name = "tap-shop"
    config_jsonschema = th.PropertiesList(th.Property("base_url", th.StringType, required=True)).to_dict()

    def discover_streams(self) -> list[Promotions]:
        return [Promotions(self)]


if __name__ == "__main__":
    Shop.cli()
