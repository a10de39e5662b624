"""The page, in a browser: it draws, it asks for nothing, it shows the models' figures, it can be read."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from integration_tests import page_lake, postgres
from integration_tests.browser import Browser, chromium
from lake import page
from lake.page.parts import title_of
from lake.target import target_of

CURRENCIES = {currency for _, _, currency, _ in page_lake.BILLS.values()}
MONTH = page_lake.LAST.replace(day=1)
# of every element with a text of its own: its contrast with what is behind it, and the text
CONTRASTS = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d");
const light = (colour) => {
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const parts = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  const [red, green, blue] = parts.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const behind = (one) => {
  const colour = getComputedStyle(one).backgroundColor;
  return colour !== "rgba(0, 0, 0, 0)" ? colour : one.parentElement ? behind(one.parentElement) : "white";
};
const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
return [...document.querySelectorAll("body *:not(script)")]
  .filter((one) => hasText(one) && one.getClientRects().length)
  .map((one) => {
    const style = getComputedStyle(one);
    const lights = [light(one instanceof SVGElement ? style.fill : style.color), light(behind(one))];
    return [(Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05), one.textContent.trim().slice(0, 40)];
  });
"""
WIDER = """
return [...document.querySelectorAll("body *")]
  .filter((one) => !one.closest(".scroll, pre") && one.getBoundingClientRect().right > innerWidth + 0.5)
  .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`);
"""


def written(folder: Path, tables: page_lake.Tables, into: str | None = None) -> Path:
    """The page about these tables."""
    file = folder / "lake.duckdb"
    page_lake.fill(into or f"duckdb:///{file}", tables)
    path = folder / "report.html"
    page.write(target_of(into or str(file), "usage"), path)
    return path


@pytest.fixture(scope="module")
def tables() -> page_lake.Tables:
    return page_lake.tables()


