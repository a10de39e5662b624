{# The facts of the streams to be read (rows of the seed), whether or not their tables exist. #}
{% macro chosen_streams() %}
    {% set seed = ref('unified_usage_streams') %}
    {# the seed is not there yet when a graph is only parsed or compiled #}
    {% if not execute or load_relation(seed) is none %}{{ return([]) }}{% endif %}
    {% set found = [] %}
    {% set names = ['stream', 'vendor', 'role', 'restates', 'counts_tokens', 'grain'] %}
    {% for values in run_query("select " ~ names | join(", ") ~ " from " ~ seed ~ " order by stream").rows %}
        {% set row = dict(zip(names, values.values())) %}
        {% set wanted = (not var('vendors') or row['vendor'] in var('vendors'))
            and (not var('streams') or row['stream'] in var('streams')) %}
        {% if wanted %}{% do found.append(row) %}{% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The source's tables and those beside them, by name. Warehouses that fold names to upper case have OPENAI_COSTS in USAGE
   for openai_costs in usage; what is written as the source writes it goes first. #}
{% macro raw_tables() %}
    {% set found = {} %}
    {% if not execute %}{{ return(found) }}{% endif %}
    {% for values in run_query(tables_query(var('schema') | lower)).rows %}
        {% set schema, name = values.values() %}
        {% if name | lower not in found or (schema == var('schema') and name == name | lower) %}
            {% set table = api.Relation.create(database=target.database, schema=schema, identifier=name) %}
            {% do found.update({name | lower: table}) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# Schema and name of all tables and views in the schemas of a name, which is in lower case. #}
{% macro tables_query(schema) %}{{ return(adapter.dispatch('tables_query', 'unified_usage')(schema)) }}{% endmacro %}

{% macro default__tables_query(schema) -%}
    select table_schema, table_name from information_schema.tables
    where lower(table_catalog) = '{{ target.database | lower }}' and lower(table_schema) = '{{ schema }}'
{%- endmacro %}

{# PostgreSQL's information_schema hides the tables that this user may not read: they would be missing without a word. #}
{% macro postgres__tables_query(schema) -%}
    select schemaname, tablename from pg_tables where lower(schemaname) = '{{ schema }}'
    union all
    select schemaname, viewname from pg_views where lower(schemaname) = '{{ schema }}'
{%- endmacro %}
