-- A day that the source does not read again has as many records as before. Look at what this finds: days that a sync
-- read late because they failed before, or days read anew after a reset.
{{ config(severity='warn') }}
with versions as (
    select
        versions.stream,
        versions.day,
        versions.currency,
        versions.records,
        versions.dbt_valid_from as seen_at,
        lag(versions.records) over (
            partition by versions.bill_day_id order by versions.dbt_valid_from, versions.dbt_valid_to
        ) as records_before,
        -- a bill by the month is read again from the first of a month on
        {{ read_again_from(utc_day('versions.dbt_valid_from') ~ ' - 1', 'facts') }}
            - case when versions.grain = 'month' then 30 else 0 end as open_since
    from {{ ref('unified_usage__bill_days_snapshot') }} as versions
    inner join {{ ref('unified_usage_streams') }} as facts on facts.stream = versions.stream
)

select stream, day, currency, records_before, records, seen_at
from versions
where records <> records_before and day < open_since
