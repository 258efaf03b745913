"""What a process that uses the client still has of the HTTP library's own command."""

from __future__ import annotations

import pytest

from focus_assets_tests.fresh import printed_by


@pytest.mark.parametrize("imports", ["import focus_assets.client, httpx", "import httpx, focus_assets.client"])
def test_whoever_calls_the_command_line_of_the_http_library_gets_it(imports: str) -> None:
    said = printed_by(f"{imports}\nhttpx.main(['--help'], standalone_mode=False)")
    assert "A next generation HTTP client" in said


def test_nothing_stays_in_the_place_of_the_module_that_was_left_out() -> None:
    said = printed_by("import focus_assets.client, httpx._main; print(httpx._main.main.name, httpx._main.__file__)")
    assert said.startswith("main ")
    assert said.rstrip().endswith("_main.py")


def test_what_was_imported_before_the_client_stays_as_it_is() -> None:
    program = "import httpx\nbefore = httpx.main\nimport focus_assets.client\nprint(httpx.main is before)"
    assert printed_by(program) == "True\n"
