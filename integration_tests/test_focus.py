"""The FOCUS model over records of every vendor, on DuckDB and PostgreSQL, and the file that is exported from it."""

import json
import resource
import sys
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_tests import dbt_project, focus_1_2, postgres
from integration_tests.raw_tables import Record, mapping_records, write
from lake import focus, focus_validation
from lake.errors import LakeError
from lake.target import MODELS_SCHEMA, target_of

polars: Any = pytest.importorskip("polars")
pandas: Any = pytest.importorskip("pandas", reason="comes with PyAirbyte")
duckdb: Any = pytest.importorskip("duckdb")

SYNCED = datetime(2026, 11, 10, 5, 0)
FULL = r"^/dev/full cannot be written: No space left on device\. Name another file with --out\.$"
PRICES = {"cu_price": 0.02, "credit_price": 0.04}
# of the dbt tests only the sums: what the others say of single columns, `focus_1_2` says again
MODELS = ("+unified_usage__focus_1_2", "+unified_usage__cost_daily")
BUILD = ("build", "--select", *MODELS, "--indirect-selection", "buildable", "--exclude", "test_type:generic")


def record(stream: str, part: str, charges: dict[str, float], **fields: Any) -> Record:
    return {
        "id": f"{stream}/{part}",
        "product": {"id": "any", "name": "Any"},
        "metric_name": "things",
        "start_date": "2026-09-05T00:00:00Z",
        "end_date": "2026-09-06T00:00:00Z",
        "charges": [{"type": kind, "amount": amount, "currency": "USD"} for kind, amount in charges.items()],
        **fields,
    }


HAND_MADE = {
    "openai_costs": [
        record("openai_costs", "unrated", {}, usage={"quantity": 3, "unit": "calls"}),
        record("openai_costs", "opposite", {"net": -1, "total": 2}),
        record("openai_costs", "refund", {"net": -1, "total": -2}, usage={"quantity": 8, "unit": "calls"}),
        record("openai_costs", "no_unit", {"net": 1, "total": 2}, usage={"quantity": 4}),
        record("openai_costs", "team", {"net": 1, "total": 1}, user={"id": "u", "email": "ADA.Eriksen18@acme.example"}),
        record("openai_costs", "large", {"net": 23456789.01, "total": 34567890.12}, product={"id": "new"}),
    ],
    "claude_cost": [
        record("claude_cost", "north", {"net": 1, "total": 1}, organization={"id": "o", "name": "Northwind 北風"}),
    ],
    # as GitHub spelled its units before
    "github_billing_usage": [
        record(
            "github_billing_usage",
            unit,
            {"net": 1, "total": 1},
            usage={"quantity": 1, "unit": unit},
            product={"id": "actions", "name": "Actions"},
        )
        for unit in ("gigabytehours", "user months")
    ],
    "openai_codex_usage": [
        record(
            *("openai_codex_usage", "credits", {}),
            usage={"quantity": 30.19, "unit": "credit", "tokens": {"total": 1200}},
            resources=[{"workspace": {"id": "w1"}}],
            user={"id": "u1", "email": 'Ada "A" <ada@acme.example>'},
        )
    ],
}


def tables() -> dict[str, list[Record]]:
    found = mapping_records()
    return {stream: found.get(stream, []) + HAND_MADE.get(stream, []) for stream in (*found, *HAND_MADE)}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with the models of every vendor's records."""
    folder = tmp_path_factory.mktemp("focus")
    file = folder / "lake.duckdb"
    write(f"duckdb:///{file}", tables(), SYNCED)
    dbt_project.run(folder, *BUILD, variables=PRICES, settings={"UNIFIED_USAGE_DUCKDB": file.name})
    return file


@pytest.fixture(scope="module")
def exported(lake: Path) -> Path:
    file = lake.with_name("focus.parquet")
    assert focus.export(target_of(str(lake), "usage"), file) > 100
    return file


@pytest.fixture(scope="module")
def rows(exported: Path) -> dict[str, dict[str, Any]]:
    """By x_RowId."""
    return {row["x_RowId"]: row for row in polars.read_parquet(exported).iter_rows(named=True)}


def test_it_has_every_column_of_focus_in_its_type(exported: Path) -> None:
    schema = polars.read_parquet_schema(exported)
    kinds = {polars.String: "string", polars.Decimal: "decimal", polars.Datetime: "time"}
    found = {
        name: kinds.get(type(type_) if type_ != polars.String else polars.String) for name, type_ in schema.items()
    }
    expected = focus_1_2.MANDATORY | focus_1_2.CONDITIONAL
    assert {name: kind for name, kind in found.items() if not name.startswith("x_")} == expected
    assert {schema[name].time_zone for name, kind in expected.items() if kind == "time"} == {"UTC"}
    assert list(schema) == sorted(schema, key=lambda name: name.startswith("x_")), "columns of our own come last"


