-- One row per album of a followed account, as last seen.
with albums as (
    select
        id as album_id,
        nullif(account_id, 0) as account_id,
        cover as cover_id,
        title,
        description,
        account_url as account_name,
        link,
        privacy,
        layout,
        vote,
        nullif(section, '') as section,
        ad_config,
        extra,
        views,
        "order" as position,
        cover_edited as cover_edit_mark,
        cover_width as cover_width_px,
        cover_height as cover_height_px,
        images_count,
        include_album_ads as has_album_ads,
        is_album,
        favorite as is_favorite,
        nsfw as is_nsfw,
        in_gallery as is_in_gallery,
        in_most_viral as is_in_most_viral,
        is_ad,
        datetime as created_at,
        fetched_at
    from imgur_raw.albums
),

states as (
    select
        item_id as album_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_albums'
),

parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        albums.album_id,
        albums.account_id,
        albums.cover_id,
        albums.title,
        albums.description,
        albums.account_name,
        albums.link,
        albums.privacy,
        albums.layout,
        albums.vote,
        albums.section,
        albums.ad_config,
        albums.extra,
        albums.views,
        albums.position,
        albums.cover_edit_mark,
        albums.cover_width_px,
        albums.cover_height_px,
        albums.images_count,
        (epoch(parameters.run_at) - epoch(albums.fetched_at)) / 3600 as data_age_hours,
        albums.has_album_ads,
        albums.is_album,
        albums.is_favorite,
        albums.is_nsfw,
        albums.is_in_gallery,
        albums.is_in_most_viral,
        albums.is_ad,
        coalesce(states.is_missing, false) as is_missing,
        states.missing_since,
        states.deleted_at,
        albums.created_at,
        albums.fetched_at
    from albums
    cross join parameters
    left join states using (album_id)
)

select * from final;

comment on view staging.albums is 'One row per album of a followed account, as last seen.';
comment on column staging.albums.album_id is 'Id of the album; upper and lower case differ.';
comment on column staging.albums.account_id is 'Number of the owner''s account; null where it is not shown.';
comment on column staging.albums.cover_id is 'Id of the cover image; null when the album is empty.';
comment on column staging.albums.title is 'Title as its owner wrote it.';
comment on column staging.albums.description is 'Description as its owner wrote it.';
comment on column staging.albums.account_name is 'User name of the owner; null for anonymous and for hidden owners.';
comment on column staging.albums.link is 'Address of the album''s page.';
comment on column staging.albums.privacy is 'public, hidden (by link only) or secret (an old value).';
comment on column staging.albums.layout is 'How the album is laid out: blog, grid, horizontal or vertical; no longer used by Imgur.';
comment on column staging.albums.vote is 'The asking account''s own vote: up, down or veto; null when asked without a login.';
comment on column staging.albums.section is 'Section or subreddit that it is filed under; null where there is none.';
comment on column staging.albums.ad_config is 'Imgur''s advertising flags, as sent.';
comment on column staging.albums.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.albums.views is 'How often it has been viewed, as a total.';
comment on column staging.albums.position is 'Place among the owner''s albums; shown to the owner only.';
comment on column staging.albums.cover_edit_mark is 'Imgur''s mark of a later change of the cover.';
comment on column staging.albums.cover_width_px is 'Width of the cover image in pixels; null or 0 where it is not shown.';
comment on column staging.albums.cover_height_px is 'Height of the cover image in pixels; null or 0 where it is not shown.';
comment on column staging.albums.images_count is 'Number of images in the album, as Imgur says.';
comment on column staging.albums.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.albums.has_album_ads is 'Whether advertisements may be shown inside the album.';
comment on column staging.albums.is_album is 'Always true where Imgur sends it.';
comment on column staging.albums.is_favorite is 'Whether the asking account has it among its favourites.';
comment on column staging.albums.is_nsfw is 'Whether it is marked as not safe for work; null when not judged.';
comment on column staging.albums.is_in_gallery is 'Whether it is published in the gallery.';
comment on column staging.albums.is_in_most_viral is 'Whether it stands in Imgur''s list of most viral posts.';
comment on column staging.albums.is_ad is 'Whether it is an advertisement.';
comment on column staging.albums.is_missing is 'Whether its list no longer shows it (staging.list_item_states says how that is told).';
comment on column staging.albums.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.albums.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved walks or three of any kind missed it, or a direct look answered 404; it was last seen at fetched_at or later.';
comment on column staging.albums.created_at is 'When the album was made, UTC.';
comment on column staging.albums.fetched_at is 'When the reply that this row was read from was received, UTC.';
