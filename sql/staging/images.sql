-- One row per image of the account that is logged in, in the owner's view, as last seen.
with states as (
    select
        item_id as image_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.item_states
    where resource = 'account_images'
)

select
    loaded.*,
    coalesce(states.is_missing, false) as is_missing,
    states.missing_since,
    states.deleted_at
from loaded
left join states using (image_id);

comment on column staging.images.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved scans or three of any kind missed it, or a direct lookup answered 404; it was last seen at fetched_at or later.';
