-- One row per record and resource; a resource that is only a workspace has no id.
select
    records.id,
    records.stream,
    {{ json_text('line.item', 'id') }} as resource_id,
    {{ json_text('line.item', 'name') }} as resource_name,
    {{ json_text('line.item', 'workspace.id') }} as workspace_id,
    {{ json_text('line.item', 'workspace.name') }} as workspace_name
from {{ ref('stg_unified_usage__records') }} as records
cross join {{ json_rows('records.resources_json') }} as line(item)
