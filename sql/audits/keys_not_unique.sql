-- error: Rows of a mart have the same key, or none, so its numbers would count twice. Please report it, with these rows.
with keys as (
    select
        'accounts' as table_name,
        account_id::varchar as key,
        count(*) as copies
    from main.accounts
    group by all
    union all
    select
        'album_performance',
        album_id::varchar || ' ' || image_id::varchar,
        count(*)
    from main.album_performance
    group by all
    union all
    select
        'albums',
        album_id::varchar,
        count(*)
    from main.albums
    group by all
    union all
    select
        'comments',
        comment_id::varchar,
        count(*)
    from main.comments
    group by all
    union all
    select
        'gallery_trajectory',
        feed::varchar || ' ' || post_id::varchar,
        count(*)
    from main.gallery_trajectory
    group by all
    union all
    select
        'images',
        image_id::varchar,
        count(*)
    from main.images
    group by all
    union all
    select
        'post_daily',
        post_id::varchar || ' ' || day::varchar,
        count(*)
    from main.post_daily
    group by all
    union all
    select
        'posts',
        post_id::varchar,
        count(*)
    from main.posts
    group by all
    union all
    select
        'social_rollup',
        post_id::varchar,
        count(*)
    from main.social_rollup
    group by all
    union all
    select
        'survival',
        kind::varchar || ' ' || item_id::varchar,
        count(*)
    from main.survival
    group by all
),

-- image_daily is left out: it is the longest by far, and its days come from one row of a reading each
final as (
    select
        table_name,
        key,
        copies
    from keys
    where
        copies > 1
        or key is null
    order by table_name, key
)

select * from final;
