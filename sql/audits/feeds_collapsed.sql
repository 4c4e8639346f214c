-- warn: A feed shows less than a tenth of the posts that its readings before had shown. Look whether it still exists on Imgur.
with readings as (
    select
        list as feed,
        items,
        row_number() over (partition by list order by started_at desc) as readings_ago,
        started_at
    from staging.list_sweeps
    where
        kind = 'feed'
        and is_complete
),

before as (
    select
        feed,
        median(items) as usual_items
    from readings
    where readings_ago between 2 and 6
    group by feed
),

-- a search for something rare may well find nothing
final as (
    select
        readings.feed,
        readings.items,
        before.usual_items,
        readings.started_at
    from readings
    inner join before using (feed)
    where
        readings.readings_ago = 1
        and before.usual_items >= 20
        and readings.items < 0.1 * before.usual_items
    order by readings.feed
)

select * from final;
