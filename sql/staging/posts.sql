-- One row per gallery post, from submissions, gallery sections, tags and searches, as last seen.
with posts as (
    select
        id as post_id,
        nullif(account_id, 0) as account_id,
        topic_id,
        cover as cover_id,
        title,
        description,
        account_url as account_name,
        link,
        topic,
        privacy,
        layout,
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
        views,
        ups,
        downs,
        points,
        score,
        comment_count,
        favorite_count,
        cover_edited as cover_edit_mark,
        cover_width as cover_width_px,
        cover_height as cover_height_px,
        images_count,
        width as width_px,
        height as height_px,
        size as size_bytes,
        mp4_size as mp4_size_bytes,
        webm_size as webm_size_bytes,
        edited as edit_mark,
        bandwidth as bandwidth_bytes,
        ad_type,
        is_album,
        include_album_ads as has_album_ads,
        animated as is_animated,
        has_sound,
        looping as is_looping,
        favorite as is_favorite,
        nsfw as is_nsfw,
        in_gallery as is_in_gallery,
        in_most_viral as is_in_most_viral,
        is_ad,
        datetime as published_at,
        fetched_at
    from imgur_raw.posts
),

states as (
    select
        item_id as post_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_submissions'
),

parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        posts.post_id,
        posts.account_id,
        posts.topic_id,
        posts.cover_id,
        posts.title,
        posts.description,
        posts.account_name,
        posts.link,
        posts.topic,
        posts.privacy,
        posts.layout,
        posts.mime_type,
        posts.gifv_link,
        posts.mp4_link,
        posts.webm_link,
        posts.hls_link,
        posts.vote,
        posts.section,
        posts.ad_link,
        posts.processing,
        posts.ad_config,
        posts.tags,
        posts.extra,
        posts.views,
        posts.ups,
        posts.downs,
        posts.points,
        posts.score,
        posts.comment_count,
        posts.favorite_count,
        posts.cover_edit_mark,
        posts.cover_width_px,
        posts.cover_height_px,
        posts.images_count,
        posts.width_px,
        posts.height_px,
        posts.size_bytes,
        posts.mp4_size_bytes,
        posts.webm_size_bytes,
        posts.edit_mark,
        posts.bandwidth_bytes,
        posts.ad_type,
        (epoch(parameters.run_at) - epoch(posts.fetched_at)) / 3600 as data_age_hours,
        posts.is_album,
        posts.has_album_ads,
        posts.is_animated,
        posts.has_sound,
        posts.is_looping,
        posts.is_favorite,
        posts.is_nsfw,
        posts.is_in_gallery,
        posts.is_in_most_viral,
        posts.is_ad,
        coalesce(states.is_missing, false) as is_missing,
        states.missing_since,
        states.deleted_at,
        posts.published_at,
        posts.fetched_at
    from posts
    cross join parameters
    left join states using (post_id)
)

select * from final;

