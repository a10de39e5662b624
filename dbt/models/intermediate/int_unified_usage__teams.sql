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
        trim(team) as team,
        value,
        -- all but the star stands for itself
        {% set literal = "case when match_on = 'email' then lower(trim(value)) else trim(value) end" -%}
        replace(replace(replace(replace({{ literal }}, '!', '!!'), '_', '!_'), '%', '!%'), '*', '%') as pattern
    from {{ replaceable('team_map') }}
),

ranked as (
    select
        facts.stream,
        facts.id,
        rules.team,
        row_number() over (
            partition by facts.stream, facts.id order by rules.priority, rules.match_on, rules.value, rules.team
        ) as place
    from facts
    inner join rules on rules.match_on = facts.match_on and facts.value like rules.pattern escape '!'
)

select stream, id, team from ranked where place = 1
