"""MySQL and MariaDB keep tables by engines, some of which know no transaction: nothing of ours is in one of these."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseRefused
from focus_assets.model.verdict import Heal
from focus_assets_tests.contract.loading import Loading, Round, item


@pytest.fixture
def loading(mysql_url: str) -> Loading:
    """On a server that makes tables of another engine where nothing is said."""
    url = f"{mysql_url}&init_command=SET default_storage_engine = MyISAM, default_tmp_storage_engine = MyISAM"
    return Loading(Database(Destination(url=SecretStr(url), lock_timeout_seconds=1)))


def test_what_is_not_published_leaves_no_trace_whatever_the_servers_usual_engine(loading: Loading) -> None:
    loading.full([item("a"), item("b")])
    before = loading.entry()
    assert loading.full([item("a", "x")], Round([("a",)], [item("c")]), decision=Heal("differs")).entry is None
    assert (loading.rows(), loading.entry()) == ({"a": "n", "b": "n"}, before)


def test_a_table_that_others_made_without_transactions_is_refused(loading: Loading) -> None:
    with loading.database.writing("make it otherwise") as connection:
        connection.exec_driver_sql(f"ALTER TABLE {loading.target.table.fullname} DROP PRIMARY KEY, ENGINE = MyISAM")
    with pytest.raises(DatabaseRefused, match="kept by MyISAM, which knows no transactions: ALTER TABLE"):
        loading.full([item("a")])
    assert loading.rows() == {}
