-- One row per stream and day, from the stream's first day with rows to its last: is the day there, may it still change,
-- is it missing. After a sync in which the stream failed also the days that it lacks beside the newest of the others.
-- Only for streams of days and events.
{% set states = raw_tables().get('_airbyte_state') %}

with recursive streams as (
    select
        coverage.*,
        case when status = 'failed' then max(last_day) over () else last_day end as shown_until
    from {{ ref('unified_usage__coverage') }} as coverage
    where grain in ('day', 'event') and first_day is not null
),

days as (
    select stream, first_day as day, shown_until from streams
    union all
    select stream, day + 1, shown_until from days where day < shown_until
),

held as (
    select stream, day, count(*) as rows
    from {{ ref('stg_unified_usage__records') }}
    group by stream, day
),

-- days of bills that had rows in an earlier build
billed as (
    select distinct stream, day from {{ ref('unified_usage__bill_days_snapshot') }}
),

-- rows of several days (a billing cycle): its other days have no rows of their own
long_rows as (
    select distinct stream, start_at, end_at
    from {{ ref('stg_unified_usage__records') }}
    where end_at > {{ dbt.dateadd('day', 1, 'start_at') }}
),

-- what the source has read according to its state, where PyAirbyte keeps it beside the tables
slices as (
    {% if states %}
    select
        states.stream_name as stream,
        cast(substr({{ json_text('line.item', 'start') }}, 1, 10) as date) as first_day,
        cast(substr({{ json_text('line.item', 'end') }}, 1, 10) as date) as end_day
    from {{ states }} as states
    cross join {{ json_rows(json_text('states.state_json', 'stream.stream_state.slices')) }} as line(item)
    {% else %}
    select cast(null as text) as stream, cast(null as date) as first_day, cast(null as date) as end_day where false
    {% endif %}
)

select
    {{ row_id(['days.stream', 'days.day']) }} as coverage_id,
    days.stream,
    streams.vendor,
    streams.role,
    days.day,
    cast(coalesce(held.rows, 0) as bigint) as rows,
    case
        when held.rows is null and billed.day is not null then 'missing'
        when held.rows is null and (exists (
            select 1 from slices
            where slices.stream = days.stream and days.day >= slices.first_day and days.day < slices.end_day
        ) or exists (
            select 1 from long_rows
            where long_rows.stream = days.stream and days.day >= long_rows.start_at and days.day < long_rows.end_at
        )) then 'quiet'
        when days.day > streams.last_day then 'failed'
        when held.rows is null then 'missing'
        when days.day >= {{ read_again_from('streams.last_day + 1', 'facts') }} then 'provisional'
        else 'complete'
    end as status
from days
inner join streams on streams.stream = days.stream
inner join {{ ref('unified_usage_streams') }} as facts on facts.stream = days.stream
left join held on held.stream = days.stream and held.day = days.day
left join billed on billed.stream = days.stream and billed.day = days.day
