-- One row per album and image of it that is stored: how its views compare with the first image's.
-- key: album_id, image_id
with posts as (
    select
        post_id as album_id,
        title,
        account_name,
        images_count
    from main.posts
),

-- an album of a followed account may be a post as well: it is read once, as an album
album_places as (
    select
        album_id,
        image_id,
        position
    from staging.album_images
),

post_places as (
    select
        post_id as album_id,
        image_id,
        position
    from staging.post_images
    where post_id not in (select album_id from album_places)
),

places as (
    select * from album_places
    union all
    select * from post_places
),

-- the views of all images are those of one table, so that they are about as old
viewed as (
    select
        places.album_id,
        places.image_id,
        row_number() over (partition by places.album_id order by places.position, places.image_id) as position,
        count(*) over (partition by places.album_id) as images,
        images.views
    from places
    inner join main.images using (image_id)
),

compared as (
    select
        album_id,
        image_id,
        position,
        images,
        views,
        first_value(views) over (partition by album_id order by position) as first_views,
        sum(views) over (partition by album_id) as album_views
    from viewed
),

final as (
    select
        compared.album_id,
        compared.image_id,
        coalesce(albums.account_name, posts.account_name) as account_name,
        coalesce(albums.title, posts.title) as album_title,
        compared.position,
        compared.images,
        coalesce(albums.images_count, posts.images_count) as images_count,
        compared.views,
        compared.views / nullif(compared.first_views, 0) as views_per_first,
        (compared.views / nullif(compared.album_views, 0))::double as album_views_share,
        posts.album_id is not null as is_post
    from compared
    left join main.albums using (album_id)
    left join posts using (album_id)
)

select * from final;

comment on table main.album_performance is 'One row per album and image of it that is stored: how its views compare with the first image''s. Albums of followed accounts, and gallery albums; what is stored is what the album showed when its images were last read, and may be fewer than it has now.';
comment on column main.album_performance.album_id is 'Id of the album or gallery album.';
comment on column main.album_performance.image_id is 'Id of the image.';
comment on column main.album_performance.account_name is 'User name of the album''s owner; null where it is not shown.';
comment on column main.album_performance.album_title is 'Title of the album.';
comment on column main.album_performance.position is 'Place among the images stored; 1 is the first.';
comment on column main.album_performance.images is 'Number of its images that are stored.';
comment on column main.album_performance.images_count is 'Number of images in the album, as Imgur said last; where it differs from images, the images stored are those of an earlier time; null where it is not known.';
comment on column main.album_performance.views is 'Views of the image, as a total, as last seen.';
comment on column main.album_performance.views_per_first is 'Its views divided by those of the first image: 1 at the first, in a gallery album below 1 where viewers stop (an image''s views come from everywhere, so outside of the gallery one that was shared by itself has more); null where the first has none.';
comment on column main.album_performance.album_views_share is 'Its part of the views of all images of the album that are stored, 0 to 1; null where they have none.';
comment on column main.album_performance.is_post is 'Whether the album stood in the gallery when it was last seen there; posts.is_missing tells whether that is over.';
