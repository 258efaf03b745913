"""Answer the callers who write: what they are told is what the cluster holds in the end."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from focus_assets.model.errors import ApiError, BadValue, DatabaseError, KeyBusy, OvertakenWrite, UnknownOperation
from focus_assets.model.jsontext import check_text
from focus_assets.model.stamps import text_of
from focus_assets.writeback import intents
from focus_assets.writeback.courier import courier
from focus_assets.writeback.groups import all_groups, key_of, one_group
from focus_assets.writeback.guard import Guard
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.saga import Cleared, Outcome
from focus_assets.writeback.writes import Writer, create, delete, new_operation

Opened = Callable[[], AbstractAsyncContextManager[Writer]]
TransactionId = Annotated[str, Path(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9._~-]+$")]
_SHOWN = ("type", "loc", "msg")
_log = logging.getLogger(__name__)
_LATER = {"retry-after": "30"}


def _kept_everywhere(text: str) -> str:
    try:
        check_text(text)
    except BadValue as error:
        raise ValueError(str(error)) from error
    return text


Text = Annotated[str, AfterValidator(_kept_everywhere)]


class NewGroup(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Text = Field(min_length=3, max_length=50)
    description: Text = Field(min_length=3, max_length=100)


class GroupAnswer(BaseModel):
    """A group; its id is the transaction id of the write that created it, and the id of that operation."""

    id: str
    name: str
    description: str
    transaction_id: str


class Operation(BaseModel):
    """What became of a write: DONE and COMPENSATED (undone) are final, DEAD needs a person, the rest goes on."""

    operation_id: str
    kind: str
    state: State
    key: str
    group_id: str
    attempts: int
    error: str
    created_at: str
    next_at: str | None


class Problem(BaseModel):
    """Why a call was not done, and the operation that tells what becomes of it."""

    detail: str
    operation_id: str | None = None


def gateway(opened: Opened, token: SecretStr) -> Guard:
    """The application, with its writer open from start to end."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        async with opened() as writer, courier(writer) as tell:
            app.state.writer, app.state.tell = writer, tell
            await writer.ask(intents.ensure)
            yield

    app = FastAPI(title="focus-assets gateway", summary=__doc__, lifespan=living, redoc_url=None)
    said: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (400, 409, 502, 503)}
    routes = (
        ("GET", "/ping", ping, 200),
        ("POST", "/api/v1/groups", create_group, 201),
        ("GET", "/api/v1/groups", list_groups, 200),
        ("GET", "/api/v1/groups/{group_id}", get_group, 200),
        ("DELETE", "/api/v1/groups/{group_id}", delete_group, 204),
        ("GET", "/api/v1/operations/{operation_id}", get_operation, 200),
    )
    for method, path, answer, status in routes:
        app.add_api_route(path, answer, methods=[method], status_code=status, responses=said)
    app.add_exception_handler(RequestValidationError, _no_group)
    app.add_exception_handler(DatabaseError, _no_database)
    app.add_exception_handler(ApiError, _no_cluster)
    return Guard(app, token)


async def ping() -> dict[str, str]:
    """Whether the gateway answers; it asks neither database nor cluster."""
    return {"status": "ok"}


async def create_group(request: Request, group: NewGroup) -> Response:
    """Create a group at every node: 201, or 400 with the operation that undoes what was done."""
    operation_id = new_operation()
    try:
        fields = {"description": group.description}
        intent = await create(_writer(request), group.name, fields, operation_id=operation_id)
    except KeyBusy as error:
        return _problem(409, str(error), error.operation_id or None, _LATER)
    except OvertakenWrite as error:
        return _problem(400, f"the group was not created: {error}", operation_id)
    except DatabaseError as error:
        return _unrecorded(error, operation_id, operation_id)
    request.app.state.tell(intent)
    if intent.state is not State.DONE:
        return _problem(400, f"the group was not created: {intent.error}", operation_id)
    return JSONResponse({"id": intent.target, **group.model_dump(), "transaction_id": intent.target}, 201)


