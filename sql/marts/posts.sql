-- One row per gallery post that was ever shown by an account, feed, tag or search, as last seen.
-- key: post_id
with posts as (
    select
        post_id,
        account_id,
        account_name,
        title,
        description,
        link,
        privacy,
        section,
        mime_type,
        views,
        ups,
        downs,
        points,
        score,
        comment_count,
        favorite_count,
        images_count,
        width_px,
        height_px,
        size_bytes,
        is_album,
        is_animated,
        has_sound,
        is_nsfw,
        is_in_most_viral,
        is_missing,
        published_at,
        missing_since,
        deleted_at,
        fetched_at
    from staging.posts
),

-- Imgur shows neither author nor votes in subreddit galleries
subreddit_posts as (
    select
        post_id,
        account_id,
        account_name,
        title,
        description,
        link,
        privacy,
        section,
        mime_type,
        views,
        ups,
        downs,
        points,
        score,
        comment_count,
        favorite_count,
        images_count,
        width_px,
        height_px,
        size_bytes,
        is_album,
        is_animated,
        has_sound,
        is_nsfw,
        is_in_most_viral,
        false as is_missing,
        published_at,
        null::timestamptz as missing_since,
        null::timestamptz as deleted_at,
        fetched_at
    from staging.subreddit_posts
),

accounts as (
    select
        account_id,
        account_name
    from staging.accounts
),

shown as (
    select
        item_id as post_id,
        lower(split_part(list, '/', 2)) as owner,
        last_seen_at
    from staging.list_item_states
    where starts_with(list, 'account_submissions/')
),

post_tags as (
    select
        post_id,
        list(tag order by position, tag) as tags
    from staging.post_tags
    group by post_id
),

-- an album of one image is told apart by that image
only_images as (
    select
        post_id,
        any_value(is_animated) as is_animated,
        any_value(has_sound) as has_sound
    from staging.post_images
    group by post_id
    having count(*) = 1
),

metrics as (
    select
        post_id,
        min(observed_at) as first_seen_at
    from staging.post_metrics
    group by post_id
),

-- posts of subreddit galleries have no history of counters
ranks as (
    select
        post_id,
        min(fetched_at) as first_seen_at
    from staging.gallery_ranks
    group by post_id
),

run as (
    select run_at
    from staging.parameters
),

seen as (
    select
        *,
        false as is_subreddit
    from posts
    union all
    select
        subreddit_posts.*,
        true as is_subreddit
    from subreddit_posts
    anti join posts using (post_id)
),

showings as (
    select
        shown.post_id,
        arg_max(owners.account_id, (shown.last_seen_at, owners.account_id)) as account_id
    from shown
    left join staging.list_owners as owners using (owner)
    group by shown.post_id
),

-- by number, which outlives a renaming; else by name; else by the account whose list has shown it
owned as (
    select
        seen.post_id,
        case
            when seen.account_id is not null then by_number.account_id
            else followed_names.account_id
        end as followed_id,
        showings.account_id as shown_id,
        showings.post_id is not null as is_shown
    from seen
    left join accounts as by_number using (account_id)
    left join staging.followed_names on followed_names.name_key = lower(seen.account_name)
    left join showings on showings.post_id = seen.post_id
),

final as (
    select
        seen.post_id,
        coalesce(owned.followed_id, seen.account_id, owned.shown_id) as account_id,
        coalesce(accounts.account_name, seen.account_name) as account_name,
        seen.title,
        seen.description,
        seen.link,
        seen.privacy,
        seen.section,
        seen.mime_type,
        case
            when coalesce(nullif(seen.images_count, 0), case when seen.is_album then 2 end) > 1 then 'album'
            when coalesce(seen.has_sound, only_images.has_sound, false) then 'video'
            when coalesce(seen.is_animated, only_images.is_animated, false) then 'animation'
            else 'image'
        end as format,
        coalesce(post_tags.tags, []::varchar[]) as tags,
        seen.views,
        seen.ups,
        seen.downs,
        seen.points,
        seen.score,
        seen.comment_count,
        seen.favorite_count,
        seen.images_count,
        seen.width_px,
        seen.height_px,
        seen.size_bytes,
        (epoch(seen.fetched_at) - epoch(seen.published_at)) / 3600 as age_hours,
        (epoch(run.run_at) - epoch(seen.fetched_at)) / 3600 as data_age_hours,
        seen.is_album,
        seen.is_animated,
        seen.is_nsfw,
        seen.is_in_most_viral,
        seen.is_subreddit,
        owned.followed_id is not null or owned.is_shown as is_own,
        seen.is_missing,
        seen.published_at,
        coalesce(metrics.first_seen_at, ranks.first_seen_at) as first_seen_at,
        seen.missing_since,
        seen.deleted_at,
        seen.fetched_at
    from seen
    cross join run
    left join owned using (post_id)
    left join accounts on accounts.account_id = coalesce(owned.followed_id, seen.account_id, owned.shown_id)
    left join post_tags using (post_id)
    left join only_images using (post_id)
    left join metrics using (post_id)
    left join ranks using (post_id)
)

select * from final;

comment on column main.posts.account_id is 'Number of the author''s account; where Imgur hides it, that of the followed account with its name or whose list has shown it; else null.';
comment on column main.posts.account_name is 'User name of the author; of a followed account the name it bears now; null where it is not shown.';
comment on column main.posts.mime_type is 'MIME type of the file of a single image, such as image/jpeg or video/mp4.';
comment on column main.posts.format is 'album (more than one image), video (with sound), animation (without) or image; an album of one image is what its image is.';
comment on column main.posts.tags is 'Tags in their order, a list; empty where there are none.';
comment on column main.posts.score is 'Imgur''s ranking number, not the same as points; where is_subreddit a score from reddit.';
comment on column main.posts.images_count is 'Number of images in the album, as Imgur says; null where it is a single image.';
comment on column main.posts.width_px is 'Width in pixels; of a single image.';
comment on column main.posts.height_px is 'Height in pixels; of a single image.';
comment on column main.posts.size_bytes is 'Size of the file in bytes; of a single image.';
comment on column main.posts.age_hours is 'Age when it was last seen, in hours from published_at to fetched_at.';
comment on column main.posts.is_animated is 'Whether it moves (GIF or video); null for albums.';
comment on column main.posts.is_subreddit is 'Whether only a subreddit gallery has shown it, so that author and votes are not known.';
comment on column main.posts.is_own is 'Whether a followed account published it: by its number, else by its name, else because that account''s list has shown it.';
comment on column main.posts.is_missing is 'Whether its author''s list no longer shows it; false for posts of accounts that are not followed.';
comment on column main.posts.first_seen_at is 'When it was first read, UTC: its first row in post_metrics, else its first place in a feed.';
comment on column main.posts.fetched_at is 'When it was last seen, UTC; all counters stood so then.';
