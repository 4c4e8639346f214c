-- One row per post and time at which its counters are known: the readings, and its publication where that was seen early.
with histories as (
    select
        post_id,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        observed_at,
        seen_until_at
    from staging.post_metrics
    where observed_at is not null
),

first_readings as (
    select
        post_id,
        min(observed_at) as observed_at
    from histories
    group by post_id
),

-- counters begin at 0; between publication and a reading much later they may have moved in any way;
-- in hours, because 7 days are an hour more or less where the reader's clocks are changed
starts as (
    select
        first_readings.post_id,
        0 as views,
        0 as ups,
        0 as downs,
        0 as points,
        0 as comment_count,
        0 as favorite_count,
        true as is_start,
        posts.published_at as read_at
    from first_readings
    inner join staging.posts using (post_id)
    where
        posts.published_at < first_readings.observed_at
        and first_readings.observed_at <= posts.published_at + interval 168 hours
),

final as (
    select
        post_id,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        is_start,
        read_at
    from starts
    union all
    select
        post_id,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        false as is_start,
        observed_at as read_at
    from histories
    union all
    select
        post_id,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        false as is_start,
        seen_until_at as read_at
    from histories
    where seen_until_at > observed_at
)

select * from final;

comment on view staging.post_readings is 'One row per post and time at which its counters are known: the readings, and its publication where that was seen early. A value that stood for some time has a row for its first and one for its last sighting.';
comment on column staging.post_readings.is_start is 'Whether this is its publication, when all counters stood at 0, and no reading; only where the first reading came at most 7 days later.';
comment on column staging.post_readings.read_at is 'When the counters stood so, UTC.';
