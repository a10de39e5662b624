-- The team of each line of money that a rule of `team_map` fits: the rule with the lowest priority, of all rules and all
-- resources of the record.
with lines as (
    select distinct stream, id, organization_id, user_id, user_email
    from {{ ref('int_unified_usage__spending') }}
    where id is not null
),

resources as (
    select distinct lines.stream, lines.id, resources.resource_id, resources.workspace_id
    from lines
    inner join {{ ref('stg_unified_usage__resources') }} as resources
        on resources.stream = lines.stream and resources.id = lines.id
),

facts as (
    select stream, id, 'email' as match_on, user_email as value from lines where user_email is not null
    union all
    select stream, id, 'user_id' as match_on, user_id as value from lines where user_id is not null
    union all
    select stream, id, 'organization_id' as match_on, organization_id as value from lines where organization_id is not null
    union all
    select stream, id, 'workspace_id' as match_on, workspace_id as value from resources where workspace_id is not null
    union all
    select stream, id, 'resource_id' as match_on, resource_id as value from resources where resource_id is not null
    union all
    -- an API key is a resource
    select stream, id, 'api_key_id' as match_on, resource_id as value from resources where resource_id is not null
),

rules as (
    select
        priority,
        match_on,
        team,
        value,
        -- all but the star stands for itself
        {% set literal = "case when match_on = 'email' then lower(value) else value end" -%}
        replace(replace(replace(replace({{ literal }}, '!', '!!'), '_', '!_'), '%', '!%'), '*', '%') as pattern
    from {{ ref('stg_unified_usage__team_map') }}
),

-- each value is compared once, however many lines have it
fitting as (
    select
        facts.match_on,
        facts.value,
        rules.team,
        rules.priority,
        row_number() over (
            partition by facts.match_on, facts.value order by rules.priority, rules.value, rules.team
        ) as place
    from (select distinct match_on, value from facts) as facts
    inner join rules on rules.match_on = facts.match_on and facts.value like rules.pattern escape '!'
),

ranked as (
    select
        facts.stream,
        facts.id,
        fitting.team,
        row_number() over (
            partition by facts.stream, facts.id order by fitting.priority, facts.match_on, facts.value
        ) as place
    from facts
    inner join fitting on fitting.match_on = facts.match_on and fitting.value = facts.value
    where fitting.place = 1
)

select stream, id, team from ranked where place = 1
