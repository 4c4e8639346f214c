-- One row per comment written by a followed account, as last seen.
with comments as (
    select
        id as comment_id,
        nullif(parent_id, 0) as parent_id,
        image_id as item_id,
        nullif(author_id, 0) as author_id,
        album_cover as album_cover_id,
        comment,
        author as author_name,
        vote,
        platform,
        extra,
        ups,
        downs,
        points,
        on_album as is_on_album,
        deleted as is_stub,
        has_admin_badge,
        datetime as commented_at,
        fetched_at
    from imgur_raw.comments
),

states as (
    select
        try_cast(item_id as bigint) as comment_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_comments'
),

parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        comments.comment_id,
        comments.parent_id,
        comments.item_id,
        comments.author_id,
        comments.album_cover_id,
        comments.comment,
        comments.author_name,
        comments.vote,
        comments.platform,
        comments.extra,
        comments.ups,
        comments.downs,
        comments.points,
        (epoch(parameters.run_at) - epoch(comments.fetched_at)) / 3600 as data_age_hours,
        comments.is_on_album,
        comments.is_stub,
        comments.has_admin_badge,
        coalesce(states.is_missing, false) as is_missing,
        states.missing_since,
        states.deleted_at,
        comments.commented_at,
        comments.fetched_at
    from comments
    cross join parameters
    left join states using (comment_id)
)

select * from final;

comment on view staging.comments is 'One row per comment written by a followed account, as last seen.';
comment on column staging.comments.comment_id is 'Number of the comment.';
comment on column staging.comments.parent_id is 'Number of the comment that it answers; null when it answers none.';
comment on column staging.comments.item_id is 'Id of the image or album that was commented on (is_on_album tells which).';
comment on column staging.comments.author_id is 'Number of the author''s account; null where it is not shown.';
comment on column staging.comments.album_cover_id is 'Id of the album''s cover image, where is_on_album.';
comment on column staging.comments.comment is 'The text; may be empty where a comment was deleted.';
comment on column staging.comments.author_name is 'User name of the author; null when the account is gone.';
comment on column staging.comments.vote is 'The asking account''s own vote: up, down or veto; null when asked without a login.';
comment on column staging.comments.platform is 'What it was written with, such as iphone, android, desktop, mweb, api.';
comment on column staging.comments.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.comments.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.comments.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.comments.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.comments.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.comments.is_on_album is 'Whether image_id names an album.';
comment on column staging.comments.is_stub is 'Whether Imgur shows it as deleted: a stub that stays in its tree.';
comment on column staging.comments.has_admin_badge is 'Whether the author bears the badge of Imgur''s staff.';
comment on column staging.comments.is_missing is 'Whether its list no longer shows it (staging.list_item_states says how that is told).';
comment on column staging.comments.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.comments.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved walks or three of any kind missed it, or a direct look answered 404; it was last seen at fetched_at or later.';
comment on column staging.comments.commented_at is 'When it was written, UTC.';
comment on column staging.comments.fetched_at is 'When the reply that this row was read from was received, UTC.';
