-- One row per stream and day, from the stream's first day with rows to its last: is a day there, may it still change, is
-- it missing. After a sync in which the stream failed also the days that it lacks beside the vendors' newest.
-- Only for streams that have rows of days or events.
with recursive streams as (
    select *
    from {{ ref('unified_usage__coverage') }}
    where grain in ('day', 'event') and first_day is not null
),

last as (
    select
        streams.*,
        case when status = 'failed' then (select max(last_day) from streams) else last_day end as shown_until
    from streams
),

days as (
    select stream, first_day as day, shown_until from last
    union all
    select stream, day + 1, shown_until from days where day < shown_until
),

held as (
    select stream, day, count(*) as rows
    from {{ ref('stg_unified_usage__records') }}
    group by stream, day
)

select
    {{ row_id(['days.stream', 'days.day']) }} as coverage_id,
    days.stream,
    last.vendor,
    last.role,
    days.day,
    cast(coalesce(held.rows, 0) as bigint) as rows,
    case
        when days.day > last.last_day then 'failed'
        when held.rows is null then 'missing'
        when days.day > last.last_day - facts.lookback_days then 'provisional'
        else 'complete'
    end as status
from days
inner join last on last.stream = days.stream
inner join {{ ref('unified_usage_streams') }} as facts on facts.stream = days.stream
left join held on held.stream = days.stream and held.day = days.day
