-- warn: All of a list has gone since the last publication. Where its owner did not clear it, run again: Imgur may have answered with an empty page.
with states as (
    select
        list_item_states.list,
        list_item_states.item_id,
        list_item_states.missing_since,
        -- what a killed run had fetched may be read to its end after a publication that knew nothing of it
        coalesce(list_sweeps.ended_at, list_item_states.missing_since) as noticed_at
    from staging.list_item_states
    left join staging.list_sweeps
        on list_sweeps.list = list_item_states.list
        and list_sweeps.started_at = list_item_states.missing_since
),

last_publication as (
    select max(published_at) as published_at
    from staging.sync_runs
),

lists as (
    select
        states.list,
        array_to_string(min(states.item_id, 3), ' ') as examples,
        count(*) as items,
        count(states.missing_since) as vanished
    from states
    cross join last_publication
    where
        states.missing_since is null
        or last_publication.published_at is null
        or states.noticed_at > last_publication.published_at
    group by states.list
),

-- of more than 20 vanished_at_once makes an error, and who has two or three things may well clear them
final as (
    select
        list,
        examples,
        items
    from lists
    where
        vanished = items
        and items between 5 and 20
    order by list
)

select * from final;
