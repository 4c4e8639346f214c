-- error: Many items of one list are gone since the last publication. If they were really deleted, run once with --accept-vanished.
with states as (
    select
        list,
        item_id,
        missing_since
    from staging.list_item_states
),

last_publication as (
    select max(published_at) as published_at
    from imgur_raw.sync_runs
    where publication = 'published'
),

-- those that were missing already are not counted again; before the first publication none was
there_before as (
    select
        states.list,
        states.item_id,
        states.missing_since is not null as has_vanished
    from states
    cross join last_publication
    where
        states.missing_since is null
        or last_publication.published_at is null
        or states.missing_since > last_publication.published_at
),

lists as (
    select
        list,
        array_to_string(min(item_id, 3) filter (where has_vanished), ' ') as examples,
        count(*) filter (where has_vanished) as vanished,
        count(*) as items
    from there_before
    group by list
),

final as (
    select
        list,
        examples,
        vanished,
        items
    from lists
    where vanished > greatest(20, 0.02 * items)
    order by list
)

select * from final;
