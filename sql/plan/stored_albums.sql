-- One row per album that a list still shows, and list: what decides whether its images are fetched again.
with states as (
    select
        list,
        item_id
    from staging.list_item_states
    where
        starts_with(list, 'account_albums/')
        and not is_missing
),

final as (
    select
        states.list,
        albums.id,
        albums.images_count,
        albums.cover,
        epoch(albums.datetime)::bigint as inserted_at
    from states
    inner join imgur_raw.albums
        on albums.id = states.item_id
    order by albums.datetime desc nulls last, albums.id
)

select * from final;
