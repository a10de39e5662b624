{# A key for what a group of columns names, nulls included. #}
{% macro row_id(columns) -%}
    md5(concat_ws('|'
    {%- for column in columns %}, coalesce('=' || replace(cast({{ column }} as text), '|', '||'), '~'){% endfor %}))
{%- endmacro %}

{# The family of a model without date and small versions: claude-opus for claude-opus-4-8 and claude-4.5-opus, gpt-5 for
   gpt-5.4-codex, gemini-3 for gemini-3-1-flash; any other model is a family of its own. #}
{% macro model_family(model) -%}
    {%- set id = "regexp_replace(replace(lower(" ~ model ~ "), ' ', '-'), '^(.*/|ft:)', '')" -%}
    case
        when {{ id }} like '%opus%' then 'claude-opus'
        when {{ id }} like '%sonnet%' then 'claude-sonnet'
        when {{ id }} like '%haiku%' then 'claude-haiku'
        when {{ id }} like 'gpt-_%' then regexp_replace({{ id }}, '^(gpt-[0-9a-z]+).*$', '\1')
        when {{ id }} like '%gemini-_%' then regexp_replace({{ id }}, '^.*(gemini-[0-9a-z]+).*$', '\1')
        else regexp_replace({{ id }}, '[-@:]20[0-9][0-9]-?[0-9][0-9]-?[0-9][0-9]$', '')
    end
{%- endmacro %}

{# A metric in one spelling, as streams are compared by it: for one SKU GitHub's APIs say Copilot AI Credits, AI Credit and
   copilot_ai_credit. Other vendors have one spelling. #}
{% macro metric_key(vendor, metric) -%}
    {%- set words = "replace(replace(lower(" ~ metric ~ "), ' ', '_'), '-', '_')" -%}
    {%- set singular = "regexp_replace(" ~ words ~ ", '(ai_credit|premium_request)s$', '\\1')" -%}
    case
        when {{ vendor }} = 'github' then
            regexp_replace({{ singular }}, '^(ai_credit|premium_request)$', 'copilot_\1')
        else {{ metric }}
    end
{%- endmacro %}
