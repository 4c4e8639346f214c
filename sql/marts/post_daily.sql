-- One row per post and UTC day, from the day of its first reading (or its publication, where that was seen early) to that of its last.
-- key: post_id, day
with readings as (
    select
        post_id,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        is_start,
        read_at,
        (read_at at time zone 'UTC')::date as read_day
    from staging.post_readings
),

-- each reading with the next one of its post
pairs as (
    select
        post_id,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        lead(views) over history as next_views,
        lead(ups) over history as next_ups,
        lead(downs) over history as next_downs,
        lead(points) over history as next_points,
        lead(comment_count) over history as next_comment_count,
        lead(favorite_count) over history as next_favorite_count,
        is_start,
        first_value(is_start) over history as has_start,
        read_at,
        read_day,
        lead(read_at) over history as next_at,
        lead(read_day) over history as next_day
    from readings
    window history as (partition by post_id order by read_at)
),

-- the days that end between the two; after the last reading, its own day
days as (
    select
        *,
        unnest(generate_series(read_day, coalesce(next_day - 1, read_day), interval 1 day))::date as day
    from pairs
),

moments as (
    select
        *,
        (epoch(day + 1) - epoch(read_at)) / (epoch(next_at) - epoch(read_at)) as passed_share,
        (views, ups, downs, points, comment_count, favorite_count)
        is distinct from (next_views, next_ups, next_downs, next_points, next_comment_count, next_favorite_count)
            as is_change
    from days
),

-- a reading at midnight is the total, whatever the one before it shows
totals as (
    select
        post_id,
        day,
        case
            when next_at is null then views
            when passed_share = 1 then next_views
            else views + round((next_views - views) * passed_share)::bigint
        end as views,
        case
            when next_at is null then ups
            when passed_share = 1 then next_ups
            else ups + round((next_ups - ups) * passed_share)::bigint
        end as ups,
        case
            when next_at is null then downs
            when passed_share = 1 then next_downs
            else downs + round((next_downs - downs) * passed_share)::bigint
        end as downs,
        case
            when next_at is null then points
            when passed_share = 1 then next_points
            else points + round((next_points - points) * passed_share)::bigint
        end as points,
        case
            when next_at is null then comment_count
            when passed_share = 1 then next_comment_count
            else comment_count + round((next_comment_count - comment_count) * passed_share)::bigint
        end as comment_count,
        case
            when next_at is null then favorite_count
            when passed_share = 1 then next_favorite_count
            else favorite_count + round((next_favorite_count - favorite_count) * passed_share)::bigint
        end as favorite_count,
        has_start,
        coalesce(is_change and passed_share < 1, false) as is_interpolated,
        -- of the days after a reading only those are known on which nothing moved
        not is_start and (day = read_day or not is_change) as is_observed,
        next_at is null as is_partial
    from moments
),

gains as (
    select
        *,
        views - lag(views, 1, case when has_start then 0 end) over history as views_gained,
        points - lag(points, 1, case when has_start then 0 end) over history as points_gained,
        comment_count - lag(comment_count, 1, case when has_start then 0 end) over history as comments_gained,
        favorite_count - lag(favorite_count, 1, case when has_start then 0 end) over history as favorites_gained
    from totals
    window history as (partition by post_id order by day)
),

final as (
    select
        gains.post_id,
        posts.account_name,
        gains.day,
        gains.views,
        gains.ups,
        gains.downs,
        gains.points,
        gains.comment_count,
        gains.favorite_count,
        gains.views_gained,
        gains.points_gained,
        gains.comments_gained,
        gains.favorites_gained,
        gains.is_interpolated,
        gains.is_observed,
        gains.is_partial
    from gains
    left join main.posts using (post_id)
)

select * from final;

comment on table main.post_daily is 'One row per post and UTC day, from the day of its first reading (or its publication, where that was seen early) to that of its last. Between two readings a counter is taken to move evenly.';
comment on column main.post_daily.day is 'The day, from midnight to midnight UTC.';
comment on column main.post_daily.views is 'Views at the day''s end, as a total, rounded; on the last day as last seen.';
comment on column main.post_daily.ups is 'Up-votes at the day''s end, as a total, rounded; null where Imgur does not show votes.';
comment on column main.post_daily.downs is 'Down-votes at the day''s end, as a total, rounded; null where Imgur does not show votes.';
comment on column main.post_daily.points is 'Up-votes less down-votes at the day''s end, rounded by itself; null where Imgur does not show votes.';
comment on column main.post_daily.comment_count is 'Number of comments at the day''s end, as a total, rounded.';
comment on column main.post_daily.favorite_count is 'How many accounts had it among their favourites at the day''s end, as a total, rounded.';
comment on column main.post_daily.views_gained is 'Views of this day: the total less that of the day before; null on the first day where what came before is not known.';
comment on column main.post_daily.points_gained is 'Points of this day, negative where they fell; null where one of the two totals is not known.';
comment on column main.post_daily.comments_gained is 'Comments of this day, negative where some were deleted; null where one of the two totals is not known.';
comment on column main.post_daily.favorites_gained is 'Favourites of this day, negative where some were taken back; null where one of the two totals is not known.';
comment on column main.post_daily.is_interpolated is 'Whether the totals lie between two readings that differ, so that they are an estimate.';
comment on column main.post_daily.is_observed is 'Whether there is a reading on this day, or one before and one after it with the same counters.';
comment on column main.post_daily.is_partial is 'Whether this is the last day: nothing was read after its end, so it may not be whole.';
