-- One row per place in a feed each time it was read: who stood where.
with final as (
    select
        post_id,
        feed,
        position,
        observed_at,
        fetched_at
    from imgur_raw.gallery_ranks
)

select * from final;

comment on view staging.gallery_ranks is 'One row per place in a feed each time it was read: who stood where.';
comment on column staging.gallery_ranks.post_id is 'Id of the post that stood there.';
comment on column staging.gallery_ranks.feed is 'The feed as configured, such as hot/viral, t/cats, r/aww or search/dog.';
comment on column staging.gallery_ranks.position is 'Place in the feed, 0 is the top.';
comment on column staging.gallery_ranks.observed_at is 'When the reading of the feed began, the same for all its pages, UTC.';
comment on column staging.gallery_ranks.fetched_at is 'When the reply that this row was read from was received, UTC.';
