"""Look at one answer of an API: its document, its records after each step, the columns that they would become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from focus_assets.client import Body
from focus_assets.config import RestResource
from focus_assets.model.errors import RowError
from focus_assets.model.records import Record
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.rest.answers import read_page
from focus_assets.sources.rest.bodies import parse
from focus_assets.sources.rest.inference import Inference
from focus_assets.sources.rest.pages import Answered, Ask, pages_of
from focus_assets.sources.rest.rows import Recorder
from focus_assets.sources.rest.schemas import inferred
from focus_assets.sources.rest.typed import RecordReader
from focus_assets.sources.rest.walk import Asked
from focus_assets.transform import Context, pipeline

RAW = "records"


@dataclass(frozen=True, slots=True)
class Stage:
    """The records of the page after a step."""

    name: str
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The first answer for a resource, as it came: nothing of it is judged before it is asked for.

    `schema` has the columns where focus.yaml names them or a first load has frozen them; `total` is what a request of
    its own said, where the resource has one. `hide` takes credentials out of what is shown.
    """

    name: str
    recorder: Recorder
    ask: Ask
    body: Body
    schema: ResourceSchema | None
    hide: Callable[[str], str]
    total: int | None = None

    @property
    def resource(self) -> RestResource:
        """The entry of focus.yaml."""
        return self.recorder.resource

    def document(self) -> Any:
        """What the body says. Raises BodyError."""
        how = self.resource
        return parse(self.body.data, how.format, url=self.ask.url, hide=self.hide, delimiter=how.delimiter)

    def page(self) -> Answered:
        """The page that a load would see. Raises BodyError and RowError."""
        page = read_page(self.resource, Asked(self.ask, 0, _unjudged), self.body.data, hide=self.hide)
        return replace(page, link=self.body.next_link)

    def following(self, page: Answered) -> Sequence[Ask]:
        """The pages that would be asked for after this one: all, where their number is known, else the next.

        Raises Truncated and UnexpectedBody.
        """
        strategy = pages_of(self.resource.pagination)
        others = strategy.others(page)
        if others is not None:
            return others
        after = strategy.after(page)
        return [] if after is None else [after]

    def stages(self, page: Answered) -> Iterator[Stage]:
        """The records as they came, after each step, and as they would be stored. Raises RowError."""
        yield Stage(RAW, page.records)
        steps = self.recorder.transform.steps
        context = Context(self.recorder.partition, self.resource.primary_key)
        for number, step in enumerate(steps, 1):
            yield Stage(f"{number}. {step.name}", list(pipeline(steps[:number])(page.records, context)))

    def stored(self, page: Answered) -> list[Record]:
        """The records that would be stored. Raises RowError."""
        return [made for number, one in enumerate(page.records, 1) for made in self.recorder.records(one, number)]

    def columns(self, records: Sequence[Record]) -> ResourceSchema:
        """The columns: as they are known, else as these records show them. Raises InvalidSchema."""
        if self.schema is not None:
            return self.schema
        types = {**self.recorder.transform.types, **self.resource.types}
        inference = Inference(types, texts=self.resource.format.has_texts_alone)
        for record in records:
            inference.add(record)
        return inferred(self.name, self.resource, inference, records=len(records))

    def refused(self, records: Sequence[Record], schema: ResourceSchema) -> Iterator[RowError]:
        """What is wrong with the records that could not be stored."""
        reader = RecordReader(schema, texts=self.resource.format.has_texts_alone)
        for number, record in enumerate(records, 1):
            try:
                reader.row(record, number=number)
            except RowError as error:
                yield error


def _unjudged(page: Answered) -> None:
    """What follows a page is asked for apart."""
