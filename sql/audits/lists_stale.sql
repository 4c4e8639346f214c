-- warn: A list that the last run was asked for has had no complete walk for three days. Look at what is owed, and at the credits.
with parameters as (
    select run_at
    from staging.parameters
),

last_run as (
    select
        accounts::varchar[] as accounts,
        feeds::varchar[] as feeds,
        resources::varchar[] as resources
    from staging.sync_runs
    order by started_at desc, run_id desc
    limit 1
),

-- of a feed the run knows the name with its pages, of a list the account
wanted as (
    select distinct list_sweeps.list
    from staging.list_sweeps
    cross join last_run
    where
        case
            when list_sweeps.kind = 'feed'
                then list_contains(
                    list_transform(last_run.feeds, lambda feed: regexp_replace(feed, '@[0-9]+$', '')),
                    list_sweeps.list
                )
            else
                list_contains(last_run.resources, split_part(list_sweeps.list, '/', 1))
                and list_contains(
                    list_transform(last_run.accounts, lambda account: lower(account)),
                    lower(split_part(list_sweeps.list, '/', 2))
                )
        end
),

walked as (
    select
        wanted.list,
        max(list_sweeps.started_at) filter (where list_sweeps.is_complete) as last_complete_at,
        min(list_sweeps.started_at) as first_walk_at
    from wanted
    inner join staging.list_sweeps using (list)
    group by wanted.list
),

final as (
    select
        walked.list,
        walked.last_complete_at
    from walked
    cross join parameters
    where coalesce(walked.last_complete_at, walked.first_walk_at) < parameters.run_at - interval 72 hours
    order by walked.list
)

select * from final;
