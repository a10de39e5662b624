-- What each team spent. A bill's rows belong to the team that `team_map` finds for them. Where a stream by person
-- restates the bill, its rows are asked too; of the two, that one is taken that finds teams for more of the month's
-- money. No money is lost: what fits no rule is `unassigned`.
with lines as (
    select
        lines.basis in ('restated', 'remainder') as is_by_person,
        lines.basis = 'billed' as is_only_view,
        lines.vendor,
        lines.bills,
        lines.day,
        lines.month,
        lines.currency,
        lines.net,
        teams.team
    from {{ ref('int_unified_usage__spending') }} as lines
    left join {{ ref('int_unified_usage__teams') }} as teams on teams.stream = lines.stream and teams.id = lines.id
),

-- a team that has all rows of a bill's day has also what the stream by person cannot tell
only_teams as (
    select bills, day, currency, min(team) as team
    from lines
    where not is_by_person and not is_only_view
    group by bills, day, currency
    having count(*) = count(team) and min(team) = max(team)
),

assigned as (
    select
        lines.is_by_person,
        lines.is_only_view,
        lines.vendor,
        lines.bills,
        lines.month,
        lines.currency,
        lines.net,
        coalesce(lines.team, case when lines.is_by_person then only_teams.team end) as team
    from lines
    left join only_teams
        on only_teams.bills = lines.bills and only_teams.day = lines.day and only_teams.currency = lines.currency
),

views as (
    select
        bills,
        month,
        currency,
        sum(case when is_by_person and team is not null then abs(net) else 0 end) as found_by_person,
        sum(case when not is_by_person and team is not null then abs(net) else 0 end) as found_by_bill
    from assigned
    where not is_only_view
    group by bills, month, currency
)

{% set key = ['month', 'team', 'vendor', 'currency'] %}
select
    {{ row_id(key) }} as team_cost_id,
    {{ key | join(', ') }},
    {{ exact_sum('net') }} as net,
    {{ exact_sum('case when is_by_person then net else 0 end') }} as net_by_person
from (
    select
        assigned.month,
        coalesce(assigned.team, 'unassigned') as team,
        assigned.vendor,
        assigned.currency,
        assigned.net,
        assigned.is_by_person
    from assigned
    left join views
        on views.bills = assigned.bills and views.month = assigned.month and views.currency = assigned.currency
    where assigned.is_only_view
        or assigned.is_by_person = (views.found_by_person >= views.found_by_bill and views.found_by_person > 0)
) as taken
group by {{ key | join(', ') }}
