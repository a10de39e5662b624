-- A day of a bill without a row between days that have some: nothing was used, or the vendor did not deliver. Look at it.
{{ config(severity='warn') }}
select stream, first_day, last_day, days_without_rows
from {{ ref('unified_usage__coverage') }}
where role = 'bill' and days_without_rows > 0
