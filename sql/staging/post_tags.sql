-- One row per tag of a post; a post's rows are replaced together.
with final as (
    select
        post_id,
        tag,
        position,
        fetched_at
    from imgur_raw.post_tags
)

select * from final;

comment on view staging.post_tags is 'One row per tag of a post; a post''s rows are replaced together.';
comment on column staging.post_tags.post_id is 'Id of the post.';
comment on column staging.post_tags.tag is 'Name of the tag; the key of tags.';
comment on column staging.post_tags.position is 'Place among the post''s tags, 0 is the first.';
comment on column staging.post_tags.fetched_at is 'When the reply that this row was read from was received, UTC.';
