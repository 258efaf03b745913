"""What is tried again after a while is told before; a short wait is nobody's business."""

from __future__ import annotations

import pytest

from focus_assets.cli.call import Call
from focus_assets.cli.retries import tell_retry
from focus_assets.model.errors import ServerFailed


@pytest.mark.parametrize(("seconds", "said"), [(3.2, "it failed at https://h/x: try 3 in 3 s\n"), (0.4, "")])
def test_a_wait_is_told_where_it_takes_a_while(seconds: float, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell_retry(Call(environ={}), ServerFailed("it failed", url="https://h/x"), 2, seconds)
    assert capsys.readouterr().err == said