def test_no_row_breaks_a_rule(rows: dict[str, dict[str, Any]]) -> None:
    found = {key: broken for key, row in rows.items() if (broken := list(focus_1_2.faults(row)))}
    assert found == {}
    vendors = {"Anthropic", "OpenAI", "Confluent", "Cursor", "Datadog", "Scenario", "GitHub"}
    assert {row["ProviderName"] for row in rows.values()} == vendors
    assert {row["ChargeCategory"] for row in rows.values()} == {"Usage", "Purchase", "Credit", "Adjustment"}
    for one, other in (
        ("ServiceName", "ServiceCategory"),
        ("ServiceName", "ServiceSubcategory"),
        ("SkuPriceId", "SkuId"),
    ):
        values = defaultdict(set)
        for row in rows.values():
            values[row[one]].add(row[other])
        assert {key: found for key, found in values.items() if len(found) > 1} == {}
    for name in ("Tags", "SkuPriceDetails"):
        objects = [json.loads(row[name]) for row in rows.values() if row[name] is not None]
        assert all(isinstance(value, str) for found in objects for value in found.values()) and objects


SEAT = (
    "github_billing_usage/2026-09-02/2eeb8ffe-6903-11ee-8c99-0242ac120002/example-org/copilot/copilot_for_business/~/0"
)
CODEX = {"PricingCurrency": "Credits", "PricingUnit": "Credits", "BilledCost": 0, "BillingCurrency": "USD"}
EXPECTED: dict[str, dict[str, Any]] = {
    # a credit is a row without a price
    "confluent_costs/2026-09-02/~/PROMO_CREDIT/~/~/~/~/KAFKA101/0": {
        "ChargeCategory": "Credit",
        "ChargeFrequency": "One-Time",
        "BilledCost": -40,
        "EffectiveCost": -40,
        "ListCost": -40,
        "ListUnitPrice": None,
        "SkuId": None,
        "ServiceName": "Confluent Cloud",
    },
    # a plan and a seat are bought and used
    "confluent_costs/2026-09-01/SUPPORT_CLOUD_BUSINESS/SUPPORT/~/~/~/~/~/0": {
        "ChargeCategory": "Purchase",
        "BilledCost": Decimal("33.3333333"),
        "EffectiveCost": 0,
        "PricingUnit": "Days",
        "ServiceCategory": "Management and Governance",
        "ServiceSubcategory": "Support",
    },
    SEAT: {
        "ChargeCategory": "Purchase",
        "BilledCost": Decimal("0.633333327"),
        "EffectiveCost": 0,
        "ListUnitPrice": 19,
        "PricingQuantity": Decimal("0.033333333"),
        "PricingUnit": "User-Months",
        "ConsumedQuantity": None,
        "SubAccountName": "engineering",
        "SubAccountType": "Cost Center",
        "ChargeFrequency": "Recurring",
    },
    f"{SEAT}#use": {
        "ChargeCategory": "Usage",
        "BilledCost": 0,
        "EffectiveCost": Decimal("0.633333327"),
        "ListCost": 0,
        "ConsumedQuantity": Decimal("0.033333333"),
        "ListUnitPrice": 0,
    },
    # virtual currency without money: what it is worth by the price that is configured
    "scenario_consumption/~/~/2026-08-30/dd11ee22ff3344556677889900aabbcc": {
        "BilledCost": 0,
        "EffectiveCost": Decimal("12.5"),
        "PricingCurrency": "CU",
        "BillingCurrency": "USD",
        "PricingCurrencyEffectiveCost": 625,
        "PricingQuantity": 625,
        "PricingUnit": "Compute Units",
        "ContractedUnitPrice": Decimal("0.02"),
        "PricingCurrencyContractedUnitPrice": 1,
    },
    # a refund has a negative quantity, not a negative price
    "scenario_consumption/~/~/2026-08-30/99887766554433221100ffeeddccbbaa": {
        "ChargeCategory": "Usage",
        "EffectiveCost": Decimal("-0.145"),
        "PricingQuantity": Decimal("-7.25"),
    },
    # with money, the vendor's is the price
    "scenario_consumption/~/~/2026-08-28/0a1b2c3d4e5f60718293a4b5c6d7e8f9": {
        "BilledCost": Decimal("0.16"),
        "EffectiveCost": Decimal("0.16"),
        "ListCost": Decimal("1.66"),
        "BillingCurrency": "EUR",
        "PricingCurrency": "CU",
        "PricingCurrencyEffectiveCost": 16,
        "PricingCurrencyListUnitPrice": Decimal("10.375"),
    },
    "openai_codex_usage/credits": {
        **CODEX,
        "EffectiveCost": Decimal("1.2076"),
        "ConsumedQuantity": 1200,
        "ConsumedUnit": "Tokens",
        "PricingCurrencyEffectiveCost": Decimal("30.19"),
        "BillingAccountId": "w1",
        "SubAccountName": "w1",
        "BillingAccountType": "Workspace",
        "Tags": '{"user":"ada \\"a\\" <ada@acme.example>"}',
    },
    # tokens
    "openai_costs/2026-09-01/proj_Qx7atlasChatProd0001/gpt-5.4-2026-03-05,%20output/key_AAAA1111bbbb2222/usd/0": {
        "ListUnitPrice": Decimal("0.000015"),
        "PricingUnit": "Tokens",
        "ConsumedQuantity": 90223,
        "SkuPriceDetails": '{"x_Model":"gpt-5.4-2026-03-05","x_TokenType":"output"}',
        "ResourceType": "API Key",
        "SubAccountName": "Atlas chat",
        "SubAccountType": "Project",
        "PublisherName": "OpenAI",
    },
    # a bill by month
    "datadog_cost/acmeroot01ab23cd/2025-08/infra_host": {
        "BilledCost": Decimal("1830.1"),
        "PricingQuantity": 1,
        "PricingUnit": "Months",
        "ChargePeriodStart": datetime(2025, 8, 1, tzinfo=timezone.utc),
        "ChargePeriodEnd": datetime(2025, 9, 1, tzinfo=timezone.utc),
        "BillingPeriodEnd": datetime(2025, 9, 1, tzinfo=timezone.utc),
    },
    # two resources
    "github_billing_usage/2026-09-02/~/example-org/actions/actions_linux/example-org%2Fapi/0": {
        "ResourceId": "example-org/api",
        "ResourceName": None,
        "ResourceType": "Repository",
        "PricingQuantity": 250,
        "ListUnitPrice": Decimal("0.006"),
        "ServiceSubcategory": "Continuous Integration and Deployment",
    },
    # an event within a billing cycle, of a model that another company makes
    "cursor_usage_events/1790812800000/gemini-3-pro/0": {
        "PublisherName": "Google",
        "ProviderName": "Cursor",
        "ChargePeriodStart": datetime(2026, 10, 1, tzinfo=timezone.utc),
        "ChargePeriodEnd": datetime(2026, 10, 1, 0, 0, 1, tzinfo=timezone.utc),
        "BillingPeriodStart": datetime(2026, 9, 14, 8, 21, 33, tzinfo=timezone.utc),
        "BillingPeriodEnd": datetime(2026, 10, 14, 8, 21, 33, tzinfo=timezone.utc),
    },
    "openai_costs/opposite": {"ChargeCategory": "Adjustment", "BilledCost": -1, "ListCost": 2, "ListUnitPrice": None},
    "openai_costs/refund": {"PricingQuantity": -1, "PricingUnit": "Days", "ListUnitPrice": 2, "ConsumedQuantity": 8},
    "openai_costs/no_unit": {"PricingQuantity": 4, "PricingUnit": "Units", "ListUnitPrice": Decimal("0.5")},
    "github_billing_usage/gigabytehours": {"PricingUnit": "GB-Hours", "ConsumedUnit": "GB-Hours"},
    "github_billing_usage/user months": {"PricingUnit": "User-Months", "ConsumedUnit": "User-Months"},
    "openai_costs/large": {"BilledCost": Decimal("23456789.01"), "ListUnitPrice": Decimal("34567890.12")},
    "openai_costs/team": {"Tags": '{"team":"Platform","user":"ada.eriksen18@acme.example"}'},
    "claude_cost/north": {"BillingAccountName": "Northwind 北風", "ServiceSubcategory": "Generative AI"},
}


