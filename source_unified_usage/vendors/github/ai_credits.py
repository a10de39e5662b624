"""AI credits: Copilot's part of the bill, cut by model and, on request, by person."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pendulum import UTC, DateTime

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import ConfigError, SourceError
from source_unified_usage.core.progress import logger
from source_unified_usage.core.times import day_period
from source_unified_usage.core.usage import Row, Usage, decimal, text, usage
from source_unified_usage.core.window import Window, days
from source_unified_usage.vendors.github.api import GitHubApi
from source_unified_usage.vendors.github.billing import ROWS, BillItem, DailyBilling, workspace
from source_unified_usage.vendors.github.lookups import Center
from source_unified_usage.vendors.github.mapping import (
    Figures,
    fold,
    is_included,
    kind_of,
    model_of,
    order,
    person,
    product_of,
    resources,
)
from source_unified_usage.vendors.github.metrics import users_of_day

FIGURES = Figures(
    price="pricePerUnit", gross="grossAmount", discount="discountAmount", net="netAmount", quantity="grossQuantity"
)
_AMOUNTS = ("grossAmount", "discountAmount", "netAmount")
_SUMMED = (*_AMOUNTS, "grossQuantity", "discountQuantity", "netQuantity")
_CREDITS_SINCE = DateTime(2026, 6, 1, tzinfo=UTC)  # "Billing usage": premium requests before
_SAME = Decimal("1e-6")  # USD, as answers round


class Credits(DailyBilling):
    """What both cuts have in common."""

    role = "restates"
    restates = ("github_billing_usage",)
    figures = FIGURES

    def path(self) -> str:
        return self.api.of.billing("ai_credit", "usage")

    def credits(self, day: DateTime, *, center: Center | None = None, login: str | None = None) -> list[Row]:
        """The rows of one question, which carry neither day nor cost center nor person: the answer repeats the day."""
        kind = "ai_credit/usage" if day >= _CREDITS_SINCE else "premium_request/usage"
        answer = self.ask(kind, day, center=center, login=login)
        if answer is None:
            return []
        _check_echo(answer, day, login)
        rows = answer.rows(ROWS)
        for row in rows:
            self.check_net(row)
        return rows

    def billed(self, day: DateTime, center: Center | None) -> Decimal:
        """The credits on the bill of a day and cost center, before discounts; seats are none."""
        answer = self.ask("usage", day, center=center)
        rows = answer.rows(ROWS) if answer else ()
        credits = (row for row in rows if is_included(fold("sku", row.get("sku")) or ""))
        return sum(map(FIGURES.gross, credits), Decimal(0))

    def key(self, item: BillItem) -> str:
        center = item.center.id if item.center else None
        return self.id(item.day, *([item.login.lower()] if item.login else []), center, *kind_of(item.row))

    def usages(self, item: BillItem) -> Iterator[Usage]:
        row, login = item.row, item.login
        yield usage(
            id=f"{self.key(item)}/{item.ordinal}",
            product=product_of(row),
            metric_name=text(row.get("sku")),
            resources=resources(center=workspace(item.center)),
            organization={"id": self.api.of.id},
            user=person(login),
            model=model_of(row.get("model")),
            charges=FIGURES.charges(item.figures),
            usage=FIGURES.credits(item.figures),
            **day_period(item.day),
            remote_data=row,
        )


class AiCredits(Credits):
    name = "github_ai_credits"
    about = (
        "The AI credits (before June 2026 the premium requests) of one model on one day; of an enterprise also by cost "
        "center. Restates Copilot's part of github_billing_usage."
    )
    _inclusive: bool | None = None  # whether the undivided answer holds the cost centers' usage; None: not known yet

    def rows(self, window: Window) -> Iterator[BillItem]:
        day = window.first_day
        undivided = self.credits(window.start)
        divided = [
            BillItem(row, day, row, center)
            for center in self.parts()
            if center
            for row in self.credits(window.start, center=center)
        ]
        if divided and self._inclusive is None:
            self._inclusive = self._compared(window.start, undivided)
        rest = [BillItem(row, day, row) for row in undivided]
        if self._inclusive:
            parts = [item.row for item in divided]
            rest = [BillItem(row, day, figures) for row, figures in remainder(undivided, parts)]
        return self.numbered(rest + divided)

    def _compared(self, day: DateTime, undivided: Sequence[Row]) -> bool | None:
        """Whether the undivided answer has all of the bill's credits or those of no cost center; None: no telling.

        GitHub does not say which, so the bill of the same day does, whose undivided answer leaves the centers out.
        """
        own = sum(map(FIGURES.gross, undivided), Decimal(0))
        without = self.billed(day, None)
        centers = sum((self.billed(day, center) for center in self.centers()), Decimal(0))
        if abs(centers) <= _SAME:
            return None
        if abs(own - without) <= _SAME:
            return False
        if abs(own - without - centers) <= _SAME:
            return True
        self.warn_once(
            "split",
            f"on {day.to_date_string()} the AI credits without a cost center are {own} USD, on the bill {without} "
            f"without and {centers} with one: neither fits, they are read as usage of no cost center",
        )
        return False


class AiCreditsByUser(Credits):
    """By person and model: one question for each person, so that fewer days are read again than of the bill."""

    name = "github_ai_credits_by_user"
    about = (
        "The AI credits of one person and model on one day. Restates github_ai_credits without what belongs to nobody, "
        "as code review does."
    )
    lookback = days(3)
    windows_at_once = GitHubApi.parallel
    _rest_logged = False

    def rows(self, window: Window) -> Iterator[BillItem]:
        people = self._people(window)
        self.asks(len(people), f"{len(people)} people, each asked for once a day")
        told: list[Decimal] | None = None if self._rest_logged else []
        unknown: dict[str, ConfigError] = {}
        for _, login in sorted(people.items()):
            try:
                rows = self.credits(window.start, login=login)
            except ConfigError as error:
                if error.status != 404:
                    raise
                unknown[login] = error
                continue
            if told is not None:
                told += map(FIGURES.gross, rows)
            # twins are of one person, whom the id names: nobody else's rows are waited for
            yield from self.numbered(BillItem(row, window.first_day, row, login=login) for row in rows)
        self._settle(unknown, people)
        if people and told is not None and not self._rest_logged:
            self._rest_logged = True  # windows are read at the same time
            self._rest_logged = self._log_rest(window, told)

    def _settle(self, unknown: Mapping[str, ConfigError], people: Mapping[str, str]) -> None:
        """Warn of people who are gone. Raises ConfigError where GitHub knows nobody, though there are seats."""
        if unknown and len(unknown) == len(people) and self._lookups.logins.required(self.api):
            raise next(iter(unknown.values()))
        for login, refused in unknown.items():
            self.warn_of_unknown(login, refused)

    def _people(self, window: Window) -> dict[str, str]:
        """Who has a seat, and who was seen in the day's metrics: a seat may have been taken away since."""
        people = {**self._lookups.logins.required(self.api)}
        try:
            rows = users_of_day(self.api, window.first_day) or ()
            seen = {login.lower(): login for row in rows if (login := text(row.get("user_login")))}
        except SourceError as error:
            self.warn_once("metrics", f"people who have no seat any more are not read, for the metrics fail ({error})")
            return people
        return seen | people

    def _log_rest(self, window: Window, told: Sequence[Decimal]) -> bool:
        """Whether the day has any credits to speak of."""
        whole = sum((self.billed(window.start, center) for center in (None, *self.centers())), Decimal(0))
        rest = whole - sum(told, Decimal(0))
        bill = f"{self.name}: of the bill's {whole} USD of AI credits on {window.first_day}"
        if abs(whole) > _SAME and not told:
            logger.warning(
                f"{bill} nothing is told by person; of an enterprise what belongs to a cost center may be left out, "
                f"which github_ai_usage has"
            )
        elif abs(rest) > _SAME:
            logger.info(
                f"{bill} (before discounts) {rest} are of nobody, as code review and agents, or GitHub does not tell "
                f"them by person"
            )
        return abs(whole) > _SAME or bool(told)


