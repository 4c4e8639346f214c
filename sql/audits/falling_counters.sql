-- warn: Counters that only grow have fallen in the last seven days. If Imgur shows the same, its own count was corrected.
with parameters as (
    select run_at
    from staging.parameters
),

images as (
    select
        image_id as item_id,
        views,
        lag(views ignore nulls) over (partition by image_id order by observed_at) as views_before,
        observed_at
    from staging.image_metrics
),

albums as (
    select
        album_id as item_id,
        views,
        lag(views ignore nulls) over (partition by album_id order by observed_at) as views_before,
        observed_at
    from staging.album_metrics
),

comments as (
    select
        comment_id::varchar as item_id,
        ups,
        downs,
        lag(ups ignore nulls) over by_time as ups_before,
        lag(downs ignore nulls) over by_time as downs_before,
        observed_at
    from staging.comment_metrics
    window by_time as (partition by comment_id order by observed_at)
),

posts as (
    select
        post_id as item_id,
        views,
        comment_count,
        favorite_count,
        ups,
        downs,
        lag(views ignore nulls) over by_time as views_before,
        lag(comment_count ignore nulls) over by_time as comment_count_before,
        lag(favorite_count ignore nulls) over by_time as favorite_count_before,
        lag(ups ignore nulls) over by_time as ups_before,
        lag(downs ignore nulls) over by_time as downs_before,
        observed_at
    from staging.post_metrics
    window by_time as (partition by post_id order by observed_at)
),

falls as (
    select
        'images' as table_name,
        item_id,
        'views' as counter,
        views_before as before,
        views as after,
        observed_at
    from images
    union all
    select
        'albums',
        item_id,
        'views',
        views_before,
        views,
        observed_at
    from albums
    union all
    select
        'comments',
        item_id,
        unnest(['ups', 'downs']),
        unnest([ups_before, downs_before]),
        unnest([ups, downs]),
        observed_at
    from comments
    union all
    select
        'posts',
        item_id,
        unnest(['views', 'comment_count', 'favorite_count', 'ups', 'downs']),
        unnest([views_before, comment_count_before, favorite_count_before, ups_before, downs_before]),
        unnest([views, comment_count, favorite_count, ups, downs]),
        observed_at
    from posts
),

-- votes, comments and favourites are taken back one by one, and two lists may show one thing from caches of
-- different age
final as (
    select
        falls.table_name,
        falls.item_id,
        falls.counter,
        falls.before,
        falls.after,
        falls.observed_at
    from falls
    cross join parameters
    where
        falls.before - falls.after > greatest(10, 0.01 * falls.before)
        and falls.observed_at > parameters.run_at - interval 168 hours
    order by falls.table_name, falls.item_id, falls.counter, falls.observed_at
)

select * from final;
