{# Amounts and quantities: exact decimals with 12 places, cast once, in staging. #}
{% macro exact(text) %}{{ return(adapter.dispatch('exact', 'unified_usage')(text)) }}{% endmacro %}

{% macro default__exact(text) %}cast({{ text }} as {{ exact_type() }}){% endmacro %}

{# PyAirbyte's way into PostgreSQL changes the last bits of a double (0.0022725 becomes 0.0022724999999999998).
   Its first 15 digits are the vendor's: that many survive every way through a double. #}
{% macro postgres__exact(text) -%}
    cast(case when {{ text }}::numeric = 0 then 0 else
        round({{ text }}::numeric, 14 - floor(log(abs({{ text }}::numeric)))::integer) end as {{ exact_type() }})
{%- endmacro %}

{% macro exact_type() %}numeric(38, 12){% endmacro %}

{# A count, which vendors may send as 12.0. #}
{% macro whole(text) %}cast(cast({{ text }} as {{ exact_type() }}) as bigint){% endmacro %}

{# A sum keeps the type of what it adds up; PostgreSQL forgets it. #}
{% macro exact_sum(expression) %}cast(sum({{ expression }}) as {{ exact_type() }}){% endmacro %}

{# A quotient with 6 places: the databases agree on those. Null when there is nothing to divide by. #}
{% macro ratio(dividend, divisor) -%}
    cast(round(cast(({{ dividend }}) / nullif({{ divisor }}, 0) as {{ exact_type() }}), 6) as {{ exact_type() }})
{%- endmacro %}
