-- One row per missing item that a direct lookup could decide, the longest missing first.
with final as (
    select
        list,
        item_id
    from staging.list_item_states as states
    where
        is_missing
        and not starts_with(list, 'account_favorites/')  -- a lookup tells that it exists, not whose favourite it is
        and deleted_at is null
        and proved_walks_missed = 0
        and (looked_at is null or looked_at < missing_since)
    order by missing_since, list, item_id
)

select * from final;
