-- One row per line of the last 7 plans that were done to the end: what it took beside what was likely.
with runs as (
    select
        plan,
        started_at
    from imgur_raw.sync_runs
    where plan is not null and outcome = 'done'
),

latest as (
    select
        plan
    from runs
    order by started_at desc
    limit 7
),

lines as (
    select
        unnest(json_extract(plan, '$[*]')) as line
    from latest
),

spendings as (
    select
        line ->> 'name' as name,
        line ->> 'kind' as kind,
        coalesce((line ->> 'uncorrected')::bigint, (line ->> 'likely')::bigint) as likely,
        (line ->> 'likely')::bigint as planned,
        (line ->> 'granted')::bigint as granted,
        (line ->> 'spent')::bigint as spent
    from lines
),

final as (
    select
        name,
        kind,
        sum(spent) / sum(likely) as ratio
    from spendings
    where granted >= planned and spent is not null
    group by name, kind
    having sum(likely) > 0
    order by name, kind
)

select * from final;
