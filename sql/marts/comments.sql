-- One row per comment that a followed account wrote or that stands under a post whose comments are fetched, as last seen.
-- key: comment_id
with written as (
    select
        comment_id,
        item_id as post_id,
        parent_id,
        author_id,
        author_name,
        comment,
        platform,
        ups,
        downs,
        points,
        is_stub,
        is_missing,
        commented_at,
        missing_since,
        deleted_at,
        fetched_at
    from staging.comments
),

in_trees as (
    select
        comment_id,
        post_id,
        parent_id,
        root_id,
        author_id,
        author_name,
        comment,
        platform,
        depth,
        ups,
        downs,
        points,
        is_stub,
        is_missing,
        commented_at,
        fetched_at
    from staging.post_comments
),

-- the counters are those of the later reading, the place is that of the tree: a list shows no thread
seen as (
    select
        *,
        1 as richness
    from in_trees
    union all by name
    select
        * exclude (missing_since, deleted_at),
        case when parent_id is null then comment_id end as root_id,
        case when parent_id is null then 0 end as depth,
        2 as richness
    from written
),

latest as (
    select *
    from seen
    qualify row_number() over (partition by comment_id order by fetched_at desc, richness) = 1
),

placed as (
    select *
    from seen
    qualify row_number() over (partition by comment_id order by richness) = 1
),

listings as (
    select
        try_cast(item_id as bigint) as comment_id,
        last_seen_at
    from staging.item_states
    where resource = 'account_comments'
),

-- of list and tree the later one has the last word; a tree that never showed a comment says nothing of it
states as (
    select
        latest.comment_id,
        case
            when written.comment_id is null then latest.is_missing
            else
                (
                    coalesce(written.is_missing, false)
                    and not coalesce(not in_trees.is_missing and in_trees.fetched_at > written.missing_since, false)
                )
                or coalesce(
                    in_trees.is_missing and trees.read_at > greatest(written.fetched_at, listings.last_seen_at),
                    false
                )
        end as is_missing,
        written.missing_since,
        written.deleted_at
    from latest
    left join written using (comment_id)
    left join in_trees using (comment_id)
    left join staging.comment_trees as trees on trees.post_id = in_trees.post_id
    left join listings using (comment_id)
),

-- the number stays when an account is renamed; where Imgur hides it, the name tells
authors as (
    select
        latest.comment_id,
        coalesce(latest.author_id, followed_names.account_id) as author_id,
        coalesce(accounts.account_name, latest.author_name) as author_name,
        accounts.account_id is not null as is_followed
    from latest
    left join staging.followed_names on followed_names.name_key = lower(latest.author_name)
    left join staging.accounts on accounts.account_id = coalesce(latest.author_id, followed_names.account_id)
),

replies as (
    select
        placed.parent_id as comment_id,
        count(*) as replies
    from placed
    inner join states using (comment_id)
    inner join latest using (comment_id)
    where placed.parent_id is not null and not states.is_missing and latest.is_stub is distinct from true
    group by placed.parent_id
),

own_posts as (
    select post_id
    from main.posts
    where is_own
),

final as (
    select
        latest.comment_id,
        placed.post_id,
        placed.parent_id,
        placed.root_id,
        authors.author_id,
        authors.author_name,
        latest.comment,
        latest.platform,
        placed.depth,
        latest.ups,
        latest.downs,
        latest.points,
        coalesce(replies.replies, 0) as replies,
        authors.is_followed or written.comment_id is not null as is_own,
        own_posts.post_id is not null as is_on_own_post,
        coalesce(latest.is_stub, false) as is_stub,
        states.is_missing,
        latest.commented_at,
        case when states.is_missing then states.missing_since end as missing_since,
        case when states.is_missing then states.deleted_at end as deleted_at,
        latest.fetched_at
    from latest
    inner join placed using (comment_id)
    inner join states using (comment_id)
    inner join authors using (comment_id)
    left join written using (comment_id)
    left join replies using (comment_id)
    left join own_posts on own_posts.post_id = placed.post_id
)

select * from final;

comment on column main.comments.post_id is 'Id of the post whose tree it was read from, or else of the image or album that was commented on.';
comment on column main.comments.parent_id is 'Number of the comment that it answers, which may not be stored; null at the root.';
comment on column main.comments.root_id is 'Number of the comment that starts its thread; null for an answer whose tree was not fetched.';
comment on column main.comments.author_id is 'Number of the author''s account; null where it is not shown and the name is not that of a followed account.';
comment on column main.comments.author_name is 'User name of the author, of a followed account its present one; null when the account is gone.';
comment on column main.comments.depth is 'Number of comments above it in the tree; 0 at the root, null for an answer whose tree was not fetched.';
comment on column main.comments.replies is 'Number of direct answers that are stored and still there; stubs of deleted ones do not count.';
comment on column main.comments.is_own is 'Whether a followed account wrote it.';
comment on column main.comments.is_on_own_post is 'Whether it stands under a post of a followed account.';
comment on column main.comments.is_missing is 'Whether it is not shown any more by its author''s list or by the tree of its post, whichever was read later; one that no tree has shown is told by its list, and one that no list has shown by its tree.';
comment on column main.comments.missing_since is 'When its author''s list was first found without it, UTC; null where it is there, and where only the tree tells that it has gone.';
comment on column main.comments.deleted_at is 'The same where it is taken for deleted; null otherwise.';
