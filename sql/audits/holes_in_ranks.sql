-- warn: A reading of a feed that calls itself complete has places without a post, in the last seven days. Ranks below the gap may be too low.
with parameters as (
    select run_at
    from staging.parameters
),

readings as (
    select
        feed,
        observed_at,
        count(distinct position) as places,
        min(position) as first_position,
        max(position) as last_position
    from staging.gallery_ranks
    group by feed, observed_at
),

final as (
    select
        readings.feed,
        readings.places,
        readings.first_position,
        readings.last_position,
        readings.observed_at
    from readings
    inner join staging.list_sweeps
        on list_sweeps.list = readings.feed
        and list_sweeps.started_at = readings.observed_at
        and list_sweeps.is_complete
    cross join parameters
    where
        (readings.first_position <> 0 or readings.places <> readings.last_position + 1)
        and readings.observed_at > parameters.run_at - interval 168 hours
    order by readings.feed, readings.observed_at
)

select * from final;
