"""`python -m lake sync` with two small vendors: what it does when streams are refused, and when it is ended halfway."""

import re
import signal
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from integration_tests import pyairbyte
from integration_tests.harness import NOW, sandbox_config
from integration_tests.lakes import SCHEMA, Lake, assert_whole, truth
from lake.errors import LakeError
from sandbox import Fault, Sandbox

pytestmark = pyairbyte.needed

START = date(2026, 9, 18)
COSTS, METRICS, CONSUMPTION, MODELS = STREAMS = (
    "confluent_costs",
    "confluent_metrics_usage",
    "scenario_consumption",
    "scenario_model_usage",
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(days=20, now=NOW, people=6) as running:
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox_config(sandbox, ["confluent", "scenario"], start_date=START.isoformat())


def test_a_refused_stream_costs_no_other_its_rows(sandbox: Sandbox, lake: Lake, config: dict[str, Any]) -> None:
    sandbox.fault("confluent", Fault("/v2/metrics", status=403, body={"message": "No metrics for you"}, times=None))
    sandbox.fault("scenario", Fault(status=401, body={"message": "Unauthorized"}, times=None))
    code, said = lake.sync(sandbox, config, "--streams", *STREAMS)
    assert code == 1
    assert re.search(r"^check +failed: .*Scenario, .+401", said, re.M), said
    assert re.search(rf"^confluent failed: Confluent, stream {METRICS}, .*403.*No metrics for you", said, re.M)
    assert re.search(rf"^scenario failed: Scenario, stream {CONSUMPTION}, .*401.* goes for {MODELS}\.$", said, re.M)
    known = truth(sandbox, START, [COSTS])
    assert_whole(lake.tables(), {stream: known.get(stream, {}) for stream in STREAMS})
    outcomes = lake.outcomes()
    assert {stream: outcomes[stream][0] for stream in STREAMS} == {
        COSTS: "ok",
        METRICS: "failed",
        CONSUMPTION: "failed",
        MODELS: "failed",
    }
    assert "403" in outcomes[METRICS][1]
    assert outcomes["scenario_activity"] == ("not_read", "Not read yet."), "configured, but not asked for"

    with lake.connected() as (connection, _):  # as a sync leaves it that is killed while it loads
        connection.exec_driver_sql(f"create table {SCHEMA}.{COSTS}_01m8dwv0d as select * from {SCHEMA}.{COSTS}")
        connection.commit()

    sandbox.heal()
    sandbox.clock.advance(days=2)
    # the models of DuckDB are built by test_demo.py
    until = "models" if "postgres" in lake.into else "rows"
    code, said = lake.sync(sandbox, config, "--streams", *STREAMS, until=until)
    assert code == 0, said
    assert_whole(lake.tables(), truth(sandbox, START, STREAMS))
    assert {lake.outcomes()[stream] for stream in STREAMS} == {("ok", "")}
    assert ("Spend per vendor" in said) == (until == "models")


@pytest.mark.parametrize("lake", ["postgres"], indirect=True)
def test_a_wrong_password_and_a_second_sync(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from lake.target import target_of

    monkeypatch.setenv("PGPASSWORD", "wrong")
    target = target_of(lake.into, SCHEMA)
    with pytest.raises(LakeError, match=r"password authentication failed for user .+ PGPASSWORD"), target.held():
        pass
    monkeypatch.setenv("PGPASSWORD", lake.variables["PGPASSWORD"])
    with target.held(), pytest.raises(LakeError, match="Another sync writes into"), target.held():
        pass


@pyairbyte.imported
@pytest.mark.parametrize("lake", ["postgres"], indirect=True)
def test_names_with_special_characters(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from lake.target import target_of

    monkeypatch.setenv("PGPASSWORD", lake.variables["PGPASSWORD"])
    with lake.connected() as (connection, _):
        free = connection.execution_options(isolation_level="AUTOCOMMIT")
        free.exec_driver_sql(f"create role \"me @work\" login password '{lake.variables['PGPASSWORD']}'")
        free.exec_driver_sql('create database "usage & cost" owner "me @work"')
    server = lake.into.partition("@")[2].partition("/")[0]
    target = target_of(f"postgresql://me%20%40work@{server}/usage%20%26%20cost", SCHEMA)
    with target.held(), target.cache().get_sql_engine().connect() as connection:
        found = connection.exec_driver_sql("select current_user, current_database()").one()
    assert tuple(found) == ("me @work", "usage & cost")


@pytest.mark.parametrize("lake", ["postgres"], indirect=True)
def test_a_user_who_may_not_create_a_schema(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema that somebody has made for them is enough."""
    from lake.target import target_of

    monkeypatch.setenv("PGPASSWORD", lake.variables["PGPASSWORD"])
    into = f"postgresql://me@{lake.into.partition('@')[2]}"
    with lake.connected() as (connection, _):
        connection.exec_driver_sql(f"create role me login password '{lake.variables['PGPASSWORD']}'")
        connection.commit()
        refused = pytest.raises(LakeError, match="cannot be used: permission denied for database")
        with refused, target_of(into, SCHEMA).held():
            pass
        connection.exec_driver_sql(f"create schema {SCHEMA} authorization me")
        connection.commit()
    with target_of(into, SCHEMA).held() as held:
        held.exec_driver_sql(f"create table {SCHEMA}.{COSTS} (id text)")


@pytest.mark.parametrize("lake", ["duckdb"], indirect=True)
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_ended_halfway(sandbox: Sandbox, lake: Lake, config: dict[str, Any], by: signal.Signals) -> None:
    """One vendor is written, the other hangs in its third day. The next sync makes it whole."""
    reached, asked = threading.Event(), []

    def third(_: Any, __: bytes) -> bool:
        asked.append("usages")
        if len(asked) > 3:  # the check asks, too
            reached.set()
        return reached.is_set()

    sandbox.fault("scenario", Fault("/v1/usages", effect="hang", times=None, when=third))
    process = lake.started(sandbox, config, "--streams", *STREAMS)
    assert process.stdout
    written = next(line for line in process.stdout if re.match(r"confluent .* 2 of 2 streams read", line))
    assert reached.wait(60), written
    process.send_signal(by)
    said, errors = process.communicate(timeout=60)
    if by == signal.SIGINT:
        assert (process.returncode, errors) == (
            130,
            "Interrupted. What was read is kept, the next sync goes on from there.\n",
        )
        assert re.search(r"^scenario .*, 0 of 2 streams read", said, re.M)
        assert lake.outcomes()[CONSUMPTION] == ("not_read", "The sync was interrupted.")
        assert lake.tables()[CONSUMPTION], "what was read is kept"
    else:
        assert process.returncode == -signal.SIGKILL

    sandbox.heal()
    code, said = lake.sync(sandbox, config, "--streams", *STREAMS)
    assert code == 0, said
    assert_whole(lake.tables(), truth(sandbox, START, STREAMS))
