-- One row per thread under a post: how long it is, and how quickly it was answered.
-- key: root_id
with comments as (
    select
        comment_id,
        post_id,
        parent_id,
        root_id,
        author_id,
        author_name,
        depth,
        points,
        commented_at
    from staging.post_comments
    where root_id is not null
),

roots as (
    select
        comment_id as root_id,
        author_name,
        commented_at as started_at
    from comments
    where comment_id = root_id
),

-- the wait of an answer is counted from what it answers, where that is stored
placed as (
    select
        comments.post_id,
        comments.root_id,
        comments.depth,
        comments.points,
        comments.comment_id = comments.root_id as is_root,
        coalesce(comments.author_id::varchar, lower(comments.author_name)) as author,
        case
            when comments.author_id is not null and posts.account_id is not null
                then comments.author_id = posts.account_id
            else coalesce(lower(comments.author_name) = lower(posts.account_name), false)
        end as is_of_author,
        comments.commented_at,
        (epoch(comments.commented_at) - epoch(roots.started_at)) / 60 as minutes_after_root,
        (epoch(comments.commented_at) - epoch(parents.commented_at)) / 60 as minutes_after_parent
    from comments
    left join comments as parents
        on parents.comment_id = comments.parent_id
    left join roots on roots.root_id = comments.root_id
    left join main.posts on posts.post_id = comments.post_id
),

threads as (
    select
        root_id,
        any_value(post_id) as post_id,
        count(*) as comments,
        max(depth) as max_depth,
        count(distinct author) as authors,
        sum(points)::bigint as points,
        min(minutes_after_root) filter (where not is_root) as first_reply_minutes,
        median(minutes_after_parent) filter (where not is_root) as median_reply_minutes,
        min(minutes_after_root) filter (where not is_root and is_of_author) as author_reply_minutes,
        count(*) filter (where not is_root and minutes_after_root <= 60) as comments_first_hour,
        count(*) filter (where not is_root and minutes_after_root <= 24 * 60) as comments_first_day,
        coalesce(bool_or(is_of_author) filter (where not is_root), false) as author_replied,
        max(commented_at) as last_comment_at
    from placed
    group by root_id
),

final as (
    select
        threads.root_id,
        threads.post_id,
        roots.author_name,
        threads.comments,
        threads.max_depth,
        threads.authors,
        threads.points,
        threads.first_reply_minutes,
        threads.median_reply_minutes,
        threads.author_reply_minutes,
        case when roots.started_at is not null then threads.comments_first_hour end as comments_first_hour,
        case when roots.started_at is not null then threads.comments_first_day end as comments_first_day,
        threads.author_replied,
        roots.started_at,
        threads.last_comment_at
    from threads
    left join roots using (root_id)
)

select * from final;

comment on table main.comment_threads is 'One row per thread under a post: how long it is, and how quickly it was answered. Comments that have gone since are counted: they were part of it.';
comment on column main.comment_threads.root_id is 'Number of the comment that starts the thread.';
comment on column main.comment_threads.post_id is 'Id of the post.';
comment on column main.comment_threads.author_name is 'User name of who started the thread; null when the account is gone or the root is not stored.';
comment on column main.comment_threads.comments is 'Number of comments, the root included.';
comment on column main.comment_threads.max_depth is 'Comments above the deepest one; 0 for a root without an answer.';
comment on column main.comment_threads.authors is 'Number of different authors; comments without an author count for none.';
comment on column main.comment_threads.points is 'Points of all its comments together.';
comment on column main.comment_threads.first_reply_minutes is 'Minutes from the root to the first answer in the thread; null where there is none, or the root is not stored.';
comment on column main.comment_threads.median_reply_minutes is 'Median over its answers of the minutes since the comment that each answers; null where no such pair is stored.';
comment on column main.comment_threads.author_reply_minutes is 'Minutes from the root to the first answer of the post''s author in the thread; null where there is none, or the root is not stored.';
comment on column main.comment_threads.comments_first_hour is 'Answers in the first hour of the thread, the root not counted; null where the root is not stored.';
comment on column main.comment_threads.comments_first_day is 'Answers in the first 24 hours of the thread, the root not counted; null where the root is not stored.';
comment on column main.comment_threads.author_replied is 'Whether the author of the post answered in it; having started it is no answer.';
comment on column main.comment_threads.started_at is 'When the root was written, UTC; null where it is not stored.';
comment on column main.comment_threads.last_comment_at is 'When its last comment was written, UTC.';
