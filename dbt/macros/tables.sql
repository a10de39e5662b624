{# A seed that users replace: by a file of the same name, or by a table that the variable of its name names. #}
{% macro replaceable(seed) %}
    {% set own = ref(seed) %}
    {{ return(var(seed) or own) }}
{% endmacro %}
