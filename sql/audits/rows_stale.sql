-- warn: Of things that are still read, one of twenty was last seen more than 60 days ago, twice the default of greatest_age_days, or has had new comments for as long. Give the runs more credits, or raise sweep_share.
with parameters as (
    select run_at
    from staging.parameters
),

-- what is not asked for any more grows old by itself: an account that is left, a run of single resources
lists as (
    select list_coverage.list
    from staging.list_coverage
    cross join parameters
    where list_coverage.last_walk_at > parameters.run_at - interval 168 hours
),

recent_resources as (
    select distinct unnest(resources::varchar[]) as resource
    from staging.sync_runs
    cross join parameters
    where started_at > parameters.run_at - interval 168 hours
),

listed as (
    select distinct
        split_part(list, '/', 1) as resource,
        item_id
    from staging.list_item_states
    semi join lists using (list)
    where not is_missing
),

read_accounts as (
    select distinct list_owners.account_id
    from lists
    inner join staging.list_owners
        on list_owners.owner = lower(split_part(lists.list, '/', 2))
    where 'account' in (select resource from recent_resources)
),

-- a tree is read again when its count has moved: until then it is as fresh as can be
trees as (
    select
        posts.post_id,
        fetches.fetched_at,
        fetches.fingerprint,
        case
            when fetches.item_id is null then posts.comment_count > 0
            else fetches.fingerprint is distinct from posts.comment_count::varchar
        end as is_due
    from staging.posts
    inner join listed
        on listed.resource = 'account_submissions'
        and listed.item_id = posts.post_id
    left join staging.detail_fetches as fetches
        on fetches.resource = 'post_comments'
        and fetches.item_id = posts.post_id
    where
        posts.comment_count is not null
        and 'post_comments' in (select resource from recent_resources)
),

-- since when: the last time that its count was seen to be the one of the fetch
due_trees as (
    select
        trees.post_id,
        any_value(trees.is_due) as is_due,
        coalesce(
            greatest(
                any_value(trees.fetched_at),
                max(readings.seen_until_at) filter (where readings.comment_count::varchar = trees.fingerprint)
            ),
            min(readings.observed_at) filter (where readings.comment_count > 0)
        ) as due_since
    from trees
    left join staging.post_metrics as readings using (post_id)
    group by trees.post_id
),

things as (
    select
        'accounts' as table_name,
        data_age_hours
    from staging.accounts
    semi join read_accounts using (account_id)
    union all
    select
        'albums',
        albums.data_age_hours
    from staging.albums
    inner join listed
        on listed.resource = 'account_albums'
        and listed.item_id = albums.album_id
    union all
    select
        'comments',
        comments.data_age_hours
    from staging.comments
    inner join listed
        on listed.resource = 'account_comments'
        and listed.item_id = comments.comment_id::varchar
    where not coalesce(comments.is_stub, false)
    union all
    select
        'images',
        images.data_age_hours
    from staging.images
    inner join listed
        on listed.resource = 'account_images'
        and listed.item_id = images.image_id
    union all
    select
        'post_comments',
        case when due_trees.is_due then (epoch(parameters.run_at) - epoch(due_trees.due_since)) / 3600 else 0 end
    from due_trees
    cross join parameters
    where due_trees.due_since is not null or not due_trees.is_due
    union all
    select
        'posts',
        posts.data_age_hours
    from staging.posts
    inner join listed
        on listed.resource = 'account_submissions'
        and listed.item_id = posts.post_id
),

ages as (
    select
        table_name,
        count(*) as rows,
        quantile_cont(data_age_hours, 0.95) as p95_age_hours
    from things
    group by table_name
),

final as (
    select
        table_name,
        rows,
        round(p95_age_hours / 24)::bigint as p95_age_days
    from ages
    where p95_age_hours > 60 * 24
    order by table_name
)

select * from final;
