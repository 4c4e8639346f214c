-- warn: One row of twenty was last seen more than 60 days ago, twice the default of greatest_age_days. Give the nights more credits, or raise sweep_share.
with things as (
    select
        'albums' as table_name,
        data_age_hours
    from staging.albums
    where not is_missing
    union all
    select
        'comments',
        data_age_hours
    from staging.comments
    where not is_missing and not coalesce(is_stub, false)
    union all
    select
        'images',
        data_age_hours
    from staging.images
    where not is_missing
),

ages as (
    select
        table_name,
        count(*) as rows,
        quantile_cont(data_age_hours, 0.95) as p95_age_hours
    from things
    group by table_name
),

final as (
    select
        table_name,
        rows,
        round(p95_age_hours / 24)::bigint as p95_age_days
    from ages
    where p95_age_hours > 60 * 24
    order by table_name
)

select * from final;
