"""Serve real reference data by country: airports and public holidays."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache, partial

from focus_assets.model.errors import MissingExtra
from focus_assets.sandbox.data import Listed, Record, Resource, Services, attributes

_YEARS = range(2015, 2031)


def reference() -> Services:
    """The business service `reference`; nothing is read before a row is asked for."""
    return {"reference": (_airports(), _holidays())}


def _airports() -> Resource:
    columns = (
        *("icao:string", "iata:string", "name:string", "city:string", "subdivision:string", "country:string"),
        *("elevation_ft:int32", "lat:float64", "lon:float64", "timezone:string"),
    )
    return Resource("airports", attributes(*columns, key=("icao",)), _airport_rows)


def _airport_rows(country: str) -> Listed:
    return Listed(
        ("icao",),
        partial(_airports_of, country),
        invent=partial(_new_airport, country),
        revise=_moved_airport,
    )


def _airports_of(country: str) -> Sequence[Record]:
    return _airports_by_country().get(country, [])


@lru_cache(maxsize=1)
def _airports_by_country() -> dict[str, list[Record]]:
    try:
        import airportsdata
    except ImportError as error:
        raise MissingExtra("sandbox", needed_for="the sandbox's airports") from error
    found: dict[str, list[Record]] = defaultdict(list)
    for airport in airportsdata.load().values():
        found[airport["country"]].append(_airport(dict(airport)))
    return found


def _airport(raw: Record) -> Record:
    return {
        "icao": raw["icao"],
        "iata": raw["iata"] or None,
        "name": raw["name"],
        "city": raw["city"] or None,
        "subdivision": raw["subd"] or None,
        "country": raw["country"],
        "elevation_ft": round(float(str(raw["elevation"]))),
        "lat": raw["lat"],
        "lon": raw["lon"],
        "timezone": raw["tz"] or None,
    }


def _new_airport(country: str, index: int) -> Record:
    # No real code has five characters or a hyphen.
    return {
        "icao": f"{country}-{index:05d}",
        "iata": None,
        "name": f"Airfield {index}",
        "city": None,
        "subdivision": None,
        "country": country,
        "elevation_ft": index % 9000,
        "lat": round(index * 0.618 % 180 - 90, 6),
        "lon": round(index * 1.618 % 360 - 180, 6),
        "timezone": "UTC",
    }


def _moved_airport(airport: Record, revision: int) -> Record:
    lat = float(str(airport["lat"]))
    return {**airport, "lat": round(lat - revision * 0.000001, 6), "name": f"{airport['name']} ({revision})"}


def _holidays() -> Resource:
    columns = ("day:date", "name:string", "country:string", "year:int16", "public:bool", "note:string")
    return Resource("holidays", attributes(*columns, key=("day", "name"), times="datetime"), _holiday_rows)


def _holiday_rows(country: str) -> Listed:
    return Listed(
        ("day", "name"),
        partial(_holidays_of, country),
        invent=partial(_new_holiday, country),
        revise=_noted_holiday,
    )


def _holidays_of(country: str) -> Sequence[Record]:
    found = _calendar(country)
    # Two holidays that fall on one day share an entry; each is a row.
    pairs = {(day, name.strip()) for day, names in found.items() for name in names.split(";")}
    return [_holiday(country, day, name) for day, name in sorted(pairs)]


def _calendar(country: str) -> dict[dt.date, str]:
    try:
        import holidays
    except ImportError as error:
        raise MissingExtra("sandbox", needed_for="the sandbox's holidays") from error
    if country not in holidays.list_supported_countries():
        return {}
    return dict(holidays.country_holidays(country, years=_YEARS, language="en_US"))  # else as the locale has it


def _holiday(country: str, day: dt.date, name: str) -> Record:
    return {
        "day": day.isoformat(),
        "name": name,
        "country": country,
        "year": day.year,
        "public": True,
        "note": None,
    }


def _new_holiday(country: str, index: int) -> Record:
    day = dt.date(2031, 1, 1) + dt.timedelta(days=index % 300_000)
    return _holiday(country, day, f"Day of the Mirror {index}")


def _noted_holiday(holiday: Record, revision: int) -> Record:
    return {**holiday, "note": f"confirmed, revision {revision}"}