@pytest.mark.parametrize("key", EXPECTED)
def test_what_a_record_becomes(key: str, rows: dict[str, dict[str, Any]]) -> None:
    assert {name: rows[key][name] for name in EXPECTED[key]} == EXPECTED[key]


def test_a_row_without_a_price_is_no_charge_and_a_record_is_billed_once(rows: dict[str, dict[str, Any]]) -> None:
    assert "openai_costs/unrated" not in rows
    billed = [row["x_RecordId"] for row in rows.values() if row["BilledCost"]]
    assert len(billed) == len(set(billed))


@pytest.mark.slow
def test_duckdb_and_postgres_export_the_same_file(exported: Path, tmp_path: Path) -> None:
    with postgres.server() as port:
        address = f"postgresql://{postgres.USER}@localhost:{port}/{postgres.DATABASE}"
        write(address, tables(), SYNCED)
        dbt_project.run(
            tmp_path,
            *BUILD,
            "--target",
            "postgres",
            variables=PRICES,
            settings={"UNIFIED_USAGE_PG_PORT": str(port), "UNIFIED_USAGE_PG_DATABASE": postgres.DATABASE},
        )
        focus.export(target_of(address, "usage"), tmp_path / "focus.parquet")
        with pytest.raises(LakeError, match=FULL):
            focus.export(target_of(address, "usage"), Path("/dev/full"))
    assert polars.read_parquet(tmp_path / "focus.parquet").equals(polars.read_parquet(exported))


