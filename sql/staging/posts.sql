-- One row per gallery post, from submissions, gallery sections, tags and searches, as last seen.
with states as (
    select
        item_id as post_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_submissions'
)

select
    loaded.*,
    coalesce(states.is_missing, false) as is_missing,
    states.missing_since,
    states.deleted_at
from loaded
left join states using (post_id);

comment on column staging.posts.is_missing is 'Whether none of the account lists that have shown it shows it any more; false for a post that only feeds have shown.';
comment on column staging.posts.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved scans or three of any kind missed it, or a direct lookup answered 404; it was last seen at fetched_at or later.';
