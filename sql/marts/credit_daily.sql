-- One row per UTC day on which a run began: what its runs spent, and what came of it.
-- key: day
with runs as (
    select
        run_id,
        outcome,
        credits_planned,
        credits_spent,
        client_credits_left,
        (started_at at time zone 'UTC')::date as day
    from staging.sync_runs
    where started_at is not null
),

charges as (
    select
        run_id,
        sum(requests) as requests,
        sum(unchanged) as unchanged,
        sum(rows_new) as rows_new,
        sum(rows_refreshed) as rows_refreshed
    from staging.credit_charges
    group by run_id
),

days as (
    select
        runs.day,
        count(*) as runs,
        count(*) filter (where runs.outcome = 'failed') as runs_failed,
        sum(runs.credits_planned)::bigint as credits_planned,
        sum(runs.credits_spent)::bigint as credits_spent,
        sum(charges.requests)::bigint as requests,
        sum(charges.unchanged)::bigint as unchanged,
        sum(charges.rows_new)::bigint as rows_new,
        sum(charges.rows_refreshed)::bigint as rows_refreshed,
        min(runs.client_credits_left) as lowest_client_credits_left
    from runs
    left join charges using (run_id)
    group by runs.day
),

final as (
    select
        day,
        runs,
        runs_failed,
        credits_planned,
        credits_spent,
        requests,
        unchanged,
        rows_new,
        rows_refreshed,
        1000 * credits_spent / nullif(rows_new, 0) as credits_per_1000_new_rows,
        lowest_client_credits_left
    from days
)

select * from final;

comment on column main.credit_daily.day is 'The day, UTC; a run that goes on after midnight belongs to the day on which it began.';
comment on column main.credit_daily.runs is 'Number of runs.';
comment on column main.credit_daily.runs_failed is 'Of these, how many failed.';
comment on column main.credit_daily.credits_planned is 'Credits that their plans expected to spend; null where no run had an estimate.';
comment on column main.credit_daily.credits_spent is 'Credits spent, retries included.';
comment on column main.credit_daily.requests is 'Requests sent; null where no run told.';
comment on column main.credit_daily.credits_per_1000_new_rows is 'Credits for a thousand new rows; null where there were none.';
comment on column main.credit_daily.lowest_client_credits_left is 'Lowest number of credits of the application''s day that was left at the end of a run; null when Imgur did not say.';
