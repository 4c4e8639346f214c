-- One row per author of comments under posts of followed accounts.
-- key: author_id or author_name
with comments as (
    select
        comment_id,
        post_id,
        author_id,
        author_name,
        points,
        replies,
        is_own,
        commented_at
    from main.comments
    where
        is_on_own_post
        and not is_stub
        and (author_id is not null or author_name is not null)
),

-- who shows a number at one place and only a name at another is one author; a comment without a time tells last
numbers as (
    select
        lower(author_name) as name_key,
        arg_max(author_id, (coalesce(commented_at, '-infinity'::timestamptz), author_id)) as author_id
    from comments
    where author_id is not null and author_name is not null
    group by lower(author_name)
),

identified as (
    select
        coalesce(comments.author_id, numbers.author_id) as author_id,
        case
            when coalesce(comments.author_id, numbers.author_id) is null then lower(comments.author_name)
        end as name_key,
        comments.author_name,
        comments.post_id,
        comments.points,
        comments.replies,
        comments.is_own,
        comments.commented_at
    from comments
    left join numbers on numbers.name_key = lower(comments.author_name)
),

authors as (
    select
        author_id,
        arg_max(author_name, (coalesce(commented_at, '-infinity'::timestamptz), author_name)) as author_name,
        count(*) as comments,
        count(distinct post_id) as posts,
        sum(points)::bigint as points,
        median(points) as median_points,
        sum(replies)::bigint as replies_received,
        bool_or(is_own) as is_own,
        min(commented_at) as first_comment_at,
        max(commented_at) as last_comment_at
    from identified
    group by author_id, name_key
),

final as (
    select
        author_id,
        author_name,
        rank() over (order by comments desc) as rank,
        comments,
        posts,
        points,
        median_points,
        replies_received,
        is_own,
        first_comment_at,
        last_comment_at
    from authors
)

select * from final;

comment on table main.top_commenters is 'One row per author of comments under posts of followed accounts. Stubs and comments of accounts that are gone have no author and are left out.';
comment on column main.top_commenters.author_id is 'Number of the author''s account; null where it is never shown.';
comment on column main.top_commenters.author_name is 'User name of the author, as in the latest comment whose time is known.';
comment on column main.top_commenters.rank is 'Place by number of comments, 1 is the most; who has as many shares it.';
comment on column main.top_commenters.comments is 'Number of comments under posts of followed accounts.';
comment on column main.top_commenters.posts is 'Number of different posts that they stand under.';
comment on column main.top_commenters.points is 'Points of these comments together; null where none is shown.';
comment on column main.top_commenters.median_points is 'Median of the points of a comment.';
comment on column main.top_commenters.replies_received is 'Direct answers to these comments that are stored and still there; stubs of deleted ones do not count.';
comment on column main.top_commenters.is_own is 'Whether the author is a followed account.';
comment on column main.top_commenters.first_comment_at is 'When the first of them was written, UTC.';
comment on column main.top_commenters.last_comment_at is 'When the last of them was written, UTC.';
