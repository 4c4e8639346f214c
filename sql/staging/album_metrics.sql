-- One row per value of the counters in albums: from when until when they stood so.
with final as (
    select
        id as album_id,
        views,
        images_count,
        observed_at,
        fetched_at as seen_until_at
    from imgur_raw.album_metrics
)

select * from final;

comment on view staging.album_metrics is 'One row per value of the counters in albums: from when until when they stood so.';
comment on column staging.album_metrics.album_id is 'Id of the album; upper and lower case differ.';
comment on column staging.album_metrics.views is 'How often it has been viewed, as a total.';
comment on column staging.album_metrics.images_count is 'Number of images in the album, as Imgur says.';
comment on column staging.album_metrics.observed_at is 'When the counters were first seen to stand like this, UTC.';
comment on column staging.album_metrics.seen_until_at is 'When the counters were last seen to stand like this, UTC.';
