-- One row per feed: pages that its last five readings took on average.
with scans as (
    select
        list,
        pages,
        row_number() over (
            partition by list
            order by started_at desc
        ) as readings_ago
    from staging.list_sweeps
    where
        kind = 'feed'
        and is_complete
),

final as (
    select
        list,
        avg(pages) as pages
    from scans
    where readings_ago <= 5
    group by list
    order by list
)

select * from final;
