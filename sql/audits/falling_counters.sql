-- warn: Counters that only grow have fallen in the last seven days. If Imgur shows the same, its own count was corrected.
with parameters as (
    select run_at
    from staging.parameters
),

images as (
    select
        image_id as item_id,
        views,
        lag(views) over (partition by image_id order by observed_at) as views_before,
        observed_at
    from staging.image_metrics
),

posts as (
    select
        post_id as item_id,
        views,
        comment_count,
        favorite_count,
        ups,
        downs,
        lag(views) over by_time as views_before,
        lag(comment_count) over by_time as comment_count_before,
        lag(favorite_count) over by_time as favorite_count_before,
        lag(ups) over by_time as ups_before,
        lag(downs) over by_time as downs_before,
        observed_at
    from staging.post_metrics
    window by_time as (partition by post_id order by observed_at)
),

-- views are never taken back; votes, comments and favourites are, one by one
falls as (
    select
        item_id,
        'images' as table_name,
        'views' as counter,
        views_before as before,
        views as after,
        0 as noise,
        observed_at
    from images
    where views < views_before
    union all
    select
        item_id,
        'posts',
        'views',
        views_before,
        views,
        0,
        observed_at
    from posts
    where views < views_before
    union all
    select
        item_id,
        'posts',
        unnest(['comment_count', 'favorite_count', 'ups', 'downs']),
        unnest([comment_count_before, favorite_count_before, ups_before, downs_before]),
        unnest([comment_count, favorite_count, ups, downs]),
        10,
        observed_at
    from posts
),

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
        falls.before - falls.after > falls.noise
        and (falls.noise = 0 or falls.before - falls.after > 0.01 * falls.before)
        and falls.observed_at > parameters.run_at - interval 168 hours
    order by falls.table_name, falls.item_id, falls.counter, falls.observed_at
)

select * from final;
