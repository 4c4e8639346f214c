-- One row per image of the account that is logged in, in the owner's view, as last seen.
with images as (
    select
        id as image_id,
        nullif(account_id, 0) as account_id,
        title,
        description,
        account_url as account_name,
        link,
        name as file_name,
        type as mime_type,
        gifv as gifv_link,
        mp4 as mp4_link,
        webm as webm_link,
        hls as hls_link,
        vote,
        nullif(section, '') as section,
        ad_url as ad_link,
        processing,
        ad_config,
        tags,
        extra,
        width as width_px,
        height as height_px,
        size as size_bytes,
        mp4_size as mp4_size_bytes,
        webm_size as webm_size_bytes,
        edited as edit_mark,
        views,
        bandwidth as bandwidth_bytes,
        ups,
        downs,
        points,
        score,
        comment_count,
        favorite_count,
        ad_type,
        animated as is_animated,
        has_sound,
        looping as is_looping,
        favorite as is_favorite,
        nsfw as is_nsfw,
        in_gallery as is_in_gallery,
        in_most_viral as is_in_most_viral,
        is_ad,
        datetime as uploaded_at,
        fetched_at
    from imgur_raw.images
),

states as (
    select
        item_id as image_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_images'
),

parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        images.image_id,
        images.account_id,
        images.title,
        images.description,
        images.account_name,
        images.link,
        images.file_name,
        images.mime_type,
        images.gifv_link,
        images.mp4_link,
        images.webm_link,
        images.hls_link,
        images.vote,
        images.section,
        images.ad_link,
        images.processing,
        images.ad_config,
        images.tags,
        images.extra,
        images.width_px,
        images.height_px,
        images.size_bytes,
        images.mp4_size_bytes,
        images.webm_size_bytes,
        images.edit_mark,
        images.views,
        images.bandwidth_bytes,
        images.ups,
        images.downs,
        images.points,
        images.score,
        images.comment_count,
        images.favorite_count,
        images.ad_type,
        (epoch(parameters.run_at) - epoch(images.fetched_at)) / 3600 as data_age_hours,
        images.is_animated,
        images.has_sound,
        images.is_looping,
        images.is_favorite,
        images.is_nsfw,
        images.is_in_gallery,
        images.is_in_most_viral,
        images.is_ad,
        coalesce(states.is_missing, false) as is_missing,
        states.missing_since,
        states.deleted_at,
        images.uploaded_at,
        images.fetched_at
    from images
    cross join parameters
    left join states using (image_id)
)

select * from final;

comment on view staging.images is 'One row per image of the account that is logged in, in the owner''s view, as last seen.';
comment on column staging.images.image_id is 'Id of the image; upper and lower case differ.';
comment on column staging.images.account_id is 'Number of the owner''s account; null where it is not shown.';
comment on column staging.images.title is 'Title as its owner wrote it.';
comment on column staging.images.description is 'Description as its owner wrote it.';
comment on column staging.images.account_name is 'User name of the owner; null for anonymous and for hidden owners.';
comment on column staging.images.link is 'Address of the file; above 20 MB a GIF''s link leads to a preview.';
comment on column staging.images.file_name is 'Name of the file that was uploaded; shown to its owner only.';
comment on column staging.images.mime_type is 'MIME type of the file, such as image/jpeg or video/mp4.';
comment on column staging.images.gifv_link is 'Address of the page that plays the animation; animated files only.';
comment on column staging.images.mp4_link is 'Address of the MP4 rendition; animated files only.';
comment on column staging.images.webm_link is 'Address of the WebM rendition (seen 2015 and 2016 only).';
comment on column staging.images.hls_link is 'Address of the HLS playlist; animated files since 2018.';
comment on column staging.images.vote is 'The asking account''s own vote: up, down or veto; null when asked without a login.';
comment on column staging.images.section is 'Section or subreddit that it is filed under; null where there is none.';
comment on column staging.images.ad_link is 'Address that an advertisement leads to.';
comment on column staging.images.processing is 'State of the transcoding of a video, as Imgur sends it.';
comment on column staging.images.ad_config is 'Imgur''s advertising flags, as sent.';
comment on column staging.images.tags is 'Tags as Imgur sends them, a list.';
comment on column staging.images.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.images.width_px is 'Width in pixels.';
comment on column staging.images.height_px is 'Height in pixels.';
comment on column staging.images.size_bytes is 'Size of the file in bytes.';
comment on column staging.images.mp4_size_bytes is 'Size of the MP4 rendition in bytes.';
comment on column staging.images.webm_size_bytes is 'Size of the WebM rendition in bytes (seen 2015 and 2016 only).';
comment on column staging.images.edit_mark is 'Imgur''s mark of a later edit; 0 for none.';
comment on column staging.images.views is 'How often it has been viewed, as a total.';
comment on column staging.images.bandwidth_bytes is 'Bytes served for it, as a total; about size times views.';
comment on column staging.images.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.images.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.images.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.images.score is 'Imgur''s ranking number, not the same as points; in subreddit lists a score from reddit.';
comment on column staging.images.comment_count is 'Number of comments, as a total.';
comment on column staging.images.favorite_count is 'How many accounts have it among their favourites, as a total.';
comment on column staging.images.ad_type is 'Kind of advertisement, 0 for none.';
comment on column staging.images.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.images.is_animated is 'Whether it moves (GIF or video).';
comment on column staging.images.has_sound is 'Whether the video has sound.';
comment on column staging.images.is_looping is 'Whether the animation loops.';
comment on column staging.images.is_favorite is 'Whether the asking account has it among its favourites.';
comment on column staging.images.is_nsfw is 'Whether it is marked as not safe for work; null when not judged.';
comment on column staging.images.is_in_gallery is 'Whether it is published in the gallery.';
comment on column staging.images.is_in_most_viral is 'Whether it stands in Imgur''s list of most viral posts.';
comment on column staging.images.is_ad is 'Whether it is an advertisement.';
comment on column staging.images.is_missing is 'Whether its list no longer shows it (staging.list_item_states says how that is told).';
comment on column staging.images.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.images.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved walks or three of any kind missed it, or a direct look answered 404; it was last seen at fetched_at or later.';
comment on column staging.images.uploaded_at is 'When it was uploaded, UTC.';
comment on column staging.images.fetched_at is 'When the reply that this row was read from was received, UTC.';
