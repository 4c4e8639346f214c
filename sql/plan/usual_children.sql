-- One row per kind of child: credits that it usually took in the last 7 runs that asked for it, the very first left out.
with runs as (
    select
        run_id,
        resources,
        plan,
        started_at
    from imgur_raw.sync_runs
    where outcome = 'done'
),

lines as (
    select
        run_id,
        unnest(json_extract(plan, '$[*]')) as line
    from runs
),

-- what is read for the first time brings children of years
first_loads as (
    select distinct run_id
    from lines
    where
        line ->> 'kind' = 'backfill'
        and (line ->> 'spent')::bigint > 0
),

resources as (
    select unnest(['album_images', 'post_images', 'post_comments']) as resource
),

readings as (
    select
        resources.resource,
        coalesce(charges.credits, 0) as credits,
        row_number() over (partition by resources.resource order by runs.started_at) as place,
        row_number() over (partition by resources.resource order by runs.started_at desc) as place_from_end
    from resources
    inner join runs
        on json_contains(runs.resources, to_json(resources.resource))
    left join imgur_raw.credit_charges as charges
        on charges.run_id = runs.run_id
        and charges.endpoint = resources.resource
    where runs.run_id not in (select run_id from first_loads)
),

-- the first run fetches everything: it says nothing of the next
final as (
    select
        resource,
        median(credits) as usual
    from readings
    where
        place > 1
        and place_from_end <= 7
    group by resource
    order by resource
)

select * from final;
