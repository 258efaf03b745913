"""Write a first focus.yaml from what an endpoint answers; one that is there is only touched when that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from pydantic import ValidationError
from rich.text import Text

from focus_assets.cli.call import Call
from focus_assets.cli.ending import FAILED, OK
from focus_assets.cli.source.entry import Endpoint, entry_lines
from focus_assets.client import Subject
from focus_assets.config import Config, Document
from focus_assets.config.reading import read_yaml
from focus_assets.model.errors import AuthenticationFailed, InvalidConfiguration, NameRefused
from focus_assets.sources.open import open_source
from focus_assets.sources.rest.glimpse import Glimpse
from focus_assets.sources.rest.guess import Guess, delimiter_of, guessed
from focus_assets.sources.rest.source import RestApi

DESTINATION = ("destination:", "  url: ${FOCUS_DATABASE_URL:-sqlite:///data/focus.db}")
ANOTHER_LOGIN = (
    "--bearer names the variable that holds a token; for another login write the entry by hand, with its auth"
)
_SOURCES = re.compile(r"^sources:[ \t]*(?:#[^\r\n]*)?(?=\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint, what its entry is to be called, and what may become of a file that is there."""

    url: str
    name: str | None = None
    resource: str | None = None
    bearer: str | None = None
    add: bool = False
    overwrite: bool = False


def init(call: Call, wanted: Wanted) -> int:
    """Exit code 1 where a file is there that nobody has asked to change: the entry is shown then."""
    endpoint = Endpoint.of(wanted.url, wanted.name, wanted.resource, bearer=wanted.bearer)
    glimpse = _glimpse(_config(endpoint, _login(call, endpoint)), endpoint)
    body = glimpse.body
    subject = Subject(asked=glimpse.ask.url, hide=glimpse.hide)
    guess = guessed(body.data, subject, glimpse.ask.params, link=body.next_link)
    entry = list(entry_lines(endpoint, guess, delimiter=delimiter_of(body.data)))
    file = call.config_file or Path(call.environ.get("FOCUS_CONFIG") or "focus.yaml")
    text = _text(file, entry, wanted)
    if text is None:
        call.out.print(Text("\n".join(entry)), soft_wrap=True)
        said = f"{file} is there and was left as it is: --add puts this entry into it, --overwrite replaces it"
        call.err.print(Text(said), soft_wrap=True)
        return FAILED
    _refuse_unreadable(text, file, endpoint)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    _tell(call, file, endpoint, guess)
    return OK


def _login(call: Call, endpoint: Endpoint) -> dict[str, str]:
    """What stands under `auth`. Raises InvalidConfiguration."""
    if endpoint.bearer and endpoint.key:
        raise InvalidConfiguration(
            "--bearer", f"the URL has a key of its own, {endpoint.key[0]!r}; leave one of them out"
        )
    if endpoint.bearer:
        if not call.environ.get(endpoint.bearer):
            raise InvalidConfiguration("--bearer", f"the environment variable {endpoint.bearer} is not set")
        return {"kind": "bearer", "token": call.environ[endpoint.bearer]}
    if endpoint.key:
        name, value = endpoint.key
        return {"kind": "api_key", "in": "query", "name": name, "value": value}
    return {"kind": "none"}


def _glimpse(config: Config, endpoint: Endpoint) -> Glimpse:
    """One answer, asked for as a source would ask for it. Raises ApiError."""

    async def ask() -> Glimpse:
        async with open_source(endpoint.name, config) as api:
            assert isinstance(api, RestApi)
            return await api.glimpse(endpoint.resource, "")

    try:
        return anyio.run(ask)
    except AuthenticationFailed as error:
        error.add_note(ANOTHER_LOGIN)
        raise


def _config(endpoint: Endpoint, login: dict[str, str]) -> Config:
    """Raises InvalidConfiguration."""
    source: dict[str, Any] = {
        "kind": "rest",
        "base_url": endpoint.base_url,
        "auth": login,
        "resources": {
            endpoint.resource: {"path": endpoint.path, "params": dict(endpoint.params), "primary_key": ["id"]}
        },
    }
    try:
        return Config.of(Document.model_validate({"sources": {endpoint.name: source}}), Path.cwd())
    except ValidationError as error:
        found = [str(one["msg"]).removeprefix("Value error, ") for one in error.errors(include_input=False)]
        # not chained: pydantic's error may hold the key
        raise InvalidConfiguration("the URL or a name", "; ".join(dict.fromkeys(found))) from None


def _text(file: Path, entry: list[str], wanted: Wanted) -> str | None:
    """What the file will hold; None where it is there and is not to be touched. Raises InvalidConfiguration."""
    if wanted.overwrite or not file.exists():
        return "\n".join(["sources:", *entry, *DESTINATION, ""])
    return _added(file, entry) if wanted.add else None


def _added(file: Path, entry: list[str]) -> str:
    """The file with the entry as the first of its sources; all else stays as it is, to the letter."""
    text = file.read_bytes().decode()  # line ends as they are
    end = "\r\n" if "\r\n" in text else "\n"
    name = entry[0].strip().removesuffix(":")
    read: Any = read_yaml(text, str(file))
    if name in (read.get("sources") or {}):
        raise InvalidConfiguration(
            str(file), "there is such a source already; give another --name", path=f"sources.{name}"
        )
    found = _SOURCES.search(text)
    if found is None:
        raise InvalidConfiguration(
            str(file), "expected a line `sources:` of its own, beneath which the entry can stand"
        )
    return end.join([text[: found.end()], *entry]) + text[found.end() :]


def _refuse_unreadable(text: str, file: Path, endpoint: Endpoint) -> None:
    """What was written must be what is read: the file is not touched otherwise."""
    read: Any = read_yaml(text, str(file))
    if endpoint.name not in read["sources"]:
        raise NameRefused(endpoint.name, "it cannot be written into YAML")


def _tell(call: Call, file: Path, endpoint: Endpoint, guess: Guess) -> None:
    config = "" if file == Path("focus.yaml") else f" --config {file}"
    plural = "" if guess.count == 1 else "s"
    records = f"{guess.count:,} record{plural} {f'at {guess.records}' if guess.records else 'at the top'}"
    call.out.print(
        Text(f"{file}: {endpoint.name}/{endpoint.resource}, {records} of a page of {guess.format.value}"),
        soft_wrap=True,
    )
    if endpoint.key:
        call.out.print(Text(f"The key is not in it: export {endpoint.variable}=…"), soft_wrap=True)
    call.out.print("Look at each guess in it; then:\n")
    for words, why in (
        (f"source try {endpoint.name}", "one page, as it would be stored"),
        (f"sync {endpoint.name}/{endpoint.resource}", "the whole first load, which freezes the columns"),
        ("dev", "its assets and checks in Dagster's UI"),
    ):
        call.out.print(Text(f"  {f'focus{config} {words}':<44}  # {why}"), soft_wrap=True)
