-- One row per image, album, post or comment that a list of an account still shows: its counter now and before.
-- counter: account_images -> image_metrics.image_id, views
-- counter: account_albums -> album_metrics.album_id, views
-- counter: account_submissions -> post_metrics.post_id, views
-- counter: account_comments -> comment_metrics.comment_id, points
with items as (
    select
        list,
        split_part(list, '/', 1) as resource,
        item_id,
        item_at
    from staging.list_item_states
    where
        not is_missing
        and item_at is not null
),

latest as (
    select
        resource,
        item_id,
        arg_max(value, observed_at) as value,
        min(observed_at) as first_seen_at,
        max(seen_until_at) as seen_at
    from counters
    group by resource, item_id
),

others as (
    select
        counters.resource,
        counters.item_id,
        arg_max(counters.value, counters.observed_at) as value,
        max(counters.seen_until_at) as seen_at
    from counters
    inner join latest
        on latest.resource = counters.resource
        and latest.item_id = counters.item_id
        and latest.value <> counters.value
    group by counters.resource, counters.item_id
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
    inner join latest using (resource, item_id)
    left join others using (resource, item_id)
    -- in the order of their headers
    order by
        list_position(
            ['account_images', 'account_albums', 'account_submissions', 'account_comments'], items.resource
        ),
        items.list,
        rank
)

select * from final;
