-- warn: The field points is not ups less downs. Trust ups and downs more; if it is so in most rows, Imgur counts in another way now.
with things as (
    select
        'images' as table_name,
        image_id::varchar as id,
        ups,
        downs,
        points
    from staging.images
    union all
    select
        'album_images',
        image_id::varchar,
        ups,
        downs,
        points
    from staging.album_images
    union all
    select
        'post_images',
        image_id::varchar,
        ups,
        downs,
        points
    from staging.post_images
    union all
    select
        'posts',
        post_id::varchar,
        ups,
        downs,
        points
    from staging.posts
    union all
    select
        'comments',
        comment_id::varchar,
        ups,
        downs,
        points
    from staging.comments
    union all
    select
        'post_comments',
        comment_id::varchar,
        ups,
        downs,
        points
    from staging.post_comments
),

final as (
    select distinct
        table_name,
        id,
        ups,
        downs,
        points
    from things
    where points <> ups - downs
    order by table_name, id
)

select * from final;
