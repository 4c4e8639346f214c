-- One row per album that a list of an account still shows: its counter now and before.
with items as (
    select
        list,
        item_id,
        item_at
    from staging.list_item_states
    where
        starts_with(list, 'account_albums/')
        and not is_missing
        and item_at is not null
),

history as (
    select
        album_id as item_id,
        coalesce(views, 0) as value,
        observed_at,
        seen_until_at
    from staging.album_metrics
),

latest as (
    select
        item_id,
        arg_max(value, observed_at) as value,
        min(observed_at) as first_seen_at,
        max(seen_until_at) as seen_at
    from history
    group by item_id
),

others as (
    select
        history.item_id,
        arg_max(history.value, history.observed_at) as value,
        max(history.seen_until_at) as seen_at
    from history
    inner join latest
        on latest.item_id = history.item_id
        and latest.value <> history.value
    group by history.item_id
),

-- where the counter never moved, the first observation is the one before
final as (
    select
        items.list,
        row_number() over (partition by items.list order by items.item_at desc, items.item_id) - 1 as rank,
        epoch(items.item_at)::bigint as at,
        latest.value,
        epoch(latest.seen_at)::bigint as seen_at,
        case
            when others.item_id is not null then others.value
            when latest.first_seen_at < latest.seen_at then latest.value
        end as value_before,
        epoch(
            case
                when others.item_id is not null then others.seen_at
                when latest.first_seen_at < latest.seen_at then latest.first_seen_at
            end
        )::bigint as seen_before_at
    from items
    inner join latest using (item_id)
    left join others using (item_id)
    order by items.list, rank
)

select * from final;
