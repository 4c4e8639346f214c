-- warn: The last three runs have failed, or have left the published file as it was. Their reasons say what to do; python pipelines/sync.py --status shows them.
with runs as (
    select
        run_id,
        coalesce(outcome = 'failed', false) or coalesce(publication = 'kept', false) as has_failed,
        left(reason, 120) as reason,
        row_number() over (order by started_at desc, run_id desc) as runs_ago,
        started_at
    from staging.sync_runs
),

latest as (
    select
        run_id,
        reason,
        count(*) filter (where has_failed) over () as failed,
        started_at
    from runs
    where runs_ago <= 3
),

final as (
    select
        run_id,
        reason,
        started_at
    from latest
    where failed = 3
    order by started_at desc, run_id desc
)

select * from final;