comment on view staging.posts is 'One row per gallery post, from submissions, gallery sections, tags and searches, as last seen.';
comment on column staging.posts.post_id is 'Id of the image or album; upper and lower case differ.';
comment on column staging.posts.account_id is 'Number of the owner''s account; null where it is not shown.';
comment on column staging.posts.topic_id is 'Number of the topic (no longer used by Imgur).';
comment on column staging.posts.cover_id is 'Id of the cover image; null when the album is empty.';
comment on column staging.posts.title is 'Title as its owner wrote it.';
comment on column staging.posts.description is 'Description as its owner wrote it.';
comment on column staging.posts.account_name is 'User name of the owner; null for anonymous and for hidden owners.';
comment on column staging.posts.link is 'Address of the album''s page, or of the file of a single image.';
comment on column staging.posts.topic is 'Topic (no longer used by Imgur; null since about 2021).';
comment on column staging.posts.privacy is 'public, hidden (by link only) or secret (an old value).';
comment on column staging.posts.layout is 'How the album is laid out: blog, grid, horizontal or vertical; no longer used by Imgur.';
comment on column staging.posts.mime_type is 'MIME type of the file, such as image/jpeg or video/mp4.';
comment on column staging.posts.gifv_link is 'Address of the page that plays the animation; animated files only.';
comment on column staging.posts.mp4_link is 'Address of the MP4 rendition; animated files only.';
comment on column staging.posts.webm_link is 'Address of the WebM rendition (seen 2015 and 2016 only).';
comment on column staging.posts.hls_link is 'Address of the HLS playlist; animated files since 2018.';
comment on column staging.posts.vote is 'The asking account''s own vote: up, down or veto; null when asked without a login.';
comment on column staging.posts.section is 'Section or subreddit that it is filed under; null where there is none.';
comment on column staging.posts.ad_link is 'Address that an advertisement leads to.';
comment on column staging.posts.processing is 'State of the transcoding of a video, as Imgur sends it.';
comment on column staging.posts.ad_config is 'Imgur''s advertising flags, as sent.';
comment on column staging.posts.tags is 'Tags as Imgur sends them, a list.';
comment on column staging.posts.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.posts.views is 'How often it has been viewed, as a total.';
comment on column staging.posts.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.posts.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.posts.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.posts.score is 'Imgur''s ranking number, not the same as points; in subreddit lists a score from reddit.';
comment on column staging.posts.comment_count is 'Number of comments, as a total.';
comment on column staging.posts.favorite_count is 'How many accounts have it among their favourites, as a total.';
comment on column staging.posts.cover_edit_mark is 'Imgur''s mark of a later change of the cover.';
comment on column staging.posts.cover_width_px is 'Width of the cover image in pixels; null or 0 where it is not shown.';
comment on column staging.posts.cover_height_px is 'Height of the cover image in pixels; null or 0 where it is not shown.';
comment on column staging.posts.images_count is 'Number of images in the album, as Imgur says.';
comment on column staging.posts.width_px is 'Width in pixels.';
comment on column staging.posts.height_px is 'Height in pixels.';
comment on column staging.posts.size_bytes is 'Size of the file in bytes.';
comment on column staging.posts.mp4_size_bytes is 'Size of the MP4 rendition in bytes.';
comment on column staging.posts.webm_size_bytes is 'Size of the WebM rendition in bytes (seen 2015 and 2016 only).';
comment on column staging.posts.edit_mark is 'Imgur''s mark of a later edit; 0 for none.';
comment on column staging.posts.bandwidth_bytes is 'Bytes served for it, as a total; about size times views.';
comment on column staging.posts.ad_type is 'Kind of advertisement, 0 for none.';
comment on column staging.posts.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.posts.is_album is 'Whether the post is an album; otherwise it is a single image.';
comment on column staging.posts.has_album_ads is 'Whether advertisements may be shown inside the album.';
comment on column staging.posts.is_animated is 'Whether it moves (GIF or video).';
comment on column staging.posts.has_sound is 'Whether the video has sound.';
comment on column staging.posts.is_looping is 'Whether the animation loops.';
comment on column staging.posts.is_favorite is 'Whether the asking account has it among its favourites.';
comment on column staging.posts.is_nsfw is 'Whether it is marked as not safe for work; null when not judged.';
comment on column staging.posts.is_in_gallery is 'Whether it is published in the gallery.';
comment on column staging.posts.is_in_most_viral is 'Whether it stands in Imgur''s list of most viral posts.';
comment on column staging.posts.is_ad is 'Whether it is an advertisement.';
comment on column staging.posts.is_missing is 'Whether none of the account lists that have shown it shows it any more; false for a post that only feeds have shown.';
comment on column staging.posts.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.posts.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved walks or three of any kind missed it, or a direct look answered 404; it was last seen at fetched_at or later.';
comment on column staging.posts.published_at is 'When it was put into the gallery, UTC; not when its files were uploaded.';
comment on column staging.posts.fetched_at is 'When the reply that this row was read from was received, UTC.';
