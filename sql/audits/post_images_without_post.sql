-- error: Images are stored of a post that is not, though all lists of posts were read. Run again; if it stays, please report it.
with posts as (
    select post_id
    from staging.posts
    union all
    select post_id
    from staging.subreddit_posts
),

orphans as (
    select
        post_images.post_id,
        max(post_images.fetched_at) as fetched_at
    from staging.post_images
    anti join posts
        on posts.post_id = post_images.post_id
    group by post_images.post_id
),

runs as (
    select
        list_has_all(
            resources::varchar[],
            (
                select list(resource)
                from streams
                where table_name in ('posts', 'subreddit_posts')
            )
        ) as has_read_posts,
        started_at,
        ended_at
    from staging.sync_runs
),

-- A run with --only post_images may take the posts from their lists without keeping them, and what
-- a killed run has paid for was fetched within no run.
final as (
    select
        orphans.post_id,
        orphans.fetched_at
    from orphans
    where
        exists (
            select 1
            from runs
            where
                orphans.fetched_at between runs.started_at and runs.ended_at
                and runs.has_read_posts
        )
        or not exists (
            select 1
            from runs
            where runs.ended_at >= orphans.fetched_at
        )
    order by orphans.post_id
)

select * from final;
