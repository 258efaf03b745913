"""Say in which ways an API gives its records page by page, and when there are no more."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from focus_assets.config.knobs import Count, Knobs, Whole
from focus_assets.model.errors import InvalidConfiguration


def _compiles(text: str) -> str:
    from focus_assets.model.paths import path  # most files have no path

    try:
        path(text)
    except InvalidConfiguration as error:
        raise ValueError(error.problem) from None
    return text


JmesPath = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]
Name = Annotated[str, Field(min_length=1)]


class NoPages(Knobs):
    """One answer has everything."""

    kind: Literal["none"]


class NumberedPages(Knobs):
    """Pages are asked for by their number.

    Where `total_pages` or the resource's `total` tells how many there are, they are fetched side by side; else the end
    is said by `has_more`, or without it by the first page that is empty.
    """

    kind: Literal["page"]
    param: Name = Field(default="page", description="The parameter that carries the page's number.")
    first: Whole = Field(default=1, description="The number of the first page.")
    size_param: Name | None = Field(default=None, description="The parameter that carries `size`.")
    size: Count | None = Field(default=None, description="How many records to ask for at a time.")
    has_more: JmesPath | None = Field(default=None, description="Where a page says true or false: whether more follow.")
    total_pages: JmesPath | None = Field(default=None, description="Where a page says how many pages there are.")


class Offsets(Knobs):
    """Pages are asked for by the number of records before them.

    Where the resource's `total` tells how many records there are, the pages are fetched side by side; else the end is
    said by `has_more`, or without it by the first page that is empty.
    """

    kind: Literal["offset"]
    param: Name = Field(default="offset", description="The parameter that carries the offset.")
    limit_param: Name = Field(default="limit", description="The parameter that carries `limit`.")
    limit: Count = Field(default=100, description="How many records to ask for at a time.")
    has_more: JmesPath | None = Field(default=None, description="Where a page says true or false: whether more follow.")


class CursorPages(Knobs):
    """Each page has a token with which the next one is asked for; the last one has none, or null, or an empty one."""

    kind: Literal["cursor"]
    param: Name = Field(default="cursor", description="The parameter that carries the token.")
    at: JmesPath = Field(description="Where a page has the next one's token.")
    has_more: JmesPath | None = Field(default=None, description="Where a page says true or false: whether more follow.")


class NextLink(Knobs):
    """Each page has the address of the next one in its body; the last one has none, or null, or an empty one."""

    kind: Literal["next_link"]
    at: JmesPath = Field(description="Where a page has the next one's address; it may be relative.")
    keep_params: bool = Field(
        default=False, description="true where the address holds only the parameters that differ from the page before."
    )


class LinkHeader(Knobs):
    """Each answer's header `Link` has the address of the next page, with `rel="next"`; the last one's has none."""

    kind: Literal["link_header"]


Paging = Annotated[NoPages | NumberedPages | Offsets | CursorPages | NextLink | LinkHeader, Field(discriminator="kind")]
PAGING = (NoPages, NumberedPages, Offsets, CursorPages, NextLink, LinkHeader)
