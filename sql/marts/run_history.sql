-- One row per run: how it ended, how long it took, and what it spent.
-- key: run_id
with charges as (
    select
        run_id,
        sum(rows_new)::bigint as rows_new,
        sum(rows_refreshed)::bigint as rows_refreshed
    from staging.credit_charges
    group by run_id
),

final as (
    select
        runs.run_id,
        runs.outcome,
        runs.reason,
        runs.publication,
        runs.version,
        (epoch(runs.ended_at) - epoch(runs.started_at)) / 60 as duration_minutes,
        runs.rounds,
        runs.credits_planned,
        runs.credits_spent,
        runs.credits_spent - runs.credits_planned as credits_over_plan,
        list_sum(json_extract(runs.rows_loaded, '$.*')::bigint[])::bigint as rows_loaded,
        charges.rows_new,
        charges.rows_refreshed,
        json_array_length(runs.owed)::bigint as owed,
        json_array_length(runs.notes)::bigint as notes,
        runs.started_at,
        runs.ended_at,
        runs.published_at
    from staging.sync_runs as runs
    left join charges using (run_id)
)

select * from final;

comment on column main.run_history.run_id is 'The run''s name: the time it started, and a few random letters.';
comment on column main.run_history.duration_minutes is 'Minutes from its start until it had read everything, waiting for credits included.';
comment on column main.run_history.credits_spent is 'Credits that the run spent, retries included.';
comment on column main.run_history.credits_over_plan is 'Credits spent beyond what was planned, negative where it was less; null where nobody knew.';
comment on column main.run_history.rows_loaded is 'Rows loaded into all tables together; null where none were.';
comment on column main.run_history.rows_new is 'Of what its replies told, rows of things that were not stored before; null where that is not known.';
comment on column main.run_history.rows_refreshed is 'Of what its replies told, rows of things that were stored; null where that is not known.';
comment on column main.run_history.owed is 'Number of lists and items that were not read.';
comment on column main.run_history.notes is 'Number of lines that a person may want to read.';
