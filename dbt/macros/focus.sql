{# What FOCUS asks for and the records say in other words. #}

{# Money has a code of ISO 4217, which has three letters; other units (CU) are a virtual currency. #}
{% macro is_money(currency) %}({{ currency }} like '___'){% endmacro %}

{# Credits of Codex and of Copilot. #}
{% macro is_credit(unit) %}({{ unit }} in ('credit', 'ai-credits')){% endmacro %}

{# The company behind a vendor of the source or a provider of a model. #}
{% macro company(name) -%}
    case {{ name }}
        {% for id, title in {'claude': 'Anthropic', 'anthropic': 'Anthropic', 'openai': 'OpenAI', 'confluent': 'Confluent',
            'cursor': 'Cursor', 'datadog': 'Datadog', 'github': 'GitHub', 'scenario': 'Scenario', 'google': 'Google',
            'xai': 'xAI', 'deepseek': 'DeepSeek', 'moonshot': 'Moonshot AI', 'zai': 'Z.ai', 'meta': 'Meta',
            'alibaba': 'Alibaba'}.items() -%}
            when '{{ id }}' then '{{ title }}'
        {% endfor -%}
        else {{ name }}
    end
{%- endmacro %}

{# cloud_agent: Cloud agent #}
{% macro spelled_out(word) %}upper(substr({{ word }}, 1, 1)) || replace(substr({{ word }}, 2), '_', ' '){% endmacro %}

{# A vendor's unit in the spelling of FOCUS (its attribute Unit Format): GB-Hours, Tokens. #}
{% macro focus_unit(unit) -%}
    case {{ unit }}
        {% for id, title in {'ai-credits': 'Credits', 'credit': 'Credits', 'request': 'Requests',
            'compute_unit': 'Compute Units', 'duration_seconds': 'Seconds', 'gibibyte_hours': 'GiB-Hours',
            'gigabyte-hours': 'GB-Hours', 'gigabytehours': 'GB-Hours', 'gigabytes': 'GB', 'user-months': 'User-Months',
            'user months': 'User-Months'}.items() -%}
            when '{{ id }}' then '{{ title }}'
        {% endfor -%}
        else regexp_replace({{ spelled_out(unit) }}, '[hH]our$', 'Hours')
    end
{%- endmacro %}

{# The kind of tokens that a line of a bill names. #}
{% macro token_kind(metric) -%}
    case
        when lower({{ metric }}) like '%cache write%' then 'cache_write'
        when lower({{ metric }}) like '%cache hit%' or lower({{ metric }}) like '%cached input%' then 'cache_read'
        when lower({{ metric }}) like '%output%' then 'output'
        when lower({{ metric }}) like '%input%' then 'input'
    end
{%- endmacro %}

{# What a vendor calls the places that it divides an account into. #}
{% macro focus_sub_account_type(vendor) -%}
    case {{ vendor }}
        when 'openai' then 'Project'
        when 'scenario' then 'Project'
        when 'confluent' then 'Environment'
        when 'github' then 'Cost Center'
        else 'Workspace'
    end
{%- endmacro %}

{% macro focus_resource_type(vendor, id, name, product) -%}
    case
        when {{ id }} is null then null
        -- a conversation has no name of its own, its name is what it is
        when {{ vendor }} = 'cursor' then {{ spelled_out(name) }}
        when {{ vendor }} = 'openai' and {{ id }} like 'key\_%' escape '\' then 'API Key'
        when {{ vendor }} = 'confluent' and {{ id }} like 'lkc-%' then 'Kafka Cluster'
        when {{ vendor }} = 'confluent' then {{ product }} || ' Resource'
        when {{ vendor }} = 'github' and {{ id }} like '%/%' then 'Repository'
        when {{ vendor }} = 'github' then 'Organization'
        else 'Resource'
    end
{%- endmacro %}

{# The price of one unit, to 12 digits: a quotient may have no end. No quantity, no price. #}
{% macro unit_price(cost, quantity) %}{{ return(adapter.dispatch('unit_price', 'unified_usage')(cost, quantity)) }}{% endmacro %}

{% macro default__unit_price(cost, quantity) -%}
    case when {{ quantity }} = 0 then 0
        else cast(format('{:.11e}', cast({{ cost }} as double) / cast({{ quantity }} as double)) as {{ price_type() }}) end
{%- endmacro %}

{% macro postgres__unit_price(cost, quantity) -%}
    case when {{ quantity }} = 0 or {{ cost }} = 0 then 0
        else cast(round(
            cast({{ cost }} as numeric(38, 30)) / {{ quantity }},
            11 - cast(floor(log(abs(cast({{ cost }} as numeric(38, 30)) / {{ quantity }}))) as integer)
        ) as {{ price_type() }}) end
{%- endmacro %}

{# More places than an amount: the price of a token times a billion tokens is exact to the cent. #}
{% macro price_type() %}numeric(38, 18){% endmacro %}

{# A JSON object as text, without the keys whose value is null; null when none is left. #}
{% macro json_object_text(pairs) -%}
    nullif('{' || concat_ws(','
    {%- for key, value in pairs.items() %}, '"{{ key }}":' || {{ json_string(value) }}{% endfor %}) || '}', '{}')
{%- endmacro %}

{% macro json_string(text) %}{{ return(adapter.dispatch('json_string', 'unified_usage')(text)) }}{% endmacro %}
{% macro default__json_string(text) %}cast(to_json({{ text }}) as text){% endmacro %}
{% macro postgres__json_string(text) %}cast(to_json(cast({{ text }} as text)) as text){% endmacro %}
