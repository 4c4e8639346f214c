-- One row per comment under a post whose comments are followed, with its place in the tree.
-- ref: post_id -> posts, subreddit_posts
-- ref: item_id? -> posts.post_id, subreddit_posts.post_id, images.image_id, album_images.image_id, albums.album_id
-- ref: parent_id? -> post_comments.comment_id
select
    loaded.*,
    coalesce(comment_trees.read_at > loaded.fetched_at, false) as is_missing
from loaded
left join staging.comment_trees using (post_id);

comment on column staging.post_comments.is_missing is 'Whether it was no longer in the tree of its post when that was last read (comment_trees).';
