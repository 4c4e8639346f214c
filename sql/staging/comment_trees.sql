-- One row per post whose comments have been read: when its whole tree was read last.
with fetches as (
    select
        item_id as post_id,
        fetched_at as read_at
    from imgur_raw.detail_fetches
    where resource = 'post_comments' and items is not null
),

-- of a tree that Imgur refused the next time, its comments still tell when it was read
comments as (
    select
        post_id,
        fetched_at as read_at
    from imgur_raw.post_comments
),

readings as (
    select *
    from fetches
    union all
    select *
    from comments
),

final as (
    select
        post_id,
        max(read_at) as read_at
    from readings
    group by post_id
)

select * from final;

comment on view staging.comment_trees is 'One row per post whose comments have been read: when its whole tree was read last. A lookup that Imgur answered with an error is none.';
comment on column staging.comment_trees.read_at is 'When the last reply with its tree was received, UTC.';
