-- warn: A list that is still read has had a gap for more than a week. Give the runs more credits, or say by start_date that what is older is not wanted.
with parameters as (
    select run_at
    from staging.parameters
),

coverage as (
    select
        list,
        open_gaps,
        hole_until_at,
        last_walk_at
    from staging.list_coverage
    where open_gaps > 0
),

-- the newest gap is as old as the first scan that ended above it
openings as (
    select
        coverage.list,
        min(list_sweeps.started_at) as opened_at
    from coverage
    inner join staging.list_sweeps
        on list_sweeps.list = coverage.list
        and (coverage.hole_until_at is null or list_sweeps.oldest_at = coverage.hole_until_at)
    group by coverage.list
),

final as (
    select
        coverage.list,
        coverage.open_gaps,
        openings.opened_at,
        coverage.hole_until_at
    from coverage
    inner join openings using (list)
    cross join parameters
    where
        openings.opened_at < parameters.run_at - interval 168 hours
        and coverage.last_walk_at > parameters.run_at - interval 168 hours
    order by coverage.list
)

select * from final;
