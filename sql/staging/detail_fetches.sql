-- One row per album or post whose images or comments have been fetched: what it looked like then.
with final as (
    select
        item_id,
        resource,
        fingerprint,
        items,
        fetched_at
    from imgur_raw.detail_fetches
)

select * from final;

comment on view staging.detail_fetches is 'One row per album or post whose images or comments have been fetched: what it looked like then.';
comment on column staging.detail_fetches.item_id is 'Id of the album or post.';
comment on column staging.detail_fetches.resource is 'What was fetched: album_images, post_images or post_comments.';
comment on column staging.detail_fetches.fingerprint is 'What decides whether it is fetched again: counts, cover, time.';
comment on column staging.detail_fetches.items is 'Images or comments that came; null where Imgur answered that there is nothing, or that nobody may see it.';
comment on column staging.detail_fetches.fetched_at is 'When the reply that this row was read from was received, UTC.';