def test_pandas_reads_it(exported: Path, rows: dict[str, dict[str, Any]]) -> None:
    frame = pandas.read_parquet(exported)
    assert len(frame) == len(rows)
    assert frame["BilledCost"].sum() == sum(row["BilledCost"] for row in rows.values())
    assert frame["ChargePeriodStart"].min().utcoffset() == timedelta(0)


def test_what_cannot_be_exported_says_why(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("no database" * 500)
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    for lake, message in {
        f"{tmp_path}/nothing.duckdb": r"There is no file .*nothing\.duckdb\. Run `make sync`",
        f"{tmp_path}/empty.duckdb": r"empty\.duckdb has no usage_answers\.unified_usage__focus_1_2\. Run `make sync`",
        f"{tmp_path}/text.duckdb": r"text\.duckdb is not a DuckDB file",
        "postgresql://nobody@localhost:1/nothing": "cannot be used: Connection refused",
    }.items():
        with pytest.raises(LakeError, match=message):
            focus.export(target_of(lake, "usage"), tmp_path / "focus.parquet")
    assert not (tmp_path / "nothing.duckdb").exists()


@pytest.fixture
def without_rows(tmp_path: Path) -> Path:
    path = tmp_path / "lake.duckdb"
    with duckdb.connect(str(path)) as lake:
        lake.execute(f"create schema {MODELS_SCHEMA}")
        lake.execute(f'create table {MODELS_SCHEMA}.{focus.MODEL} ("ChargePeriodStart" timestamp, "x_RowId" text)')
    return path


def test_a_file_that_cannot_be_written(without_rows: Path) -> None:
    target = target_of(str(without_rows), "usage")
    for file, reason in {without_rows.parent: "Is a directory", without_rows / "focus.parquet": "File exists"}.items():
        with pytest.raises(LakeError, match=f"^{file} cannot be written: {reason}. Name another file with --out.$"):
            focus.export(target, file)


def test_a_full_disk_is_said_of_the_file_and_not_of_the_database(without_rows: Path) -> None:
    with pytest.raises(LakeError, match=FULL):
        focus.export(target_of(str(without_rows), "usage"), Path("/dev/full"))


def test_a_full_disk_leaves_no_empty_file(without_rows: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        with pytest.raises(LakeError, match=r"focus\.parquet cannot be written: File too large\."):
            focus.export(target_of(str(without_rows), "usage"), without_rows.with_name("focus.parquet"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert [*without_rows.parent.iterdir()] == [without_rows]


def test_bills_without_a_row(
    without_rows: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = without_rows.with_name("focus.parquet")
    monkeypatch.setattr(sys, "argv", ["focus", "--lake", str(without_rows), "--out", str(file)])
    assert focus.main() == 0
    assert capsys.readouterr().out == f"{file}: 0 rows\nNo bill has a row yet, so there is nothing to validate.\n"
    assert polars.read_parquet(file).is_empty()


def test_without_python_3_12_it_says_what_was_checked(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(focus_validation, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr(focus_validation, "_pythons", lambda: iter(()))
    with pytest.raises(
        focus.NotValidated, match=r"needs Python 3\.12, and none was found here\. What `dbt build` checks"
    ):
        focus.validate(exported)


@pytest.mark.slow
def test_the_validator_of_the_focus_consortium_finds_nothing(exported: Path, tmp_path: Path) -> None:
    if focus_validation.python_3_12() is None:
        pytest.skip("focus-validator needs Python 3.12")
    validation = focus.validate(exported)
    assert validation.failures == []
    assert validation.passed > 300
    frame = polars.read_parquet(exported)
    wrong = frame.with_columns(BillingCurrency=polars.lit("CU"), ServiceCategory=polars.lit("Magic"))
    wrong.write_parquet(tmp_path / "wrong.parquet")
    found = focus.validate(tmp_path / "wrong.parquet").failures
    assert any("BillingCurrency MUST be expressed in national currency" in failure for failure in found)
    assert any("ServiceCategory MUST be one of the allowed values" in failure for failure in found)