def remainder(undivided: Iterable[Row], parts: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """What the parts leave of the undivided rows, product by SKU by model, each with the row that it is part of.

    Rows at several prices are kept apart, as long as the parts have no price that the whole does not know.
    """
    undivided, parts = list(undivided), list(parts)
    name = _priced if {*map(_priced, parts)} <= {*map(_priced, undivided)} else kind_of
    taken: dict[Hashable, dict[str, Decimal]] = {}
    for row in parts:
        _add(taken.setdefault(name(row), {}), row, 1)
    groups: dict[Hashable, list[Row]] = {}
    for row in undivided:
        groups.setdefault(name(row), []).append(row)
    for named, rows in groups.items():
        rest: dict[str, Decimal] = {}
        for row in rows:
            _add(rest, row, 1)
        _add(rest, taken.get(named, {}), -1)
        if any(abs(rest.get(amount, Decimal(0))) > _SAME for amount in _AMOUNTS):
            row = min(rows, key=lambda row: order(FIGURES, row))
            yield row, {**row, **rest}


def _add(sums: dict[str, Decimal], row: Mapping[str, Any], sign: int) -> None:
    for name in _SUMMED:
        if (figure := decimal(row.get(name))) is not None:
            sums[name] = sums.get(name, Decimal(0)) + sign * figure


def _priced(row: Row) -> Hashable:
    return kind_of(row), FIGURES.price(row)


def _check_echo(answer: Answer, day: DateTime, login: str | None) -> None:
    """Whether the answer is of the question. Raises BrokenContract."""
    period = answer.object("timePeriod", required=True)
    for name, asked in (("year", day.year), ("month", day.month), ("day", day.day)):
        if decimal(period.get(name)) != asked:
            raise answer.broken(f"timePeriod has {name} {period.get(name)!r}, asked was {day.to_date_string()}")
    user = text(answer.body.get("user"))
    if login and user and user.lower() != login.lower():
        raise answer.broken(f"it is of user {user!r}, asked was {login!r}")
