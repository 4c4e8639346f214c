-- One row per image and UTC day, from the day of its first reading (or its upload, where that was seen early) to that of its last.
-- key: image_id, day
with readings as (
    select
        image_id,
        views,
        bandwidth_bytes,
        is_start,
        read_at,
        (read_at at time zone 'UTC')::date as read_day
    from staging.image_readings
),

-- each reading with the next one of its image
pairs as (
    select
        image_id,
        views,
        bandwidth_bytes,
        lead(views) over history as next_views,
        lead(bandwidth_bytes) over history as next_bandwidth_bytes,
        is_start,
        first_value(is_start) over history as has_start,
        read_at,
        read_day,
        lead(read_at) over history as next_at,
        lead(read_day) over history as next_day
    from readings
    window history as (partition by image_id order by read_at)
),

-- pairs with a midnight between them, and the totals at the last one; a reading at midnight is the total
spans as (
    select
        *,
        (views, bandwidth_bytes) is distinct from (next_views, next_bandwidth_bytes) as is_change,
        (epoch(next_day) - epoch(read_at)) / (epoch(next_at) - epoch(read_at)) as closing_share,
        case
            when closing_share = 1 then next_views
            else views + round((next_views - views) * closing_share)::bigint
        end as closing_views,
        case
            when closing_share = 1 then next_bandwidth_bytes
            else bandwidth_bytes + round((next_bandwidth_bytes - bandwidth_bytes) * closing_share)::bigint
        end as closing_bandwidth_bytes
    from pairs
    where next_at is null or next_day > read_day
),

-- a span's first day gains on the totals that the span before it closed with: passing them on here, and
-- not from day to day as post_daily does, takes half of the time and of the memory
linked as (
    select
        *,
        lag(closing_views, 1, case when has_start then 0 end) over history as opening_views,
        lag(closing_bandwidth_bytes, 1, case when has_start then 0 end) over history as opening_bandwidth_bytes
    from spans
    window history as (partition by image_id order by read_at)
),

named as (
    select
        linked.*,
        images.account_name
    from linked
    left join main.images using (image_id)
),

-- the days that end within a span; after the last reading, its own day
days as (
    select
        *,
        unnest(generate_series(read_day, coalesce(next_day - 1, read_day), interval 1 day))::date as day
    from named
),

moments as (
    select
        *,
        (epoch(day) - epoch(read_at)) / (epoch(next_at) - epoch(read_at)) as share_before,
        (epoch(day + 1) - epoch(read_at)) / (epoch(next_at) - epoch(read_at)) as passed_share
    from days
),

totals as (
    select
        image_id,
        account_name,
        day,
        case
            when next_at is null then views
            when passed_share = 1 then next_views
            else views + round((next_views - views) * passed_share)::bigint
        end as views,
        case
            when next_at is null then bandwidth_bytes
            when passed_share = 1 then next_bandwidth_bytes
            else bandwidth_bytes + round((next_bandwidth_bytes - bandwidth_bytes) * passed_share)::bigint
        end as bandwidth_bytes,
        case
            when day = read_day then opening_views
            else views + round((next_views - views) * share_before)::bigint
        end as views_before,
        case
            when day = read_day then opening_bandwidth_bytes
            else bandwidth_bytes + round((next_bandwidth_bytes - bandwidth_bytes) * share_before)::bigint
        end as bandwidth_bytes_before,
        coalesce(is_change and passed_share < 1, false) as is_interpolated,
        -- of the days after a reading only those are known on which nothing moved
        not is_start and (day = read_day or not is_change) as is_observed,
        next_at is null as is_partial
    from moments
),

final as (
    select
        image_id,
        account_name,
        day,
        views,
        bandwidth_bytes,
        views - views_before as views_gained,
        bandwidth_bytes - bandwidth_bytes_before as bandwidth_gained_bytes,
        is_interpolated,
        is_observed,
        is_partial
    from totals
)

select * from final;

comment on table main.image_daily is 'One row per image and UTC day, from the day of its first reading (or its upload, where that was seen early) to that of its last. Between two readings a counter is taken to move evenly.';
comment on column main.image_daily.day is 'The day, from midnight to midnight UTC.';
comment on column main.image_daily.views is 'Views at the day''s end, as a total, rounded; on the last day as last seen.';
comment on column main.image_daily.bandwidth_bytes is 'Bytes served by the day''s end, as a total, rounded; on the last day as last seen; null where not shown.';
comment on column main.image_daily.views_gained is 'Views of this day: the total less that of the day before; null on the first day where what came before is not known.';
comment on column main.image_daily.bandwidth_gained_bytes is 'Bytes served on this day; null on the first day where what came before is not known.';
comment on column main.image_daily.is_interpolated is 'Whether the totals lie between two readings that differ, so that they are an estimate.';
comment on column main.image_daily.is_observed is 'Whether there is a reading on this day, or one before and one after it with the same counters.';
comment on column main.image_daily.is_partial is 'Whether this is the last day: nothing was read after its end, so it may not be whole.';
