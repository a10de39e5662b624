-- What the vendors bill, as FOCUS 1.2 says it (https://focus.finops.org). FOCUS.md: which column comes from where.
{% set amount = exact_type() %}
{% set cu_price = "cast(" ~ var('cu_price') ~ " as numeric(18, 9))" %}
{% set credit_price = "cast(" ~ var('credit_price') ~ " as numeric(18, 9))" %}

with money as (
    select * from {{ ref('stg_unified_usage__charges') }} where net is not null and {{ is_money('currency') }}
),

virtual as (
    select * from {{ ref('stg_unified_usage__charges') }} where net is not null and not {{ is_money('currency') }}
),

places as (
    select stream, id, max(workspace_id) as sub_account_id, max(workspace_name) as sub_account_name
    from {{ ref('stg_unified_usage__resources') }}
    group by stream, id
),

-- Cursor bills by cycles, which begin on any day of the month; what its members spent names them
cycles as (
    select events.stream, events.id, max(spend.start_at) as cycle_start_at
    from {{ ref('stg_unified_usage__records') }} as events
    inner join {{ ref('stg_unified_usage__records') }} as spend
        on spend.stream = 'cursor_spend' and spend.organization_id is null and spend.user_key = events.user_key
        and spend.start_at <= events.start_at and events.start_at < spend.start_at + interval '1 month'
    where events.stream = 'cursor_usage_events'
    group by events.stream, events.id
),

billed as (
    select
        records.*,
        places.sub_account_id,
        coalesce(places.sub_account_name, places.sub_account_id) as sub_account_name,
        cycles.cycle_start_at,
        teams.team,
        coalesce(money.currency, '{{ var("currency") }}') as billing_currency,
        coalesce(virtual.currency, money.currency, 'Credits') as pricing_currency,
        coalesce(money.net, 0) as billed_cost,
        -- without money of the vendor: what its units are worth
        coalesce(money.net, cast(virtual.net * {{ cu_price }} as {{ amount }}),
            cast(records.quantity * {{ credit_price }} as {{ amount }})) as net,
        coalesce(money.total, money.net, cast(coalesce(virtual.total, virtual.net) * {{ cu_price }} as {{ amount }}),
            cast(records.quantity * {{ credit_price }} as {{ amount }})) as total,
        coalesce(virtual.net, money.net, records.quantity) as pricing_net,
        coalesce(virtual.total, virtual.net, money.total, money.net, records.quantity) as pricing_total,
        coalesce(money.credit, virtual.credit) as credit,
        -- seats and plans: the vendor names a committed amount and none that was used, or a plan
        coalesce(money.committed is not null and money.on_demand is null and money.usage_based is null, false)
        or (records.vendor = 'confluent' and records.metric = 'SUPPORT') as is_plan
    from {{ ref('stg_unified_usage__records') }} as records
    left join money on money.stream = records.stream and money.id = records.id
    left join virtual on virtual.stream = records.stream and virtual.id = records.id
    left join places on places.stream = records.stream and places.id = records.id
    left join {{ ref('int_unified_usage__teams') }} as teams on teams.stream = records.stream and teams.id = records.id
    left join cycles on cycles.stream = records.stream and cycles.id = records.id
    where
        records.role = 'bill'
        -- a row whose price the vendor has not said yet is no charge yet
        and (
            money.net is not null or virtual.net is not null
            or (records.quantity is not null and {{ is_credit('records.unit') }})
        )
),

categorized as (
    select
        billed.*,
        case
            when credit is not null then 'Credit'
            when sign(pricing_net) * sign(pricing_total) < 0 then 'Adjustment'
            when is_plan then 'Purchase'
            else 'Usage'
        end as category,
        case when pricing_net < 0 or pricing_total < 0 then -1 else 1 end as direction,
        case grain when 'month' then 'Months' when 'event' then 'Events' else 'Days' end as period_unit
    from billed
),

-- A plan is bought and used in the same period. FOCUS has a row for each: the purchase is what is billed, its use is
-- what it effectively cost. Every other record is one row.
split as (
    select
        categorized.*,
        case when parts.part = 'use' then 'Usage' else category end as charge_category,
        case when category = 'Purchase' and parts.part = 'use' then 0 else 1 end as is_billed,
        case when category = 'Purchase' and parts.part = 'charge' then 0 else 1 end as is_effective,
        id || case when parts.part = 'use' then '#use' else '' end as row_id
    from categorized
    inner join (select 'charge' as part union all select 'use' as part) as parts
        on parts.part = 'charge' or category = 'Purchase'
),

measured as (
    select
        split.*,
        charge_category in ('Usage', 'Purchase') as is_priced,
        -- a quantity that explains the amount, else once the period
        coalesce(quantity * direction > 0 or (quantity = 0 and pricing_net = 0 and pricing_total = 0), false)
            as has_quantity,
        vendor || '/' || coalesce(product_id, '~') || '/' || coalesce(metric, '~') as sku,
        case when resource_id <> coalesce(sub_account_id, '') then resource_id end as used_resource_id,
        coalesce(product_name, {{ company('vendor') }} || coalesce(' ' || product_id, '')) as service_name,
        -- a workspace of ChatGPT is billed apart from the organization of the API
        stream in ('openai_codex_usage', 'openai_workspace_usage') as is_workspace_bill,
        {{ company('vendor') }} as provider
    from split
),

priced as (
    select
        measured.*,
        case when is_priced then case when has_quantity then quantity else direction end end as pricing_quantity,
        case
            when not is_priced then null
            when has_quantity then coalesce({{ focus_unit('unit') }}, 'Units')
            else period_unit
        end as pricing_unit,
        case when is_priced then sku end as sku_id,
        case when is_priced then sku || coalesce('/' || model, '') end as sku_price_id
    from measured
)

select
    cast(null as text) as "AvailabilityZone",
    cast(billed_cost * is_billed as {{ amount }}) as "BilledCost",
    coalesce(organization_id, case when is_workspace_bill then sub_account_id end, priced.vendor) as "BillingAccountId",
    coalesce(organization_name, organization_id, case when is_workspace_bill then sub_account_name end, provider)
        as "BillingAccountName",
    case when is_workspace_bill then 'Workspace' else 'Organization' end as "BillingAccountType",
    billing_currency as "BillingCurrency",
    coalesce(cycle_start_at, date_trunc('month', start_at)) + interval '1 month' as "BillingPeriodEnd",
    coalesce(cycle_start_at, date_trunc('month', start_at)) as "BillingPeriodStart",
    {% for column in ['CapacityReservationId', 'CapacityReservationStatus'] -%}
    cast(null as text) as "{{ column }}",
    {% endfor -%}
    charge_category as "ChargeCategory",
    cast(null as text) as "ChargeClass",
    coalesce(metric, service_name) as "ChargeDescription",
    case charge_category when 'Usage' then 'Usage-Based' when 'Purchase' then 'Recurring' else 'One-Time' end
        as "ChargeFrequency",
    -- an event has no length: it is charged in its second
    case when end_at > start_at then end_at else date_trunc('second', start_at) + interval '1 second' end
        as "ChargePeriodEnd",
    case when end_at > start_at then start_at else date_trunc('second', start_at) end as "ChargePeriodStart",
    {% for column in ['Category', 'Id', 'Name'] -%}
    cast(null as text) as "CommitmentDiscount{{ column }}",
    {% endfor -%}
    cast(null as {{ amount }}) as "CommitmentDiscountQuantity",
    {% for column in ['Status', 'Type', 'Unit'] -%}
    cast(null as text) as "CommitmentDiscount{{ column }}",
    {% endfor -%}
    case when charge_category = 'Usage' then cast(coalesce(total_tokens, quantity, requests, 1) as {{ amount }}) end
        as "ConsumedQuantity",
    case when charge_category = 'Usage' then case
        when total_tokens is not null then 'Tokens'
        when quantity is not null then coalesce({{ focus_unit('unit') }}, 'Units')
        when requests is not null then 'Requests'
        else period_unit
    end end as "ConsumedUnit",
    cast(net * is_billed as {{ amount }}) as "ContractedCost",
    case when is_priced then {{ unit_price('net * is_billed', 'pricing_quantity') }} end as "ContractedUnitPrice",
    cast(net * is_effective as {{ amount }}) as "EffectiveCost",
    -- no vendor names the invoice in its usage
    cast(null as text) as "InvoiceId",
    provider as "InvoiceIssuerName",
    cast(total * is_billed as {{ amount }}) as "ListCost",
    case when is_priced then {{ unit_price('total * is_billed', 'pricing_quantity') }} end as "ListUnitPrice",
    case when is_priced then 'Standard' end as "PricingCategory",
    pricing_currency as "PricingCurrency",
    case when is_priced then {{ unit_price('pricing_net * is_billed', 'pricing_quantity') }} end
        as "PricingCurrencyContractedUnitPrice",
    cast(pricing_net * is_effective as {{ amount }}) as "PricingCurrencyEffectiveCost",
    case when is_priced then {{ unit_price('pricing_total * is_billed', 'pricing_quantity') }} end
        as "PricingCurrencyListUnitPrice",
    cast(pricing_quantity as {{ amount }}) as "PricingQuantity",
    pricing_unit as "PricingUnit",
    provider as "ProviderName",
    coalesce({{ company('model_provider') }}, provider) as "PublisherName",
    cast(null as text) as "RegionId",
    cast(null as text) as "RegionName",
    used_resource_id as "ResourceId",
    case when used_resource_id is not null and resource_name <> resource_id then resource_name end as "ResourceName",
    {{ focus_resource_type('priced.vendor', 'used_resource_id', 'resource_name', 'service_name') }} as "ResourceType",
    coalesce(named.service_category, others.service_category, 'Other') as "ServiceCategory",
    service_name as "ServiceName",
    coalesce(named.service_subcategory, others.service_subcategory, 'Other (Other)') as "ServiceSubcategory",
    sku_id as "SkuId",
    case when is_priced then coalesce(metric, service_name) end as "SkuMeter",
    case when is_priced then {{ json_object_text({'x_Model': 'model', 'x_TokenType': token_kind('metric')}) }} end
        as "SkuPriceDetails",
    sku_price_id as "SkuPriceId",
    sub_account_id as "SubAccountId",
    sub_account_name as "SubAccountName",
    case
        when sub_account_id is null then null
        when is_workspace_bill then 'Workspace'
        else {{ focus_sub_account_type('priced.vendor') }}
    end as "SubAccountType",
    {{ json_object_text({'team': 'team', 'user': 'coalesce(user_email, user_id, user_name)'}) }} as "Tags",
    row_id as "x_RowId",
    id as "x_RecordId",
    stream as "x_Stream",
    user_key as "x_User",
    model as "x_Model",
    model_provider as "x_ModelProvider",
    surface as "x_Surface",
    {% for kind, column in {'Input': 'input', 'CacheRead': 'cache_read', 'CacheWrite': 'cache_write', 'Output': 'output',
        'Total': 'total'}.items() -%}
    case when is_effective = 1 then {{ column }}_tokens end as "x_{{ kind }}Tokens",
    {% endfor -%}
    case when is_effective = 1 then requests end as "x_Requests"
from priced
left join {{ ref('unified_usage_focus_services') }} as named
    on named.vendor = priced.vendor and named.product_id = priced.product_id
left join {{ ref('unified_usage_focus_services') }} as others
    on others.vendor = priced.vendor and others.product_id is null
