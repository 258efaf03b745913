"""What a process of the command's own does about garbage: seconds are noisy, the collector's own figures are not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from focus_assets.process import REPORTERS
from focus_assets_tests.fresh import printed_by


def told_last_by(program: str) -> list[str]:
    """The words of the last line that a fresh interpreter prints."""
    return printed_by(program).splitlines()[-1].split()


def test_no_start_of_the_command_looks_for_garbage() -> None:
    said = told_last_by(
        "from focus_assets.process import spare_the_collector; spare_the_collector(); import gc;"
        "before = [each['collections'] for each in gc.get_stats()];"
        "import focus_assets.cli.sync, sqlalchemy.dialects.postgresql, psycopg;"
        "print(before == [each['collections'] for each in gc.get_stats()], gc.isenabled())"
    )
    assert said == ["True", "True"]


def test_at_the_end_of_the_command_nothing_is_looked_through_once_more() -> None:
    said = told_last_by(
        "import atexit, gc, sys; atexit.register(lambda: print(len(gc.get_objects()) < gc.get_freeze_count()));"
        "from focus_assets.cli import main; sys.argv = ['focus', '--version']; main()"
    )
    assert said == ["True"]


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_a_library_that_reports_what_is_left_finds_nothing_to_report(name: str) -> None:
    program = (
        "from focus_assets.process import spare_the_collector; spare_the_collector();"
        f"import sqlalchemy; sqlalchemy.create_engine('{name}://').connect().close()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_whoever_calls_the_command_from_a_process_of_their_own_keeps_their_collector() -> None:
    said = told_last_by(
        "import atexit, gc; atexit.register(lambda: print(gc.get_threshold() == before, gc.get_freeze_count()));"
        "before = gc.get_threshold(); from focus_assets.cli import main; main(['--version'])"
    )
    assert said == ["True", "0"]
