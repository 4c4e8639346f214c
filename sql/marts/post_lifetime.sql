-- One row per post and age at which its counters are known: from 1 hour to 90 days after publication.
-- key: post_id, age_bucket
with ages as (
    select
        age_bucket,
        age_hours
    from (
        values
            ('1h', 1),
            ('3h', 3),
            ('6h', 6),
            ('12h', 12),
            ('1d', 24),
            ('2d', 48),
            ('3d', 72),
            ('7d', 168),
            ('14d', 336),
            ('30d', 720),
            ('60d', 1440),
            ('90d', 2160)
    ) as ages (age_bucket, age_hours)
),

readings as (
    select
        readings.post_id,
        posts.account_name,
        readings.views,
        readings.points,
        readings.comment_count,
        (epoch(readings.read_at) - epoch(posts.published_at)) / 3600 as read_hours
    from staging.post_readings as readings
    inner join main.posts using (post_id)
),

-- each reading with the next one of its post
pairs as (
    select
        post_id,
        account_name,
        views,
        points,
        comment_count,
        lead(views) over history as next_views,
        lead(points) over history as next_points,
        lead(comment_count) over history as next_comment_count,
        max(views) over (partition by post_id) as highest_views,
        read_hours,
        lead(read_hours) over history as next_hours
    from readings
    window history as (partition by post_id order by read_hours)
),

moments as (
    select
        pairs.*,
        ages.age_bucket,
        ages.age_hours,
        coalesce((ages.age_hours - pairs.read_hours) / (pairs.next_hours - pairs.read_hours), 0) as passed_share,
        (pairs.views, pairs.points, pairs.comment_count)
        is distinct from (pairs.next_views, pairs.next_points, pairs.next_comment_count) as is_change
    from pairs
    inner join ages
        on ages.age_hours >= pairs.read_hours
        and (ages.age_hours < pairs.next_hours or (pairs.next_hours is null and ages.age_hours = pairs.read_hours))
),

-- what lies deep in a long gap is a guess, unless nothing moved in it; most of all in the first hours, when views
-- come fastest: of a post that was first read after a day nobody knows what it had after one hour
known as (
    select *
    from moments
    where
        passed_share = 0
        or not is_change
        or next_hours - read_hours <= least(1.5 * age_hours, greatest(36, age_hours))
),

totals as (
    select
        post_id,
        account_name,
        age_bucket,
        age_hours,
        case
            when passed_share = 0 then views
            else views + round((next_views - views) * passed_share)::bigint
        end as views,
        case
            when passed_share = 0 then points
            else points + round((next_points - points) * passed_share)::bigint
        end as points,
        case
            when passed_share = 0 then comment_count
            else comment_count + round((next_comment_count - comment_count) * passed_share)::bigint
        end as comment_count,
        highest_views,
        passed_share > 0 and is_change as is_interpolated
    from known
),

final as (
    select
        post_id,
        account_name,
        age_bucket,
        age_hours,
        views,
        points,
        comment_count,
        views / nullif(highest_views, 0) as views_share,
        is_interpolated
    from totals
)

select * from final;

comment on table main.post_lifetime is 'One row per post and age at which its counters are known: from 1 hour to 90 days after publication. An age has a row where it lies between the first and the last reading, and the readings around it show the same views, points and number of comments, or are close enough: up to a day at most one and a half times the age apart, then 36 hours, from there on the age itself.';
comment on column main.post_lifetime.age_bucket is 'The age as a label: 1h, 3h, 6h, 12h, 1d, 2d, 3d, 7d, 14d, 30d, 60d or 90d.';
comment on column main.post_lifetime.age_hours is 'The age in hours since publication; orders the labels.';
comment on column main.post_lifetime.views is 'Views at this age, as a total, rounded.';
comment on column main.post_lifetime.points is 'Up-votes less down-votes at this age, rounded; null where Imgur does not show votes.';
comment on column main.post_lifetime.comment_count is 'Number of comments at this age, as a total, rounded.';
comment on column main.post_lifetime.views_share is 'These views as a share of the highest total ever read, 0 to 1; null where that is 0.';
comment on column main.post_lifetime.is_interpolated is 'Whether the counters lie between two readings that differ, so that they are an estimate.';
