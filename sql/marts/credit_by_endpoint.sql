-- One row per kind of request: what it has cost over all runs that are remembered, and what came of it.
-- key: endpoint
with charges as (
    select
        run_id,
        endpoint,
        credits_spent,
        requests,
        unchanged,
        replays,
        rows_new,
        rows_refreshed,
        fetched_at
    from staging.credit_charges
),

-- the records of a run that broke off may lack its own row
dated as (
    select
        charges.* exclude (fetched_at),
        coalesce(runs.started_at, charges.fetched_at) as used_at
    from charges
    left join staging.sync_runs as runs using (run_id)
),

endpoints as (
    select
        dated.endpoint,
        count(distinct dated.run_id) as runs,
        coalesce(sum(dated.credits_spent), 0)::bigint as credits_spent,
        coalesce(sum(dated.requests), 0)::bigint as requests,
        coalesce(sum(dated.unchanged), 0)::bigint as unchanged,
        coalesce(sum(dated.replays), 0)::bigint as replays,
        sum(dated.rows_new)::bigint as rows_new,
        sum(dated.rows_refreshed)::bigint as rows_refreshed,
        coalesce(
            sum(dated.credits_spent) filter (where dated.used_at > parameters.run_at - interval 168 hours),
            0
        )::bigint as credits_last_7_days,
        max(dated.used_at) as last_used_at
    from dated
    cross join staging.parameters
    group by dated.endpoint
),

final as (
    select
        endpoint,
        runs,
        credits_spent,
        (credits_spent / nullif(sum(credits_spent) over (), 0))::double as credits_share,
        requests,
        unchanged,
        unchanged / nullif(requests, 0) as unchanged_share,
        replays,
        rows_new,
        rows_refreshed,
        1000 * credits_spent / nullif(coalesce(rows_new, 0) + coalesce(rows_refreshed, 0), 0)
            as credits_per_1000_rows,
        credits_last_7_days,
        last_used_at
    from endpoints
)

select * from final;

comment on table main.credit_by_endpoint is 'One row per kind of request: what it has cost over all runs that are remembered, and what came of it. Runs are remembered for runs_kept_days.';
comment on column main.credit_by_endpoint.runs is 'Number of remembered runs that asked it.';
comment on column main.credit_by_endpoint.credits_spent is 'Credits spent, one per attempt.';
comment on column main.credit_by_endpoint.credits_share is 'Its part of all credits of these runs, 0 to 1; null where none were spent.';
comment on column main.credit_by_endpoint.unchanged_share is 'The part of them, 0 to 1; null where nothing was sent.';
comment on column main.credit_by_endpoint.credits_per_1000_rows is 'Credits for a thousand rows, new or refreshed; null where there were none.';
comment on column main.credit_by_endpoint.credits_last_7_days is 'Credits of the runs that began in the 168 hours before this one was made.';
comment on column main.credit_by_endpoint.last_used_at is 'When the last run that asked it began, UTC.';
