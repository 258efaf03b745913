"""Find the configuration, read it, and say everything that is wrong with it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError

from focus_assets.config.document import Config, Document
from focus_assets.config.interpolation import Interpolation, KeyPath, Problem, spell
from focus_assets.config.knobs import Knobs
from focus_assets.config.reading import read_yaml
from focus_assets.model.errors import InvalidConfiguration

_EXPECTED = {
    "missing": "it is missing",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_type": "expected a text; what YAML reads as something else needs quotes",
    "string_too_short": "expected a text that is not empty",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected at least {ge}",
    "enum": "expected {expected}",
    "literal_error": "expected {expected}",
    "tuple_type": "expected a list",
    "too_short": "expected at least {min_length}",
    "dict_type": "expected keys with their values",
    "model_type": "expected keys with their values",
    "model_attributes_type": "expected keys with their values",
    "union_tag_not_found": "the key 'kind' is missing",
    "union_tag_invalid": "expected a kind of {expected_tags}",
    "value_error": "{error}",
}
BUILT_IN = "the built-in configuration"
_SANDBOX = {
    "kind": "exchange",
    "base_url": "${FOCUS_BASE_URL:-http://127.0.0.1:8765}",
    "auth": {"kind": "focus", "username": "sandbox", "password": "sandbox"},
    "countries": ["DE", "FR", "NO"],
}
SANDBOX: dict[str, Any] = {
    "sources": {
        "retail": _SANDBOX | {"business_service": "retail"},
        "reference": _SANDBOX | {"business_service": "reference"},
    },
    "destination": {"url": "${FOCUS_DATABASE_URL:-sqlite:///data/focus.db}"},
}


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration of `path`, else of FOCUS_CONFIG, else of ./focus.yaml, else the sandbox into SQLite.

    Raises InvalidConfiguration: the file, each key's path, what was expected; never a secret's value.
    """
    file = _find(path, environ)
    if file is None:
        return Config.of(_validate(SANDBOX, BUILT_IN, environ), Path.cwd())
    document = _validate(read_yaml(_read(file), str(file)), str(file), environ)
    return Config.of(document, file.resolve().parent, file.resolve())


def _find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if named := environ.get("FOCUS_CONFIG"):
        return _existing(Path(named).expanduser())
    usual = Path("focus.yaml")
    return usual if usual.exists() else None


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise InvalidConfiguration("FOCUS_CONFIG", f"expected the path of a file; there is none at {file}")
    return file


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidConfiguration(str(file), "there is no such file") from None
    except OSError as error:
        raise InvalidConfiguration(str(file), f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(str(file), f"expected UTF-8; byte {error.start} is not") from None


def _validate(raw: object, where: str, environ: Mapping[str, str]) -> Document:
    interpolate = Interpolation(environ)
    data = interpolate(raw)
    if interpolate.problems:
        raise _invalid(where, interpolate.problems)
    try:
        return Document.model_validate(data)
    except ValidationError as error:
        problems = [_problem(details["loc"], details, data) for details in error.errors(include_input=False)]
        # Not chained: pydantic's error may hold what was found there.
        raise _invalid(where, problems) from None


def _invalid(where: str, problems: list[Problem]) -> InvalidConfiguration:
    unique = list(dict.fromkeys(problems))
    if len(unique) == 1:
        return InvalidConfiguration(where, unique[0].text, path=unique[0].path)
    lines = [f"  {problem.path}: {problem.text}" if problem.path else f"  {problem.text}" for problem in unique]
    return InvalidConfiguration(where, "\n".join([f"{len(unique)} problems", *lines]))


def _problem(place: KeyPath, details: Mapping[str, Any], data: object) -> Problem:
    path = _as_written(place, data, absent=details["type"] == "missing")
    if details["type"] == "extra_forbidden":
        return Problem(spell(path), _unknown_key(path, data))
    expected = _EXPECTED.get(details["type"])
    return Problem(spell(path), expected.format(**details.get("ctx", {})) if expected else details["msg"])


def _as_written(place: KeyPath, data: Any, *, absent: bool) -> KeyPath:
    """A pydantic location without the parts that only name a branch of a union or a kind of check."""
    path: list[str | int] = []
    for part in place[:-1] if absent else place:
        if _has(data, part):
            data = data[part]
            path.append(part)
    return (*path, place[-1]) if absent else tuple(path)


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _unknown_key(path: KeyPath, data: Any) -> str:
    known = sorted({name for model in _models_at(path[:-1], data) for name in model.spelled()})
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"there is no such key; {hint}"


def _models_at(path: KeyPath, data: Any) -> list[type[Knobs]]:
    models = _meant([Document], data)
    for part in path:
        data = data[part]
        models = _meant([inner for model in models for inner in _step(model, part)], data)
    return [model for model in models if _is_model(model)]


def _meant(annotations: Iterable[Any], data: Any) -> list[Any]:
    """The branches that the data is of: where they have a `kind`, that one."""
    branches = [branch for annotation in annotations for branch in _branches(annotation)]
    kind = data.get("kind") if isinstance(data, dict) else None
    return [branch for branch in branches if kind in _kinds(branch)] or branches


def _kinds(branch: Any) -> tuple[Any, ...]:
    known = branch.spelled() if _is_model(branch) else {}
    return get_args(known["kind"].annotation) if "kind" in known else ()


def _step(branch: Any, part: str | int) -> Iterator[Any]:
    """The annotations that stand one key further in."""
    if _is_model(branch) and part in branch.spelled():
        yield branch.spelled()[part].annotation
    elif get_origin(branch) is dict:
        yield get_args(branch)[1]
    elif get_origin(branch) is tuple:
        yield get_args(branch)[0]


def _branches(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for inner in get_args(annotation):
            yield from _branches(inner)
    else:
        yield annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Knobs)
