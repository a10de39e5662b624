-- One row per configured stream: which days it has, what is missing, what the last sync said. Configured are the streams
-- that exist as tables, those of the last `lake sync`, and those that `streams` names. Of a vendor that `vendors` names and
-- that has none of these, all streams are rows: otherwise it would be missing without a word.
-- depends_on: {{ ref('unified_usage_streams') }}
{% set tables = raw_tables() %}
{% set sync = tables.get('_lake_streams') %}
{% set candidates = chosen_streams() %}

with candidates as (
    {% for stream in candidates %}
    select '{{ stream.stream }}' as stream, {{ 'true' if stream.stream in tables else 'false' }} as has_table
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select cast(null as text) as stream, false as has_table where false
    {% endfor %}
),

last_sync as (
    {% if sync %}
    select stream, synced_at, outcome, reason from {{ sync }}
    {% else %}
    select
        cast(null as text) as stream,
        cast(null as timestamp) as synced_at,
        cast(null as text) as outcome,
        cast(null as text) as reason
    where false
    {% endif %}
),

held as (
    select
        stream,
        count(*) as rows,
        min(day) as first_day,
        max(day) as last_day,
        count(distinct day) as days_with_rows,
        max(start_at) as newest_row_at,
        max(extracted_at) as newest_extracted_at
    from {{ ref('stg_unified_usage__records') }}
    group by stream
),

chosen as (
    select
        facts.*,
        candidates.has_table,
        last_sync.synced_at,
        last_sync.outcome,
        last_sync.reason,
        {{ 'true' if var('streams') else 'candidates.has_table or last_sync.stream is not null' }} as is_configured
    from candidates
    inner join {{ ref('unified_usage_streams') }} as facts on facts.stream = candidates.stream
    left join last_sync on last_sync.stream = candidates.stream
),

configured as (
    select *
    from chosen
    where is_configured
        {%- if var('vendors') %} or vendor not in (select vendor from chosen where is_configured){% endif %}
)

select
    configured.stream,
    configured.vendor,
    configured.role,
    configured.grain,
    cast(coalesce(held.rows, 0) as bigint) as rows,
    held.first_day,
    held.last_day,
    cast(case when configured.grain in ('day', 'event') and held.rows is not null
        then held.last_day - held.first_day + 1 - held.days_with_rows end as bigint) as days_without_rows,
    held.newest_row_at,
    greatest(configured.synced_at, held.newest_extracted_at) as newest_sync_at,
    case
        when configured.outcome = 'failed' then 'failed'
        when configured.outcome = 'not_read' then 'not read'
        when not configured.has_table then 'no table'
        when held.rows is null then 'empty'
        else 'complete'
    end as status,
    configured.reason
from configured
left join held on held.stream = configured.stream
