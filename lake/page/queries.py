"""The SQL of the page, from the dbt models alone. It runs on DuckDB and PostgreSQL as it is shown in the page.

The month and the days are written into the SQL, so that a reader who copies it gets the same figures later.
"""

from datetime import date, timedelta
from textwrap import dedent

CALENDAR_DAYS = 35  # five weeks always hold the whole last month of 31 days


def period(schema: str) -> str:
    """The month that the page is about: the newest that any bill has rows of."""
    return _clean(f"""
        select
            cast(date_trunc('month', max(day)) as date) as month,
            max(day) as last_day
        from {schema}.unified_usage__cost_daily
    """)


def vendors(schema: str) -> str:
    """All that bills or streams are of: a vendor that is not configured any more keeps its rows."""
    return _clean(f"""
        select vendor from {schema}.unified_usage__cost_daily
        union
        select vendor from {schema}.unified_usage__coverage
    """)


def headline(schema: str, month: date) -> str:
    """By currency, the vendors' own units last: what was spent, and the run rate."""
    spent = _clean(f"""
        spent as (
            select
                vendor, currency,
                sum(case when day >= date '{month}' then net else 0 end) as spent,
                sum(case when day < date '{month}' then net end) as month_before
            from {schema}.unified_usage__cost_daily
            where day >= date '{_before(month)}' and day <= date '{_last(month)}'
            group by vendor, currency
        )

        select
            currency,
            sum(spent) as spent,
            sum(spent + coalesce(round(cast(
                spent * (date '{_last(month)}' - last_day) / (last_day - first_day + 1) as numeric(38, 12)
            ), 6), 0)) as run_rate,
            sum(month_before) as month_before
        from spent
        left join covered on covered.vendor = spent.vendor
        group by currency
        order by case when length(currency) = 3 then 0 else 1 end, count(*) desc, currency
    """)
    return f"{_covered(schema, month)},\n\n{spent}"


def _covered(schema: str, month: date) -> str:
    """The days of the month that the vendors' bills cover so far, as in `unified_usage__budget_variance`.

    The run rate is what the month will cost if it goes on as in these days. A vendor that is not configured any more
    has none, and spends nothing more.
    """
    return _clean(f"""
        with held as (
            select
                vendor,
                greatest(min(first_day), date '{month}') as first_day,
                max(case when grain = 'month' then cast(newest_sync_at as date) - 1 else last_day end) as last_day
            from {schema}.unified_usage__coverage
            where role = 'bill' and first_day is not null
            group by vendor
        ),

        covered as (
            select
                vendor, first_day,
                least(greatest(last_day, date '{month}'), date '{_last(month)}') as last_day
            from held
        )
    """)


def budgets(schema: str, month: date) -> str:
    """The budgets of the month and what is left of them."""
    return _clean(f"""
        select team, vendor, currency, budget, spent, share, run_rate
        from {schema}.unified_usage__budget_variance
        where month = date '{month}'
        order by currency, share desc
    """)


def invoices(schema: str) -> str:
    """The bills of the months beside what the vendors invoiced, the newest first."""
    return _clean(f"""
        select month, vendor, currency, net, invoice, difference, share
        from {schema}.unified_usage__reconciliation
        where invoice is not null
        order by month desc, currency, vendor
    """)


def spend(schema: str, month: date) -> str:
    """By vendor in the twelve months up to this one."""
    first = month.replace(year=month.year - 1) if month.month == 12 else date(month.year - 1, month.month + 1, 1)
    return _clean(f"""
        select
            cast(date_trunc('month', day) as date) as month, vendor, currency,
            sum(net) as net
        from {schema}.unified_usage__cost_daily
        where day >= date '{first}'
        group by 1, 2, 3
        order by currency, vendor, month
    """)


def teams(schema: str, month: date) -> str:
    """What the teams spent in the month."""
    return _clean(f"""
        select team, vendor, currency, sum(net) as net
        from {schema}.unified_usage__team_cost_monthly
        where month = date '{month}'
        group by team, vendor, currency
        order by currency, team, vendor
    """)


def people(schema: str) -> str:
    """What people spent in the month, by vendor, and what nobody is named for. Estimates stand for no bill."""
    return _clean(f"""
        select
            user_key, coalesce(user_email, user_name, user_key) as person, vendor, currency, attribution,
            month_to_date as net, last_month, active_days_30
        from {schema}.unified_usage__user_summary
        where vendor <> 'all' and month_to_date <> 0
        order by currency, month_to_date desc, user_key, vendor
    """)


def tokens(schema: str, month: date) -> str:
    """Tokens of the month by model, in the classes that add up to the total."""
    return _clean(f"""
        select
            coalesce(model, 'model not named') as model, vendor,
            cast(sum(input) as bigint) as input,
            cast(sum(cache_read) as bigint) as cache_read,
            cast(sum(cache_write) as bigint) as cache_write,
            cast(sum(output) as bigint) as output,
            cast(sum(unclassified) as bigint) as unclassified,
            cast(sum(total) as bigint) as total,
            cast(sum(requests) as bigint) as requests
        from {schema}.unified_usage__tokens_daily
        where day >= date '{month}' and day <= date '{_last(month)}'
        group by 1, 2
        having sum(total) > 0
        order by total desc, model, vendor
    """)


def coverage(schema: str) -> str:
    """Every configured stream: what it holds and what its last sync said."""
    return _clean(f"""
        select
            vendor, stream, role, grain, rows, first_day, last_day,
            days_without_rows, newest_sync_at, status, reason
        from {schema}.unified_usage__coverage
        order by vendor, case when role = 'bill' then 0 else 1 end, stream
    """)


def calendar(schema: str, last_day: date) -> str:
    """The last days of every stream."""
    return _clean(f"""
        select vendor, stream, role, day, rows, status
        from {schema}.unified_usage__coverage_daily
        where day >= date '{first_of_calendar(last_day)}'
        order by vendor, case when role = 'bill' then 0 else 1 end, stream, day
    """)


def first_of_calendar(last_day: date) -> date:
    """Of the days that the calendar shows."""
    return last_day - timedelta(days=CALENDAR_DAYS - 1)


def changes(schema: str) -> str:
    """What the last sync changed in the bills: restated days first, then the largest differences."""
    return _clean(f"""
        select vendor, stream, day, currency, net_before, net_now, difference, kind, seen_at
        from {schema}.unified_usage__changes
        where is_of_last_sync and difference <> 0
        order by currency, case when kind = 'restated' then 0 else 1 end, abs(difference) desc, stream, day
    """)


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _last(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _clean(sql: str) -> str:
    return dedent(sql).strip()
