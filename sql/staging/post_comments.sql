-- One row per comment under a post whose comments are followed, with its place in the tree.
with comments as (
    select
        id as comment_id,
        post_id,
        parent_id,
        root_id,
        image_id as item_id,
        nullif(author_id, 0) as author_id,
        album_cover as album_cover_id,
        comment,
        author as author_name,
        vote,
        platform,
        extra,
        depth,
        position,
        ups,
        downs,
        points,
        on_album as is_on_album,
        deleted as is_stub,
        has_admin_badge,
        datetime as commented_at,
        fetched_at
    from imgur_raw.post_comments
),

parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        comments.comment_id,
        comments.post_id,
        comments.parent_id,
        comments.root_id,
        comments.item_id,
        comments.author_id,
        comments.album_cover_id,
        comments.comment,
        comments.author_name,
        comments.vote,
        comments.platform,
        comments.extra,
        comments.depth,
        comments.position,
        comments.ups,
        comments.downs,
        comments.points,
        (epoch(parameters.run_at) - epoch(comments.fetched_at)) / 3600 as data_age_hours,
        comments.is_on_album,
        comments.is_stub,
        comments.has_admin_badge,
        coalesce(trees.read_at > comments.fetched_at, false) as is_missing,
        comments.commented_at,
        comments.fetched_at
    from comments
    cross join parameters
    left join staging.comment_trees as trees using (post_id)
)

select * from final;

comment on view staging.post_comments is 'One row per comment under a post whose comments are followed, with its place in the tree.';
comment on column staging.post_comments.comment_id is 'Number of the comment.';
comment on column staging.post_comments.post_id is 'Id of the post whose tree it was read from.';
comment on column staging.post_comments.parent_id is 'Number of the comment that it answers; null at the root.';
comment on column staging.post_comments.root_id is 'Number of the comment that starts its thread; its own at the root.';
comment on column staging.post_comments.item_id is 'Id of the image or album that was commented on (is_on_album tells which).';
comment on column staging.post_comments.author_id is 'Number of the author''s account; null where it is not shown.';
comment on column staging.post_comments.album_cover_id is 'Id of the album''s cover image, where is_on_album.';
comment on column staging.post_comments.comment is 'The text; may be empty where a comment was deleted.';
comment on column staging.post_comments.author_name is 'User name of the author; null when the account is gone.';
comment on column staging.post_comments.vote is 'The asking account''s own vote: up, down or veto; null when asked without a login.';
comment on column staging.post_comments.platform is 'What it was written with, such as iphone, android, desktop, mweb, api.';
comment on column staging.post_comments.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.post_comments.depth is 'Number of comments above it in the tree; 0 at the root.';
comment on column staging.post_comments.position is 'Place in the whole tree read from top to bottom, 0 is the first.';
comment on column staging.post_comments.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.post_comments.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.post_comments.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.post_comments.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.post_comments.is_on_album is 'Whether image_id names an album.';
comment on column staging.post_comments.is_stub is 'Whether Imgur shows it as deleted: a stub that stays in its tree.';
comment on column staging.post_comments.has_admin_badge is 'Whether the author bears the badge of Imgur''s staff.';
comment on column staging.post_comments.is_missing is 'Whether it was no longer in the tree of its post when that was last read (comment_trees).';
comment on column staging.post_comments.commented_at is 'When it was written, UTC.';
comment on column staging.post_comments.fetched_at is 'When the reply that this row was read from was received, UTC.';
