-- One row per comment written by a followed account, as last seen.
with states as (
    select
        try_cast(item_id as bigint) as comment_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_comments'
)

select
    loaded.*,
    coalesce(states.is_missing, false) as is_missing,
    states.missing_since,
    states.deleted_at
from loaded
left join states using (comment_id);

comment on column staging.comments.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved scans or three of any kind missed it, or a direct lookup answered 404; it was last seen at fetched_at or later.';
