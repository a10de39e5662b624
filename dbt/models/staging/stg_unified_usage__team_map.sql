-- The rules for teams: the seed or a table of the user's, in types of ours.
select
    cast(priority as bigint) as priority,
    lower(trim(cast(match_on as text))) as match_on,
    trim(cast(value as text)) as value,
    trim(cast(team as text)) as team
from {{ replaceable('team_map') }}
