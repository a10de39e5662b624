{# The facts of the streams to be read (rows of the seed), whether or not their tables exist. #}
{% macro chosen_streams() %}
    {% set seed = ref('unified_usage_streams') %}
    {# the seed is not there yet when a graph is only parsed or compiled #}
    {% if not execute or load_relation(seed) is none %}{{ return([]) }}{% endif %}
    {% set found = [] %}
    {% for row in run_query("select stream, vendor, role, restates, counts_tokens, grain from " ~ seed ~ " order by stream").rows %}
        {% set wanted = (not var('vendors') or row['vendor'] in var('vendors'))
            and (not var('streams') or row['stream'] in var('streams')) %}
        {% if wanted %}{% do found.append(row) %}{% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The raw table of a stream or another table beside it, none when there is no such table. #}
{% macro raw_table(name) %}
    {{ return(adapter.get_relation(database=target.database, schema=var('schema'), identifier=name)) }}
{% endmacro %}