async def list_groups(request: Request) -> list[GroupAnswer]:
    """All groups of the cluster; where no node answers 502, never an empty list."""
    return [_group(found) for found in await all_groups(_writer(request))]


async def get_group(request: Request, group_id: TransactionId) -> Response:
    """One group: 200, or 404 where a node says so; where no node answers 502, never "not found"."""
    found = await one_group(_writer(request), group_id)
    if found is None:
        return _problem(404, f"there is no group {group_id}")
    return JSONResponse(_group(found).model_dump())


async def delete_group(request: Request, group_id: TransactionId) -> Response:
    """Delete a group at every node: 204, 404, or 202 where it is recorded and goes on by itself until it is done."""
    writer, operation_id = _writer(request), new_operation()
    try:
        key = await key_of(writer, group_id)
        intent, outcomes = await delete(writer, key, group_id, operation_id=operation_id)
    except KeyBusy as error:
        return _problem(409, str(error), error.operation_id or None, _LATER)
    except OvertakenWrite as error:
        return _problem(202, str(error), operation_id)
    except DatabaseError as error:
        return _unrecorded(error, operation_id, group_id)
    request.app.state.tell(intent)
    return _deleted(intent, outcomes)


async def get_operation(request: Request, operation_id: TransactionId) -> Response:
    """What became of a write."""
    try:
        found = await _writer(request).ask(intents.read, operation_id)
    except UnknownOperation as error:
        return _problem(404, str(error))
    return JSONResponse(_operation(found).model_dump())


def _deleted(intent: Intent, outcomes: tuple[Outcome, ...]) -> Response:
    if intent.state is State.DEAD:
        return _problem(502, f"the group was not deleted: {intent.error}", intent.operation_id)
    if intent.state is not State.DONE:
        reason = intent.error or "its creation may still be on its way to a node"
        return _problem(202, f"the group will be deleted: {reason}", intent.operation_id)
    if any(isinstance(outcome, Cleared) and outcome.found for outcome in outcomes):
        return Response(status_code=204)
    return _problem(404, f"there is no group {intent.target}")


def _operation(found: Intent) -> Operation:
    return Operation(
        operation_id=found.operation_id,
        kind=found.kind,
        state=found.state,
        key=found.key,
        group_id=found.target,
        attempts=found.attempts,
        error=found.error,
        created_at=text_of(found.created_at),
        next_at=None if found.next_at is None else text_of(found.next_at),
    )


def _group(found: Mapping[str, object]) -> GroupAnswer:
    texts = {name: str(found.get(name, "")) for name in ("name", "description", "transaction_id")}
    return GroupAnswer(id=texts["transaction_id"], **texts)


def _writer(request: Request) -> Writer:
    writer: Writer = request.app.state.writer
    return writer


def _problem(
    status: int, detail: str, operation_id: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    body = Problem(detail=detail, operation_id=operation_id).model_dump(exclude_none=True)
    return JSONResponse(body, status, dict(headers or {}))


def _unrecorded(error: DatabaseError, operation_id: str, transaction_id: str) -> Response:
    said = {"operation_id": operation_id, "transaction_id": transaction_id, "reason": str(error)}
    _log.error("operation %s: nobody knows yet what became of it", operation_id, extra=said)
    detail = f"what became of it can be asked for, once the database answers again: {error}"
    return _problem(503, detail, operation_id, _LATER)


async def _no_group(_request: Request, error: Exception) -> Response:
    """What was sent is not shown again, and names in it only in ASCII: a lone surrogate has no bytes."""
    assert isinstance(error, RequestValidationError)
    problems = [{name: problem[name] for name in _SHOWN} for problem in error.errors()]
    return Response(json.dumps({"detail": problems}), 422, media_type="application/json")


async def _no_database(_request: Request, error: Exception) -> Response:
    return _problem(503, str(error), headers=_LATER)


async def _no_cluster(_request: Request, error: Exception) -> Response:
    return _problem(502, f"no node of the cluster answers: {error}")
