"""The bill and the AI credits of the simulated GitHub."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.vendors.github.credentials import ENTERPRISE_TOKEN
from unit_tests.sandbox.github.asking import (
    BILL,
    OF_ENTERPRISE,
    Call,
    centers,
    credits,
    days_ago,
    exact,
    items,
    of,
    total,
)

DAY = days_ago(6)
PREMIUM_DAY = date(2026, 5, 20)
AMOUNTS = ("grossAmount", "discountAmount", "netAmount")


def test_net_is_gross_less_discount(get: Call) -> None:
    rows = items(get, f"{BILL}/usage", DAY)
    assert all(exact(row["netAmount"]) == exact(row["grossAmount"]) - exact(row["discountAmount"]) for row in rows)
    assert {row["date"] for row in rows} == {f"{DAY}"}
    assert {row["organizationName"] for row in rows} == {"acme"}


def test_two_rows_differ_in_figures_alone(get: Call) -> None:
    storage = [row for row in items(get, f"{BILL}/usage", DAY) if row["sku"] == "actions_storage"]
    one, other = ({k: v for k, v in r.items() if not k.endswith(("Amount", "quantity"))} for r in storage)
    assert one == other
    assert storage[0] != storage[1]


def test_seats_are_prorated(get: Call, sandbox: Sandbox) -> None:
    (seats,) = (row for row in items(get, f"{BILL}/usage", DAY) if row["sku"] == "copilot_for_business")
    members = len(sandbox.github.accounts["organization"].seated(DAY))
    assert exact(seats["quantity"]) == (Decimal(members) / 30).quantize(Decimal("1e-9"))
    assert (seats["pricePerUnit"], seats["unitType"]) == (19, "user-months")


def test_included_credits_are_net_zero_while_the_pool_lasts(sandbox: Sandbox, get: Call) -> None:
    days = [date(2026, 8, number) for number in range(1, 32)]
    nets = [total(credits(items(get, f"{BILL}/usage", day)), "netAmount") for day in days]
    assert nets[0] == 0 < nets[-1]
    spent = next(index for index, net in enumerate(nets) if net)
    assert all(nets[spent + 1 :])


def test_the_discount_moves_until_the_month_ends(sandbox: Sandbox, get: Call) -> None:
    def rows() -> list[Any]:
        return [row for day in range(1, 13) for row in credits(items(get, f"{BILL}/usage", date(2026, 9, day)))]

    before = rows()
    sandbox.clock.advance(days=10)
    after = rows()
    assert total(before, "grossAmount") == total(after, "grossAmount")
    assert total(before, "netAmount") > total(after, "netAmount")
    sandbox.clock.advance(days=5)
    closed = rows()
    sandbox.clock.advance(days=20)
    assert rows() == closed


def test_a_day_settles_within_three(sandbox: Sandbox, get: Call) -> None:
    day = days_ago(1)
    seen = []
    for _ in range(4):
        seen.append(total(items(get, f"{BILL}/usage", day), "grossAmount"))
        sandbox.clock.advance(days=1)
    assert seen[0] < seen[1] < seen[2] == seen[3]


@pytest.mark.parametrize(("day", "kind"), [(DAY, "ai_credit"), (PREMIUM_DAY, "premium_request")])
def test_credits_are_the_bills_copilot_rows_by_model(get: Call, day: date, kind: str) -> None:
    answer = get(f"{BILL}/{kind}/usage", **of(day)).json()
    bill = credits(items(get, f"{BILL}/usage", day))
    assert len({row["model"] for row in answer["usageItems"]}) > 3
    for amount in AMOUNTS:
        assert total(answer["usageItems"], amount) == total(bill, amount)
    assert (answer["timePeriod"], answer["organization"]) == (of(day), "acme")
    other = {"ai_credit": "premium_request", "premium_request": "ai_credit"}[kind]
    assert items(get, f"{BILL}/{other}/usage", day) == []


def test_credits_of_people_leave_what_is_of_nobody(get: Call, sandbox: Sandbox) -> None:
    path = f"{BILL}/ai_credit/usage"
    logins = [member.login for member in sandbox.github.accounts["organization"].seated(DAY)]
    answers = [get(path, user=login, **of(DAY)).json() for login in logins]
    assert [answer["user"] for answer in answers] == logins
    of_people = sum((total(answer["usageItems"], "grossAmount") for answer in answers), Decimal(0))
    rows = items(get, path, DAY)
    assert total(rows, "grossAmount") - of_people == total(
        [row for row in rows if row["model"] == "Code Review"], "grossAmount"
    )


def test_credits_are_kept_for_two_years(get: Call) -> None:
    path = f"{BILL}/ai_credit/usage"
    answers = [get(path, **of(day)) for day in (date(2024, 9, 16), date(2024, 9, 15))]
    assert [answer.status_code for answer in answers] == [200, 400]


@pytest.mark.parametrize("kind", ["usage", "ai_credit/usage"])
def test_cost_centers_are_disjoint(get: Call, sandbox: Sandbox, kind: str) -> None:
    path = f"{OF_ENTERPRISE}/{kind}"
    ids = centers(get, "active") + centers(get, "deleted")
    found = {id: items(get, path, DAY, token=ENTERPRISE_TOKEN, cost_center_id=id) for id in ids}
    without = items(get, path, DAY, token=ENTERPRISE_TOKEN)
    assert [len(rows) > 0 for rows in found.values()] == [True, False, True]
    whole = total(without, "netAmount") + sum(total(rows, "netAmount") for rows in found.values())
    stream = "github_billing_usage" if kind == "usage" else "github_ai_credits"
    entries = sandbox.github.ledger(DAY, days_ago(5))[stream]
    assert whole == sum(entry.charges["net", "USD"] for entry in entries)


def test_inclusive_credits(get: Call, sandbox: Sandbox) -> None:
    path = f"{OF_ENTERPRISE}/ai_credit/usage"
    disjoint = items(get, path, DAY, token=ENTERPRISE_TOKEN)
    sandbox.github.inclusive = True
    whole = items(get, path, DAY, token=ENTERPRISE_TOKEN)
    ids = centers(get, "active") + centers(get, "deleted")
    parts = [row for id in ids for row in items(get, path, DAY, token=ENTERPRISE_TOKEN, cost_center_id=id)]
    for amount in AMOUNTS:
        assert total(whole, amount) == total(disjoint, amount) + total(parts, amount)


def test_a_deleted_center_keeps_its_past(get: Call, sandbox: Sandbox) -> None:
    (id,) = centers(get, "deleted")
    gone = sandbox.github.accounts["enterprise"].gone_on
    path = f"{OF_ENTERPRISE}/usage"
    days = (days_ago(2), gone)
    found = [items(get, path, day, token=ENTERPRISE_TOKEN, cost_center_id=id) for day in days]
    assert [bool(rows) for rows in found] == [True, False]
    assert get(path, ENTERPRISE_TOKEN, cost_center_id="no-such-center").status_code == 404


def test_older_spellings(get: Call, sandbox: Sandbox) -> None:
    current = items(get, f"{BILL}/usage", DAY)
    sandbox.github.spelling = "older"
    older = items(get, f"{BILL}/usage", DAY)
    assert [row["grossAmount"] for row in older] == [row["grossAmount"] for row in current]
    assert (older[0]["product"], older[0]["date"]) == ("copilot", f"{DAY}T00:00:00Z")
    assert {"Copilot AI Credits", "Actions Linux", "Copilot for Business"} <= {row["sku"] for row in older}
    assert {"AI-Credits", "Minutes", "GigabyteHours", "User Months"} == {row["unitType"] for row in older}
    (login, *_) = (member.login for member in sandbox.github.accounts["organization"].seated(DAY))
    rows = items(get, f"{BILL}/ai_credit/usage", DAY, user=login)
    assert ("Copilot AI Credits", "AI Credit") in {(row["product"], row["sku"]) for row in rows}


def test_a_spelling_changes_on_a_day(get: Call, sandbox: Sandbox) -> None:
    sandbox.github.respelled_on = DAY
    found = [items(get, f"{BILL}/usage", day)[0]["product"] for day in (days_ago(7), DAY)]
    assert found == ["copilot", "Copilot"]


def test_figures_as_text_and_cut_off(get: Call, sandbox: Sandbox) -> None:
    path = f"{BILL}/ai_credit/usage"
    numbers = items(get, path, DAY)
    sandbox.github.numbers, sandbox.github.integer_quantities = "string", True
    texts = items(get, path, DAY)
    assert all(isinstance(row["grossAmount"], str) and isinstance(row["grossQuantity"], int) for row in texts)
    for text, number in zip(texts, numbers, strict=True):
        assert exact(text["grossAmount"]) == exact(number["grossAmount"])
        assert text["grossQuantity"] == int(number["grossQuantity"])


def test_another_order(get: Call, sandbox: Sandbox) -> None:
    def rows() -> list[dict[str, Any]]:
        return items(get, f"{BILL}/usage", DAY)

    before = rows()
    sandbox.github.order = 3
    assert rows() != before
    assert sorted(map(str, rows())) == sorted(map(str, before))


def test_the_wrong_day_is_echoed(get: Call, sandbox: Sandbox) -> None:
    sandbox.github.wrong_day = True
    assert get(f"{BILL}/ai_credit/usage", **of(DAY)).json()["timePeriod"] == of(days_ago(5))
