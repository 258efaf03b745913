"""Render the reference pages from the code that they describe."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from focus_assets.config import (
    brokers,
    destination,
    discovered,
    document,
    exchange,
    limits,
    rest,
    sending,
    transform,
    writeback,
)
from focus_assets.config.auth import AUTH
from focus_assets.config.knobs import Knobs
from focus_assets.config.paging import PAGING
from focus_assets.model import errors

MADE = "<!-- Made from the code by `make golden`. -->"


def configuration() -> str:
    """Every knob of focus.yaml: path, what it takes, default, meaning."""
    lines = [
        MADE,
        "# Configuration: `focus.yaml`",
        "",
        "`focus` reads the file that `--config` names, else the one that the variable `FOCUS_CONFIG` names, else"
        " `./focus.yaml`; with none of these it mirrors the sandbox into SQLite. `${NAME}` and `${NAME:-default}` come"
        " from the environment, after the YAML was parsed; `$${` writes `${`. Unknown keys, keys written twice and"
        " unset variables are errors that name file and key. `focus.schema.json` describes the file to editors.",
        "",
    ]
    for title, model in (
        ("`sources.<name>` (`kind: exchange`)", exchange.ExchangeSource),
        ("`sources.<name>` (`kind: rest`)", rest.RestSource),
        ("`sources.<name>` (`kind: discovered`)", discovered.DiscoveredSource),
        ("`sources.<name>.resources.<resource>`", rest.RestResource),
        *((f"`….pagination` (`kind: {_kind(model)}`)", model) for model in PAGING),
        ("`….incremental`", rest.Incremental),
        ("`….total`", rest.CountEndpoint),
        ("`….transform`, a list of", transform.TransformStep),
        ("`….transform` `flatten`", transform.FlattenStep),
        ("`….transform` `explode_keys`", transform.ExplodeKeysStep),
        ("`….transform` `dates.<attribute>`", transform.DateFormat),
        ("`….transform` `clean`", transform.CleanStep),
        *((f"`sources.<name>.auth` (`kind: {_kind(model)}`)", model) for model in AUTH),
        ("`sources.<name>.rate_limit`", limits.RateLimit),
        ("`sources.<name>.timeouts`", limits.Timeouts),
        ("`sources.<name>.retry`", limits.Retry),
        ("`destination`", destination.Destination),
        ("`alerts`", document.Alerts),
        ("`schedules`", document.Schedules),
        ("`concurrency`", document.Concurrency),
        ("`history`", document.History),
        ("`writeback`", writeback.Writeback),
        ("`writeback.broker`", brokers.Broker),
        ("`writeback.kafka`", brokers.Kafka),
        ("`writeback.read_back`", writeback.ReadBack),
        ("`writes.<name>`", sending.Sending),
    ):
        lines += [f"## {title}", "", inspect.cleandoc(model.__doc__ or ""), "", *_table(model), ""]
    return "\n".join(lines)


def _kind(model: type[Knobs]) -> str:
    (kind,) = typing.get_args(model.model_fields["kind"].annotation)
    return str(kind)


def _table(model: type[Knobs]) -> Iterator[str]:
    yield "| key | takes | default | |"
    yield "|---|---|---|---|"
    fields = model.spelled().items()
    for name, field in sorted(fields, key=lambda found: not found[1].is_required()):
        meaning = field.description or _doc_of(field.annotation)
        yield f"| `{name}` | {_takes(field.annotation)} | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, BaseModel):
        return f"`kind: {value.kind}`" if hasattr(value, "kind") else "see below"
    if value in (None, {}, ()):
        return "none"
    if isinstance(value, SecretStr):
        return f"`{value.get_secret_value()}`"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, dict):
        return f"`{value}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


def _takes(annotation: Any) -> str:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_takes(part) for part in typing.get_args(annotation)))
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(annotation))
    if typing.get_origin(annotation) is typing.Annotated:
        return _takes(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) is tuple:
        inner = typing.get_args(annotation)[0]
        return "list of texts" if inner is str else "list, see below"
    if typing.get_origin(annotation) is dict:
        return "keys with their values"
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "see below"
    names = {
        Any: "anything",
        str: "text",
        int: "number",
        float: "number",
        bool: "`true` or `false`",
        SecretStr: "text, kept secret",
    }
    return "`null`" if annotation is type(None) else names[annotation]


def _doc_of(annotation: Any) -> str:
    for part in (annotation, *typing.get_args(annotation)):
        if inspect.isclass(part) and issubclass(part, BaseModel):
            return (part.__doc__ or "").strip().splitlines()[0]
    return ""


def error_tree() -> str:
    """Every named error, what it means, whether it is tried again."""
    lines = [
        MADE,
        "# Errors",
        "",
        "Every failure has a name, in this tree. `focus` prints the sentence that it carries; `--json` gives name and"
        " sentence; `_focus_errors` keeps both with cause and stack. Exit code 2 is a `ConfigurationError`, 1 anything"
        " else. *Tried again* says that the API was asked again within the retry budget before the error was raised.",
        "",
        "| error | is a | means | tried again |",
        "|---|---|---|---|",
    ]
    for error in _below(errors.FocusError):
        again = "yes" if error.repeatable else ""
        parent = error.__mro__[1] if not error.__mro__[1].__name__.startswith("_") else error.__mro__[2]
        meaning = (error.__doc__ or "").strip().splitlines()[0]
        lines.append(f"| `{error.__name__}` | `{parent.__name__}` | {meaning} | {again} |")
    return "\n".join([*lines, ""])


def _below(error: type[errors.FocusError]) -> Iterator[type[errors.FocusError]]:
    if not error.__name__.startswith("_"):
        yield error
    for narrower in error.__subclasses__():
        if narrower.__module__.startswith(errors.__name__):
            yield from _below(narrower)
