-- One row per value of the counters in images and, for other accounts, album_images: from when until when they stood so.
with final as (
    select
        id as image_id,
        views,
        bandwidth as bandwidth_bytes,
        observed_at,
        fetched_at as seen_until_at
    from imgur_raw.image_metrics
)

select * from final;

comment on view staging.image_metrics is 'One row per value of the counters in images and, for other accounts, album_images: from when until when they stood so.';
comment on column staging.image_metrics.image_id is 'Id of the image; upper and lower case differ.';
comment on column staging.image_metrics.views is 'How often it has been viewed, as a total.';
comment on column staging.image_metrics.bandwidth_bytes is 'Bytes served for it, as a total; about size times views.';
comment on column staging.image_metrics.observed_at is 'When the counters were first seen to stand like this, UTC.';
comment on column staging.image_metrics.seen_until_at is 'When the counters were last seen to stand like this, UTC.';
