-- One row per list of an account: items that came a day in the week before its front was read last, and when that was.
with items as (
    select
        list,
        datetime as item_at
    from imgur_raw.list_items
),

fronts as (
    select
        list,
        max(ended_at) as read_at
    from imgur_raw.list_sweeps
    where kind in ('sweep', 'head') and pages > 0
    group by list
),

final as (
    select
        fronts.list,
        count(items.item_at) / 7 as per_day,
        epoch(fronts.read_at)::bigint as read_at
    from fronts
    left join items
        on items.list = fronts.list
        and items.item_at > fronts.read_at - interval 168 hours
    group by fronts.list, fronts.read_at
    order by fronts.list
)

select * from final;
