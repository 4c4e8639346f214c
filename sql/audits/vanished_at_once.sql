-- error: Many items of one list are gone since the last publication. If they were really deleted, run once with --accept-vanished.
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
        or states.noticed_at > last_publication.published_at
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
