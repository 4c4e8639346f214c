-- warn: Things are older than Imgur or than what they answer, younger than this run, or were read before they were made. Look at them on Imgur before you trust their ages; where all of one night are in the future, the clock was wrong.
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
    -- what was read more than once: from when until when
    union all
    select
        'account_metrics',
        account_id::varchar,
        observed_at,
        seen_until_at
    from staging.account_metrics
    union all
    select
        'image_metrics',
        image_id::varchar,
        observed_at,
        seen_until_at
    from staging.image_metrics
    union all
    select
        'album_metrics',
        album_id::varchar,
        observed_at,
        seen_until_at
    from staging.album_metrics
    union all
    select
        'post_metrics',
        post_id::varchar,
        observed_at,
        seen_until_at
    from staging.post_metrics
    union all
    select
        'comment_metrics',
        comment_id::varchar,
        observed_at,
        seen_until_at
    from staging.comment_metrics
    -- and what says when something was looked for
    union all
    select
        'gallery_ranks',
        post_id::varchar,
        null,
        observed_at
    from staging.gallery_ranks
    union all
    select
        'list_items',
        item_id::varchar,
        null,
        fetched_at
    from staging.list_items
    union all
    select
        'list_sweeps',
        list::varchar,
        null,
        started_at
    from staging.list_sweeps
    union all
    select
        'item_looks',
        item_id::varchar,
        null,
        looked_at
    from staging.item_looks
    union all
    select
        'detail_fetches',
        item_id::varchar,
        null,
        fetched_at
    from staging.detail_fetches
),

parameters as (
    select run_at
    from staging.parameters
),

-- clocks of Imgur and of this machine may differ by some minutes, a reply that is replayed by none
impossible as (
    select
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
),

early_answers as (
    select
        'post_comments' as table_name,
        answers.comment_id::varchar as id,
        answers.commented_at as made_at,
        answers.fetched_at
    from staging.post_comments as answers
    inner join staging.post_comments as parents
        on parents.comment_id = answers.parent_id
    where answers.commented_at < parents.commented_at - interval 1 hour
),

final as (
    select
        table_name,
        id,
        made_at,
        fetched_at
    from impossible
    union
    select
        table_name,
        id,
        made_at,
        fetched_at
    from early_answers
    order by table_name, id, fetched_at, made_at
)

select * from final;
