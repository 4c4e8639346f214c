-- warn: Rows refer to things that are not stored: more than one of a hundred, or one of ten where comments do. Some may be gone from Imgur; if there are many, read their lists again with --full-refresh.
with comments as (
    select comment_id
    from staging.comments
    union
    select comment_id
    from staging.post_comments
),

items as (
    select post_id as item_id
    from staging.posts
    union
    select post_id
    from staging.subreddit_posts
    union
    select image_id
    from staging.images
    union
    select image_id
    from staging.album_images
    union
    select album_id
    from staging.albums
),

-- Accounts write under posts of others, of which nothing is stored. What they have written under a post
-- before its comments were fetched has its post here, and its parent too.
trees as (
    select
        item_id,
        fetched_at
    from staging.detail_fetches
    where
        resource = 'post_comments'
        and items > 0
),

own_comments as (
    select
        comments.comment_id,
        comments.parent_id,
        comments.item_id
    from staging.comments
    inner join trees
        on trees.item_id = comments.item_id
        and trees.fetched_at > comments.commented_at
),

links as (
    select
        reference,
        target,
        is_dangling
    from refs
    union all
    select
        'comments.item_id',
        own_comments.item_id,
        items.item_id is null
    from own_comments
    left join items using (item_id)
    union all
    select
        'comments.parent_id',
        own_comments.parent_id::varchar,
        comments.comment_id is null
    from own_comments
    left join comments
        on comments.comment_id = own_comments.parent_id
    where own_comments.parent_id is not null
),

counted as (
    select
        reference,
        min(target) filter (where is_dangling) as example,
        count(*) filter (where is_dangling) as dangling,
        count(*) as rows
    from links
    group by reference
),

final as (
    select
        reference,
        example,
        dangling,
        rows
    from counted
    where
        case
            when reference in ('comments.item_id', 'comments.parent_id', 'post_comments.item_id')
                then dangling > greatest(5, 0.1 * rows)
            else dangling > 0.01 * rows
        end
    order by reference
)

select * from final;
