{# The first day of the month of a day. #}
{% macro month_of(day) %}cast({{ dbt.date_trunc('month', day) }} as date){% endmacro %}

{# The first day of another month, counted from the first day of one. #}
{% macro months_later(month, count) %}cast({{ dbt.dateadd('month', count, month) }} as date){% endmacro %}

{# The day that the figures are as of: the variable `today`, or else what the query of a newest day finds. #}
{% macro as_of(newest_day) -%}
    {% if var('today') %}cast('{{ var("today") }}' as date){% else %}({{ newest_day }}){% endif %}
{%- endmacro %}

{# The first day that the source reads again when it has read all days before `day`. `facts`: a row of the streams' seed. #}
{% macro read_again_from(day, facts) -%}
    case when {{ facts }}.lookback_whole_month then {{ month_of(day ~ ' - ' ~ facts ~ '.lookback_days') }}
        else {{ day }} - {{ facts }}.lookback_days end
{%- endmacro %}
