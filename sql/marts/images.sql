-- One row per image that an account, an album or a gallery album has shown, as last seen.
-- key: image_id
with owner_view as (
    select
        image_id,
        null::varchar as container_id,
        account_id,
        account_name,
        title,
        description,
        link,
        file_name,
        mime_type,
        'account' as seen_in,
        1 as richness,
        views,
        bandwidth_bytes,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        width_px,
        height_px,
        size_bytes,
        is_animated,
        has_sound,
        is_nsfw,
        is_in_gallery,
        is_missing,
        uploaded_at,
        missing_since,
        deleted_at,
        fetched_at
    from staging.images
),

album_view as (
    select
        image_id,
        album_id as container_id,
        account_id,
        account_name,
        title,
        description,
        link,
        file_name,
        mime_type,
        'album' as seen_in,
        2 as richness,
        views,
        bandwidth_bytes,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        width_px,
        height_px,
        size_bytes,
        is_animated,
        has_sound,
        is_nsfw,
        is_in_gallery,
        uploaded_at,
        fetched_at
    from staging.album_images
),

post_view as (
    select
        image_id,
        post_id as container_id,
        account_id,
        account_name,
        title,
        description,
        link,
        file_name,
        mime_type,
        'post' as seen_in,
        3 as richness,
        views,
        bandwidth_bytes,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        width_px,
        height_px,
        size_bytes,
        is_animated,
        has_sound,
        is_nsfw,
        is_in_gallery,
        uploaded_at,
        fetched_at
    from staging.post_images
),

views as (
    select * from owner_view
    union all by name
    select * from album_view
    union all by name
    select * from post_view
),

containers as (
    select
        image_id,
        min(container_id) as album_id
    from views
    group by image_id
),

-- who asks for a thing by itself is shown more of it: the owner first, then the album
best_views as (
    select *
    from views
    qualify row_number() over (
        partition by image_id
        order by richness, fetched_at desc, container_id
    ) = 1
),

-- only the account that is logged in shows its images
logins as (
    select account_id
    from staging.list_owners
    where owner = 'me'
),

-- an image does not always say whose it is; what holds it does
holders as (
    select
        album_id as container_id,
        account_id,
        account_name
    from staging.albums
    union
    select
        post_id as container_id,
        account_id,
        account_name
    from staging.posts
    where post_id not in (select album_id from staging.albums)
),

claims as (
    select
        best_views.image_id,
        coalesce(best_views.account_id, holders.account_id, logins.account_id) as account_id,
        coalesce(
            best_views.account_name,
            case
                when best_views.account_id is null or best_views.account_id = holders.account_id
                    then holders.account_name
            end
        ) as account_name
    from best_views
    left join holders using (container_id)
    left join logins on best_views.seen_in = 'account'
),

-- the number stays when an account is renamed; where Imgur hides it, the name tells
owners as (
    select
        claims.image_id,
        coalesce(claims.account_id, followed_names.account_id) as account_id,
        coalesce(accounts.account_name, claims.account_name) as account_name,
        accounts.account_id is not null as is_followed
    from claims
    left join staging.followed_names on followed_names.name_key = lower(claims.account_name)
    left join staging.accounts on accounts.account_id = coalesce(claims.account_id, followed_names.account_id)
),

final as (
    select
        best_views.image_id,
        containers.album_id,
        owners.account_id,
        owners.account_name,
        best_views.title,
        best_views.description,
        best_views.link,
        best_views.file_name,
        best_views.mime_type,
        best_views.seen_in,
        best_views.views,
        best_views.bandwidth_bytes,
        best_views.ups,
        best_views.downs,
        best_views.points,
        best_views.comment_count,
        best_views.favorite_count,
        best_views.width_px,
        best_views.height_px,
        best_views.size_bytes,
        (epoch(parameters.run_at) - epoch(best_views.fetched_at)) / 3600 as data_age_hours,
        best_views.is_animated,
        best_views.has_sound,
        best_views.is_nsfw,
        best_views.is_in_gallery,
        owners.is_followed or best_views.seen_in = 'account' as is_own,
        coalesce(best_views.is_missing, false) as is_missing,
        best_views.uploaded_at,
        best_views.missing_since,
        best_views.deleted_at,
        best_views.fetched_at
    from best_views
    cross join staging.parameters
    inner join owners using (image_id)
    inner join containers using (image_id)
)

select * from final;

comment on table main.images is 'One row per image that an account, an album or a gallery album has shown, as last seen. The view of its owner wins over that of an album, and that over a gallery album''s.';
comment on column main.images.album_id is 'Id of an album or gallery album that holds it, the lowest where there are several; null where none is known.';
comment on column main.images.account_id is 'Number of the owner''s account; where the image does not show it, that of the album, post or login which has shown it.';
comment on column main.images.account_name is 'User name of the owner, of a followed account its present one; null for anonymous and for hidden owners.';
comment on column main.images.seen_in is 'Whose view this row has: account (its owner''s), album (of a followed account) or post (a gallery album).';
comment on column main.images.is_own is 'Whether it is of a followed account: its images have shown it, or number or name of the owner say so.';
comment on column main.images.is_missing is 'Whether the account''s images do not show it any more; false where only albums and posts have shown it.';