@pytest.fixture(scope="module")
def report(tables: page_lake.Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"), tables)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def shown(browser: Browser, report: Path) -> Browser:
    browser.show(report)
    return browser


def test_every_chart_is_drawn_without_a_word_and_without_a_request(shown: Browser, report: Path) -> None:
    shown.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shown.drawn()

    marks = shown.run(
        "return [...document.querySelectorAll('figure')].map((one) => one.querySelectorAll('svg .mark-rect path, "
        "svg .mark-symbol path').length)"
    )
    assert len(marks) == 13
    assert all(marks)
    assert shown.messages() == []
    assert {url for url in shown.requests() if not url.startswith("data:")} == {report.as_uri()}


def test_a_name_with_markup_stays_text(shown: Browser) -> None:
    assert shown.run("return document.title") == "Usage and cost, Nov 2026"
    assert page_lake.HOSTILE in shown.texts("tbody th")
    shown.hover("figure svg .mark-rect path", page_lake.HOSTILE)
    assert page_lake.HOSTILE in shown.texts("#vg-tooltip-element.visible td")
    assert shown.run("return document.querySelectorAll('main b, main script:not([type])').length") == 0


def test_the_policy_stops_a_script_that_is_not_of_the_page(browser: Browser, report: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken.html"
    taken.write_text(report.read_text().replace("</main>", f"</main>{page_lake.HOSTILE}"))

    browser.show(taken)

    assert browser.run("return document.title") == "Usage and cost, Nov 2026"
    assert any("Content Security Policy" in message for message in browser.messages())


def test_the_month_to_date_is_what_the_bills_hold(shown: Browser, tables: page_lake.Tables) -> None:
    costs = tables["cost_daily"]
    cards = shown.run(
        "return [...document.querySelectorAll('.cards article')].map((one) => [one.querySelector('h3').firstChild.data"
        ".trim(), one.querySelector('.amount data').value, one.querySelector('.amount').textContent.trim()])"
    )

    spent = {currency: _sum(costs, 6, day=MONTH, currency=currency) for currency in CURRENCIES}
    assert {name: Decimal(value) for name, value, _ in cards} == spent
    assert {name: text for name, _, text in cards} == {name: f"{net:,.2f}" for name, net in spent.items()}
    assert [name for name, _, _ in cards] == ["USD", "EUR", "CU"]


def _sum(rows: page_lake.Rows, column: int, day: date, currency: str) -> Decimal:
    return sum((row[column] for row in rows if row[0] >= day and row[4] == currency), Decimal(0))


def _values(browser: Browser, caption: str) -> list[list[str | None]]:
    """The exact numbers of a table by row; texts as they are."""
    found: list[list[str | None]] = browser.run(
        "const table = [...document.querySelectorAll('table')].find((one) => one.caption.textContent === arguments[0]);"
        "return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => "
        "cell.querySelector('data')?.value ?? cell.textContent.trim()));",
        caption,
    )
    return found


def test_the_tables_add_up_to_the_models(shown: Browser, tables: page_lake.Tables) -> None:
    by_vendor = _values(shown, "USD by month")
    *_, (_, *totals) = by_vendor
    *_, spent = totals
    costs = tables["cost_daily"]
    assert Decimal(str(spent)) == _sum(costs, 6, day=MONTH, currency="USD")
    assert [name for name, *_ in by_vendor][-1] == "Total"

    by_team = _values(shown, "USD by team, Nov 2026")
    assert sum(Decimal(str(net)) for _, _, net in by_team) == Decimal(str(spent))

    tokens = [row for row in tables["tokens_daily"] if row[0] >= MONTH]
    by_model = _values(shown, "All 5 models")
    assert [sum(int(str(row[at])) for row in by_model) for at in (2, 3, 4, 5, 6, 7)] == [
        sum(row[at] for row in tokens) for at in (3, 4, 5, 6, 7, 8)
    ]


def test_the_bills_beside_the_invoices(shown: Browser, tables: page_lake.Tables) -> None:
    found = _values(shown, "Bills and invoices")
    invoiced = [row for row in tables["reconciliation"] if row[4] is not None]
    assert {(vendor, Decimal(str(amount))) for vendor, _, _, _, amount, _, _ in found} == {
        (title_of(row[1]), row[4]) for row in invoiced
    }
    assert [row[1:3] for row in found] == [["Nov 2026", "USD"]] * len(invoiced)


def test_bars_are_as_long_as_the_amounts(shown: Browser, tables: page_lake.Tables) -> None:
    specs = shown.run("return [...document.querySelectorAll('figure script')].map((one) => JSON.parse(one.text))")
    drawn = {spec["description"]: spec for spec in specs}

    for currency in CURRENCIES:
        spec = drawn[f"{currency} by vendor and month"]
        bars = spec["datasets"][spec["data"]["name"]]
        spent = _sum(tables["cost_daily"], 6, day=page_lake.FIRST, currency=currency)
        assert sum(bar["amount"] for bar in bars) == pytest.approx(float(spent))
        assert {bar["shown"].split()[-1] for bar in bars} == {currency}


@pytest.mark.parametrize("look", ["light", "dark", "print"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_can_be_read(browser: Browser, report: Path, width: int, look: str) -> None:
    browser.show(report, width, look)

    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(WIDER) == []
    faint = [(round(ratio, 1), text) for ratio, text in browser.run(CONTRASTS) if ratio < 4.5]
    assert faint == []
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(20, 24, 28)") == (look == "dark")


def test_a_screen_reader_finds_its_way(shown: Browser) -> None:
    assert shown.run("return document.documentElement.lang") == "en"
    levels = [
        int(name[1])
        for name in shown.run("return [...document.querySelectorAll('h1, h2, h3')].map((one) => one.tagName)")
    ]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(shown.texts("caption")) and len(shown.texts("caption")) == len(shown.texts("table"))
    assert shown.run("return document.querySelectorAll('thead th:not([scope]), tbody th:not([scope])').length") == 0
    names = shown.run("return [...document.querySelectorAll('.chart:not(:empty)')].map((one) => one.ariaLabel)")
    assert len(names) == 12 and all(names)


def test_every_section_shows_its_sql_and_it_runs(shown: Browser, report: Path) -> None:
    queries = shown.texts("details.sql code")
    assert shown.run("return document.querySelectorAll('section:not(.alert):not(:has(details.sql))').length") == 0

    engine = target_of(str(report.with_name("lake.duckdb")), "usage").engine()
    with engine.connect() as connection:
        assert all(connection.exec_driver_sql(query).fetchall() for query in queries)
    engine.dispose()


def test_what_failed_and_what_is_empty_is_named(shown: Browser) -> None:
    (alert,) = shown.texts(".alert li")
    assert alert.startswith("Cursor") and page_lake.DOWN in alert
    above = "return document.querySelector('.alert').compareDocumentPosition(document.querySelector('.cards')) & 4"
    assert shown.run(above)
    assert {"Without a single row: claude_skills.", "Not read yet: cursor_bugbot."} <= set(shown.texts(".said"))
    calendar = shown.run("return [...document.querySelectorAll('figure')].at(-3).querySelector('script').text")
    for status in ("complete", "may still change", "read, nothing there", "missing", "failed"):
        assert status in calendar


EMPTY = {
    "tokens_daily": "No stream that counts tokens has any in Nov 2026.",
    "user_summary": "No bill of Nov 2026 names a person.",
    "budget_variance": "No budget is set for Nov 2026.",
    "team_cost_monthly": "Nothing was spent in Nov 2026.",
    "changes": "The last sync changed no amount of a bill.",
    "reconciliation": "No invoice is there to compare with.",
}


def test_a_sentence_stands_for_what_is_not_there(tables: page_lake.Tables, tmp_path: Path) -> None:
    bare = {name: [] if name in EMPTY else rows for name, rows in tables.items()}

    text = written(tmp_path, bare).read_text()

    for sentence in EMPTY.values():
        assert sentence in text
    assert text.count("<figure>") == len(CURRENCIES) + 2  # and the calendars


def test_teams_that_nobody_named(tables: page_lake.Tables, tmp_path: Path) -> None:
    nobody = [row for row in tables["team_cost_monthly"] if row[1] == "unassigned"]

    text = written(tmp_path, {**tables, "team_cost_monthly": nobody}).read_text()

    assert "No spend belongs to a team yet." in text
    assert "USD by team" not in text


def test_a_lake_without_a_bill(tables: page_lake.Tables, tmp_path: Path) -> None:
    text = written(tmp_path, {name: [] for name in tables}).read_text()

    assert "No bill has a row yet, so there is nothing to show." in text
    assert "<figure>" not in text and "None" not in text.partition("<script>")[0]


def test_a_vendor_that_is_not_configured_any_more_still_counts(
    report: Path, tables: page_lake.Tables, tmp_path: Path
) -> None:
    configured = [row for row in tables["coverage"] if row[1] != "openai"]

    text = written(tmp_path, {**tables, "coverage": configured}).read_text()

    amount = re.compile(r'<p class="amount">(.*?)</p>', re.DOTALL)
    assert amount.findall(text) == amount.findall(report.read_text())
    assert "OpenAI" in text


@pytest.mark.slow
def test_postgres_gives_the_same_page(report: Path, tables: page_lake.Tables, tmp_path: Path) -> None:
    with postgres.server() as port:
        url = f"postgresql://{postgres.USER}@localhost:{port}/{postgres.DATABASE}"
        other = written(tmp_path, tables, url)

    assert other.read_text() == report.read_text()


def test_one_copy_of_the_javascript(report: Path) -> None:
    text = report.read_text()
    assert text.count("window.vegaEmbed") == 1
    assert len(text) < 2_000_000
