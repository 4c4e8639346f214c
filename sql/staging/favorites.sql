-- One row per favourite of a followed account, in the order of the list; Imgur does not say when it was favourited.
with favorites as (
    select
        account_id,
        item_id,
        nullif(item_account_id, 0) as item_account_id,
        kind,
        title,
        link,
        item_account_url as item_account_name,
        extra,
        position,
        images_count,
        views,
        ups,
        downs,
        points,
        score,
        comment_count,
        favorite_count,
        nsfw as is_nsfw,
        in_gallery as is_in_gallery,
        datetime as published_at,
        fetched_at
    from imgur_raw.favorites
),

accounts as (
    select
        id as account_id,
        'account_favorites/' || url as list
    from imgur_raw.accounts
),

states as (
    select
        list,
        item_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.list_item_states
    where starts_with(list, 'account_favorites/')
),

-- an account that is followed by its name has a list of that name; the other one is the account of the login
account_lists as (
    select
        accounts.account_id,
        min(states.list) as list
    from accounts
    inner join states on lower(states.list) = lower(accounts.list)
    group by accounts.account_id
),

parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        favorites.account_id,
        favorites.item_id,
        favorites.item_account_id,
        favorites.kind,
        favorites.title,
        favorites.link,
        favorites.item_account_name,
        favorites.extra,
        favorites.position,
        favorites.images_count,
        favorites.views,
        favorites.ups,
        favorites.downs,
        favorites.points,
        favorites.score,
        favorites.comment_count,
        favorites.favorite_count,
        (epoch(parameters.run_at) - epoch(favorites.fetched_at)) / 3600 as data_age_hours,
        favorites.is_nsfw,
        favorites.is_in_gallery,
        coalesce(states.is_missing, false) as is_missing,
        states.missing_since,
        states.deleted_at,
        favorites.published_at,
        favorites.fetched_at
    from favorites
    cross join parameters
    left join account_lists using (account_id)
    left join states
        on states.list = coalesce(account_lists.list, 'account_favorites/me')
        and states.item_id = favorites.item_id
)

select * from final;

comment on view staging.favorites is 'One row per favourite of a followed account, in the order of the list; Imgur does not say when it was favourited.';
comment on column staging.favorites.account_id is 'Number of the account that has it among its favourites.';
comment on column staging.favorites.item_id is 'Id of the favourite image or album.';
comment on column staging.favorites.item_account_id is 'Number of the account of the item''s owner; null where it is not shown.';
comment on column staging.favorites.kind is 'album or image.';
comment on column staging.favorites.title is 'Title as its owner wrote it.';
comment on column staging.favorites.link is 'Address of the album''s page, or of the file of a single image.';
comment on column staging.favorites.item_account_name is 'User name of the item''s owner.';
comment on column staging.favorites.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.favorites.position is 'Place in the list when last read, 0 is the latest favourite.';
comment on column staging.favorites.images_count is 'Number of images in the album, as Imgur says.';
comment on column staging.favorites.views is 'How often it has been viewed, as a total.';
comment on column staging.favorites.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.favorites.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.favorites.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.favorites.score is 'Imgur''s ranking number, not the same as points; in subreddit lists a score from reddit.';
comment on column staging.favorites.comment_count is 'Number of comments, as a total.';
comment on column staging.favorites.favorite_count is 'How many accounts have it among their favourites, as a total.';
comment on column staging.favorites.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.favorites.is_nsfw is 'Whether it is marked as not safe for work; null when not judged.';
comment on column staging.favorites.is_in_gallery is 'Whether it is published in the gallery.';
comment on column staging.favorites.is_missing is 'Whether the list of favourites no longer shows it: removed from it, or deleted.';
comment on column staging.favorites.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.favorites.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved walks or three of any kind missed it, or a direct look answered 404; it was last seen at fetched_at or later.';
comment on column staging.favorites.published_at is 'When the item was put into the gallery, UTC; not when it was favourited.';
comment on column staging.favorites.fetched_at is 'When the reply that this row was read from was received, UTC.';
