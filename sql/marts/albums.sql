-- One row per album of a followed account, as last seen.
-- key: album_id
with albums as (
    select
        album_id,
        account_id,
        account_name,
        cover_id,
        title,
        description,
        link,
        privacy,
        views,
        images_count,
        is_nsfw,
        is_in_gallery,
        is_missing,
        created_at,
        missing_since,
        deleted_at,
        fetched_at
    from staging.albums
),

-- the number stays when an account is renamed; where Imgur hides it, the name tells
owners as (
    select
        albums.album_id,
        coalesce(albums.account_id, followed_names.account_id) as account_id,
        coalesce(accounts.account_name, albums.account_name) as account_name
    from albums
    left join staging.followed_names on followed_names.name_key = lower(albums.account_name)
    left join staging.accounts on accounts.account_id = coalesce(albums.account_id, followed_names.account_id)
),

held_images as (
    select
        album_images.album_id,
        count(*) as images_held,
        sum(images.views)::bigint as image_views
    from staging.album_images
    left join main.images using (image_id)
    group by album_images.album_id
),

final as (
    select
        albums.album_id,
        owners.account_id,
        albums.cover_id,
        owners.account_name,
        albums.title,
        albums.description,
        albums.link,
        albums.privacy,
        albums.views,
        albums.images_count,
        coalesce(held_images.images_held, 0) as images_held,
        held_images.image_views,
        (epoch(parameters.run_at) - epoch(albums.fetched_at)) / 3600 as data_age_hours,
        albums.is_nsfw,
        albums.is_in_gallery,
        albums.is_missing,
        albums.created_at,
        albums.missing_since,
        albums.deleted_at,
        albums.fetched_at
    from albums
    cross join staging.parameters
    inner join owners using (album_id)
    left join held_images using (album_id)
)

select * from final;

comment on column main.albums.account_id is 'Number of the owner''s account; null where it is not shown and the name is not that of a followed account.';
comment on column main.albums.account_name is 'User name of the owner, of a followed account its present one.';
comment on column main.albums.views is 'How often the album has been viewed, as a total; its images have views of their own.';
comment on column main.albums.images_held is 'Number of its images that are stored; 0 where they were not fetched yet.';
comment on column main.albums.image_views is 'Views of those images together, as last seen; null where none is stored.';
comment on column main.albums.is_missing is 'Whether the account''s albums do not show it any more.';
