-- One row per kind of list and item: whether any of the lists that have shown it still does.
-- A list that is not read any more (an account renamed, or followed as me since) neither shows nor misses anything.
with states as (
    select
        split_part(list, '/', 1) as resource,
        item_id,
        is_missing,
        last_seen_at,
        missing_since,
        deleted_at
    from staging.list_item_states
),

sightings as (
    select
        resource,
        item_id,
        max(last_seen_at) as last_seen_at
    from states
    group by resource, item_id
),

final as (
    select
        sightings.resource,
        sightings.item_id,
        count(states.missing_since) > 0 as is_missing,
        any_value(sightings.last_seen_at) as last_seen_at,
        min(states.missing_since) as missing_since,
        -- the list that proves it may not be the one that missed it first
        case when count(states.deleted_at) > 0 then min(states.missing_since) end as deleted_at
    from sightings
    left join states
        on states.resource = sightings.resource
        and states.item_id = sightings.item_id
        and states.missing_since > sightings.last_seen_at
    group by sightings.resource, sightings.item_id
)

select * from final;

comment on column staging.item_states.resource is 'Kind of list: account_images, account_albums, account_submissions, account_comments or account_favorites.';
comment on column staging.item_states.is_missing is 'Whether its list no longer shows it (staging.list_item_states says how that is told); of several lists, whether one misses it since it was last seen in any.';
comment on column staging.item_states.last_seen_at is 'When it was last seen in any of them, UTC.';
comment on column staging.item_states.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.item_states.deleted_at is 'missing_since of an item that is taken for deleted; else null. It was last seen at last_seen_at.';
