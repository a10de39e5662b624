"""The places of the tables that `make requests` writes, and what stands there."""

from scripts import bill_table, comparison, requests_table
from scripts.bill_table import Bill
from scripts.marked import between
from source_unified_usage.vendors import VENDORS


def test_the_docs_say_how_many_requests_each_bill_needs() -> None:
    page = requests_table.PAGE.read_text(encoding="utf-8")
    assert between(page, requests_table.BEGIN, requests_table.END)
    table = between(page, bill_table.BEGIN, bill_table.END)
    assert {vendor.title for vendor in VENDORS} == {line.split(" | ")[0][2:] for line in table.splitlines()[4:-2]}


def test_the_results_compare_every_vendor_with_before() -> None:
    section = between(requests_table.RESULTS.read_text(encoding="utf-8"), comparison.BEGIN, comparison.END)
    for vendor in VENDORS:
        assert f"| {vendor.title} | **all** |" in section
    assert comparison.ABOUT in section
    assert comparison.ABOUT_TRIPS in section


def test_shares_are_those_of_all_requests() -> None:
    assert "| Acme | `acme_cost` | 40 | 5 | 12% |" in bill_table.table([Bill("Acme", ("acme_cost",), 5, 40)])


def test_streams_with_as_many_requests_as_before_are_not_named() -> None:
    now = {"Confluent": {"confluent_costs": (4, 1), "confluent_metrics_usage": (7, 7), "new": (1, 1)}}
    before = comparison._BEFORE["requests"]["Confluent"]
    table = comparison.requests(now)
    assert f"| Confluent | `confluent_metrics_usage` | {before['confluent_metrics_usage'][0]} | 7 |" in table
    assert "| Confluent | `new` |  | 1 |  | 1 |" in table
    assert ("`confluent_costs`" in table) == (before["confluent_costs"] != [4, 1])
