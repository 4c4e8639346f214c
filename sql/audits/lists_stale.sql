-- warn: A list or feed that the last run was asked for has had no complete scan for three days. Look at what is pending, and at the credits.
with parameters as (
    select run_at
    from staging.parameters
),

runs as (
    select
        accounts::varchar[] as accounts,
        feeds::varchar[] as feeds,
        resources::varchar[] as resources,
        owed::varchar[] as owed,
        row_number() over (order by started_at desc, run_id desc) as runs_ago,
        started_at
    from staging.sync_runs
),

account_lists as (
    select
        runs.runs_ago,
        runs.started_at,
        runs.resources,
        streams.resource,
        unnest(runs.accounts) as account
    from runs
    cross join streams
    where streams.shape = 'list'
),

feeds as (
    select
        named.runs_ago,
        named.started_at,
        named.resources,
        named.feed,
        coalesce(prefixed.resource, sections.resource) as resource
    from (select runs_ago, started_at, resources, unnest(feeds) as feed from runs) as named
    left join streams as prefixed
        on prefixed.shape = 'feed'
        and prefixed.feed_prefix != ''
        and prefixed.feed_prefix = split_part(named.feed, '/', 1)
    left join streams as sections
        on sections.shape = 'feed'
        and sections.feed_prefix = ''
),

-- names of accounts are the same in upper and lower case
asked as (
    select
        concat(resource, '/', account) as list,
        concat(resource, '/', lower(account)) as list_key,
        runs_ago,
        started_at
    from account_lists
    where list_contains(resources, resource)
    union all
    select
        feed,
        feed,
        runs_ago,
        started_at
    from feeds
    where list_contains(resources, resource)
),

wanted as (
    select
        list_key,
        arg_min(list, runs_ago) as list,
        min(started_at) as first_asked_at
    from asked
    group by list_key
    having min(runs_ago) = 1
),

-- many names are told by their kind and number
owed as (
    select distinct wanted.list_key
    from wanted
    inner join (
        select unnest(owed) as line
        from runs
        where runs_ago = 1
    ) as lines
        on lines.line = wanted.list
        or starts_with(lines.line, concat(wanted.list, ' ('))
        or starts_with(lines.line, concat(split_part(wanted.list, '/', 1), ' of '))
),

scans as (
    select
        case when kind = 'feed' then list else lower(list) end as list_key,
        max(started_at) filter (where is_complete) as last_complete_at,
        min(started_at) as first_walk_at,
        arg_max(pages is not distinct from 0, started_at) as came_to_nothing
    from staging.list_sweeps
    group by list_key
),

-- what is neither read nor pending is not there: favourites that are private, an account that is gone
final as (
    select
        wanted.list,
        scans.last_complete_at
    from wanted
    cross join parameters
    left join scans using (list_key)
    left join owed using (list_key)
    where
        coalesce(scans.last_complete_at, least(scans.first_walk_at, wanted.first_asked_at))
        < parameters.run_at - interval 72 hours
        and (owed.list_key is not null or not coalesce(scans.came_to_nothing, true))
    order by wanted.list
)

select * from final;
