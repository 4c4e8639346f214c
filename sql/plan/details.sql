-- One row per list, kind of detail of its albums or posts, and day of the last fetch: how many there are, and are due.
-- What makes a detail due says imgur_source/details.py; what costs no request, an empty album, is left out.
with states as (
    select
        list,
        split_part(list, '/', 1) as resource,
        item_id
    from staging.list_item_states
    where not is_missing
),

albums as (
    select
        states.list,
        album_id as item_id,
        concat(
            coalesce(images_count::varchar, 'None'),
            ' ',
            coalesce(cover_id, 'None'),
            ' ',
            coalesce(epoch(created_at)::bigint::varchar, 'None')
        ) as fingerprint
    from staging.albums
    inner join states
        on states.resource = 'account_albums'
        and states.item_id = albums.album_id
    where
        images_count is distinct from 0
),

posts as (
    select
        states.list,
        post_id as item_id,
        images_count,
        comment_count,
        is_album
    from staging.posts
    inner join states
        on states.resource = 'account_submissions'
        and states.item_id = posts.post_id
),

fetches as (
    select
        resource,
        item_id,
        fingerprint,
        items,
        fetched_at
    from staging.detail_fetches
),

album_images as (
    select
        albums.list,
        'album_images' as resource,
        fetches.fetched_at,
        fetches.item_id is null or fetches.fingerprint is distinct from albums.fingerprint as is_due,
        true as is_due_by_age
    from albums
    left join fetches
        on fetches.resource = 'album_images'
        and fetches.item_id = albums.item_id
),

-- one request serves an album that is also a post
post_images as (
    select
        posts.list,
        'post_images' as resource,
        fetches.fetched_at,
        fetches.item_id is null
        or (
            posts.images_count is not null
            and posts.images_count is distinct from fetches.items
            and fetches.fingerprint is distinct from posts.images_count::varchar
        ) as is_due,
        posts.images_count is not null
        and posts.images_count is distinct from fetches.items as is_due_by_age
    from posts
    left join fetches
        on fetches.resource = 'post_images'
        and fetches.item_id = posts.item_id
    where
        posts.is_album
        and posts.images_count is distinct from 0
        and posts.item_id not in (select item_id from albums)
),

post_comments as (
    select
        posts.list,
        'post_comments' as resource,
        fetches.fetched_at,
        case
            when fetches.item_id is null then posts.comment_count is distinct from 0
            else
                posts.comment_count is not null
                and fetches.fingerprint is distinct from posts.comment_count::varchar
        end as is_due,
        false as is_due_by_age
    from posts
    left join fetches
        on fetches.resource = 'post_comments'
        and fetches.item_id = posts.item_id
),

details as (
    select * from album_images
    union all
    select * from post_images
    union all
    select * from post_comments
),

final as (
    select
        list,
        resource,
        epoch(date_trunc('day', fetched_at at time zone 'UTC'))::bigint as fetched_day,
        count(*) as there,
        count(*) filter (where is_due) as due,
        count(*) filter (where is_due or is_due_by_age) as due_with_age
    from details
    group by list, resource, fetched_day
    order by list, resource, fetched_day
)

select * from final;
