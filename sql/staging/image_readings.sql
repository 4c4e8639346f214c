-- One row per image and time at which its counters are known: the readings, and its upload where that was seen early.
with histories as (
    select
        image_id,
        views,
        bandwidth_bytes,
        observed_at,
        seen_until_at
    from staging.image_metrics
    where observed_at is not null
),

all_images as (
    select
        image_id,
        uploaded_at
    from staging.images
    union all
    select
        image_id,
        uploaded_at
    from staging.album_images
),

images as (
    select
        image_id,
        min(uploaded_at) as uploaded_at
    from all_images
    group by image_id
),

first_readings as (
    select
        image_id,
        min(observed_at) as observed_at
    from histories
    group by image_id
),

-- counters begin at 0; between the upload and a reading much later they may have moved in any way;
-- in hours, because 7 days are an hour more or less where the reader's clocks are changed
starts as (
    select
        first_readings.image_id,
        0 as views,
        0 as bandwidth_bytes,
        true as is_start,
        images.uploaded_at as read_at
    from first_readings
    inner join images using (image_id)
    where
        images.uploaded_at < first_readings.observed_at
        and first_readings.observed_at <= images.uploaded_at + interval 168 hours
),

final as (
    select
        image_id,
        views,
        bandwidth_bytes,
        is_start,
        read_at
    from starts
    union all
    select
        image_id,
        views,
        bandwidth_bytes,
        false as is_start,
        observed_at as read_at
    from histories
    union all
    select
        image_id,
        views,
        bandwidth_bytes,
        false as is_start,
        seen_until_at as read_at
    from histories
    where seen_until_at > observed_at
)

select * from final;

comment on view staging.image_readings is 'One row per image and time at which its counters are known: the readings, and its upload where that was seen early. A value that stood for some time has a row for its first and one for its last sighting.';
comment on column staging.image_readings.image_id is 'Id of the image; upper and lower case differ.';
comment on column staging.image_readings.bandwidth_bytes is 'Bytes served for it, as a total; null where Imgur did not show it.';
comment on column staging.image_readings.is_start is 'Whether this is its upload, when all counters stood at 0, and no reading; only where the first reading came at most 7 days later.';
comment on column staging.image_readings.read_at is 'When the counters stood so, UTC.';
