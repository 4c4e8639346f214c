-- One row per image of a gallery album; a post's rows are replaced together, and only by a complete set.
with parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        post_id,
        image_id,
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
        position,
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
        (epoch(parameters.run_at) - epoch(post_images.fetched_at)) / 3600 as data_age_hours,
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
    from imgur_raw.post_images
    cross join parameters
)

select * from final;

comment on view staging.post_images is 'One row per image of a gallery album; a post''s rows are replaced together, and only by a complete set.';
comment on column staging.post_images.post_id is 'Id of the post.';
comment on column staging.post_images.image_id is 'Id of the image.';
comment on column staging.post_images.account_id is 'Number of the owner''s account; null where it is not shown.';
comment on column staging.post_images.title is 'Title as its owner wrote it.';
comment on column staging.post_images.description is 'Description as its owner wrote it.';
comment on column staging.post_images.account_name is 'User name of the owner; null for anonymous and for hidden owners.';
comment on column staging.post_images.link is 'Address of the file; above 20 MB a GIF''s link leads to a preview.';
comment on column staging.post_images.file_name is 'Name of the file that was uploaded; shown to its owner only.';
comment on column staging.post_images.mime_type is 'MIME type of the file, such as image/jpeg or video/mp4.';
comment on column staging.post_images.gifv_link is 'Address of the page that plays the animation; animated files only.';
comment on column staging.post_images.mp4_link is 'Address of the MP4 rendition; animated files only.';
comment on column staging.post_images.webm_link is 'Address of the WebM rendition (seen 2015 and 2016 only).';
comment on column staging.post_images.hls_link is 'Address of the HLS playlist; animated files since 2018.';
comment on column staging.post_images.vote is 'The asking account''s own vote: up, down or veto; null when asked without a login.';
comment on column staging.post_images.section is 'Section or subreddit that it is filed under; null where there is none.';
comment on column staging.post_images.ad_link is 'Address that an advertisement leads to.';
comment on column staging.post_images.processing is 'State of the transcoding of a video, as Imgur sends it.';
comment on column staging.post_images.ad_config is 'Imgur''s advertising flags, as sent.';
comment on column staging.post_images.tags is 'Tags as Imgur sends them, a list.';
comment on column staging.post_images.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.post_images.position is 'Place in the post, 0 is the first.';
comment on column staging.post_images.width_px is 'Width in pixels.';
comment on column staging.post_images.height_px is 'Height in pixels.';
comment on column staging.post_images.size_bytes is 'Size of the file in bytes.';
comment on column staging.post_images.mp4_size_bytes is 'Size of the MP4 rendition in bytes.';
comment on column staging.post_images.webm_size_bytes is 'Size of the WebM rendition in bytes (seen 2015 and 2016 only).';
comment on column staging.post_images.edit_mark is 'Imgur''s mark of a later edit; 0 for none.';
comment on column staging.post_images.views is 'How often it has been viewed, as a total.';
comment on column staging.post_images.bandwidth_bytes is 'Bytes served for it, as a total; about size times views.';
comment on column staging.post_images.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.post_images.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.post_images.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.post_images.score is 'Imgur''s ranking number, not the same as points; in subreddit lists a score from reddit.';
comment on column staging.post_images.comment_count is 'Number of comments, as a total.';
comment on column staging.post_images.favorite_count is 'How many accounts have it among their favourites, as a total.';
comment on column staging.post_images.ad_type is 'Kind of advertisement, 0 for none.';
comment on column staging.post_images.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.post_images.is_animated is 'Whether it moves (GIF or video).';
comment on column staging.post_images.has_sound is 'Whether the video has sound.';
comment on column staging.post_images.is_looping is 'Whether the animation loops.';
comment on column staging.post_images.is_favorite is 'Whether the asking account has it among its favourites.';
comment on column staging.post_images.is_nsfw is 'Whether it is marked as not safe for work; null when not judged.';
comment on column staging.post_images.is_in_gallery is 'Whether it is published in the gallery.';
comment on column staging.post_images.is_in_most_viral is 'Whether it stands in Imgur''s list of most viral posts.';
comment on column staging.post_images.is_ad is 'Whether it is an advertisement.';
comment on column staging.post_images.uploaded_at is 'When it was uploaded, UTC.';
comment on column staging.post_images.fetched_at is 'When the reply that this row was read from was received, UTC.';
