-- A day of a bill that has no row and was not read either, between days that have some.
{{ config(severity='warn') }}
select stream, day
from {{ ref('unified_usage__coverage_daily') }}
where role = 'bill' and status = 'missing'
