-- warn: Things are older than Imgur, younger than this run, or were read before they were made. Look at them on Imgur before you trust their ages.
with things as (
    select
        'accounts' as table_name,
        account_id::varchar as id,
        created_at as made_at,
        fetched_at
    from staging.accounts
    union all
    select
        'images',
        image_id::varchar,
        uploaded_at,
        fetched_at
    from staging.images
    union all
    select
        'albums',
        album_id::varchar,
        created_at,
        fetched_at
    from staging.albums
    union all
    select
        'album_images',
        image_id::varchar,
        uploaded_at,
        fetched_at
    from staging.album_images
    union all
    select
        'posts',
        post_id::varchar,
        published_at,
        fetched_at
    from staging.posts
    union all
    select
        'subreddit_posts',
        post_id::varchar,
        published_at,
        fetched_at
    from staging.subreddit_posts
    union all
    select
        'post_images',
        image_id::varchar,
        uploaded_at,
        fetched_at
    from staging.post_images
    union all
    select
        'comments',
        comment_id::varchar,
        commented_at,
        fetched_at
    from staging.comments
    union all
    select
        'post_comments',
        comment_id::varchar,
        commented_at,
        fetched_at
    from staging.post_comments
),

parameters as (
    select run_at
    from staging.parameters
),

-- clocks of Imgur and of this machine may differ by some minutes, a reply that is replayed by none
final as (
    select distinct
        things.table_name,
        things.id,
        things.made_at,
        things.fetched_at
    from things
    cross join parameters
    where
        things.made_at < timestamptz '2009-02-01 00:00:00+00'
        or things.made_at > parameters.run_at + interval 24 hours
        or things.fetched_at > parameters.run_at + interval 24 hours
        or things.fetched_at < things.made_at - interval 1 hour
    order by things.table_name, things.id, things.fetched_at
)

select * from final;
