-- warn: All of a list has gone since the last publication. Where its owner did not clear it, run again: Imgur may have answered with an empty page.
with states as (
    select
        list,
        item_id,
        missing_since
    from staging.list_item_states
),

last_publication as (
    select max(published_at) as published_at
    from staging.sync_runs
    where publication = 'published'
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
        or states.missing_since > last_publication.published_at
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
