-- One row per feed and post that it has shown: how it came, rose and left.
-- key: feed, post_id
with ranks as (
    select
        feed,
        post_id,
        min(position) + 1 as rank,
        observed_at
    from staging.gallery_ranks
    where post_id is not null
    -- a feed that shifts while it is read may show a post twice
    group by feed, post_id, observed_at
),

scans as (
    select
        list as feed,
        is_complete,
        started_at as observed_at
    from staging.list_sweeps
    where kind = 'feed'
),

-- a reading that broke off does not tell who has left; one that found the feed empty does
readings as (
    select
        feed,
        observed_at
    from ranks
    union
    select
        feed,
        observed_at
    from scans
),

whole_readings as (
    select
        readings.feed,
        readings.observed_at,
        lag(readings.observed_at) over feeds as before_at,
        lead(readings.observed_at) over feeds as after_at
    from readings
    left join scans using (feed, observed_at)
    where coalesce(scans.is_complete, true)
    window feeds as (partition by readings.feed order by readings.observed_at)
),

intervals as (
    select
        feed,
        observed_at,
        before_at,
        after_at,
        (epoch(observed_at) - epoch(before_at)) / 3600 as hours_before,
        (epoch(after_at) - epoch(observed_at)) / 3600 as hours_after
    from whole_readings
),

-- each reading stands for half of the time to either side; of what is longer than 36 hours nobody knows
weighed as (
    select
        feed,
        observed_at,
        before_at,
        after_at,
        coalesce(case when hours_before <= 36 then hours_before / 2 end, 0)
        + coalesce(case when hours_after <= 36 then hours_after / 2 end, 0) as hours
    from intervals
),

places as (
    select
        ranks.feed,
        ranks.post_id,
        ranks.rank,
        weighed.hours,
        weighed.before_at is not distinct from lag(ranks.observed_at) over stays
        and weighed.before_at is not null as is_stay,
        ranks.observed_at,
        weighed.before_at,
        weighed.after_at
    from ranks
    inner join weighed using (feed, observed_at)
    window stays as (partition by ranks.feed, ranks.post_id order by ranks.observed_at)
),

paths as (
    select
        feed,
        post_id,
        arg_min(rank, observed_at) as entered_rank,
        min(rank) as best_rank,
        arg_max(rank, observed_at) as last_rank,
        count(*) as readings,
        count(*) filter (where not is_stay) as stays,
        coalesce(sum(hours) filter (where rank <= 10), 0) as top_10_hours,
        coalesce(sum(hours) filter (where rank <= 60), 0) as top_60_hours,
        -- what the first reading of a feed shows came at a time that nobody saw
        bool_or(before_at is null) as is_from_start,
        min(observed_at) as entered_at,
        arg_min(observed_at, (rank, observed_at)) as best_at,
        max(observed_at) as last_seen_at,
        arg_max_null(after_at, observed_at) as exited_at
    from places
    group by feed, post_id
),

virals as (
    select
        post_id,
        is_from_start,
        entered_at
    from paths
    where feed = 'hot/viral'
),

final as (
    select
        paths.feed,
        paths.post_id,
        posts.title,
        posts.account_name,
        paths.entered_rank,
        paths.best_rank,
        paths.last_rank,
        paths.readings,
        paths.stays,
        paths.top_10_hours,
        paths.top_60_hours,
        case
            when not paths.is_from_start then (epoch(paths.entered_at) - epoch(posts.published_at)) / 3600
        end as hours_to_entry,
        case
            when not virals.is_from_start then (epoch(virals.entered_at) - epoch(posts.published_at)) / 3600
        end as hours_to_viral,
        paths.exited_at is null as is_there,
        coalesce(posts.is_own, false) as is_own,
        paths.entered_at,
        paths.best_at,
        paths.last_seen_at,
        paths.exited_at
    from paths
    left join main.posts using (post_id)
    left join virals using (post_id)
)

select * from final;

comment on table main.gallery_trajectory is 'One row per feed and post that it has shown: how it came, rose and left. Readings of a feed that broke off are left out.';
comment on column main.gallery_trajectory.post_id is 'Id of the image or album.';
comment on column main.gallery_trajectory.entered_rank is 'Place in the first reading that shows it, from 1.';
comment on column main.gallery_trajectory.best_rank is 'Best place in any reading, from 1.';
comment on column main.gallery_trajectory.last_rank is 'Place in the last reading that shows it, from 1.';
comment on column main.gallery_trajectory.readings is 'Number of readings that show it.';
comment on column main.gallery_trajectory.stays is 'How often it came: 1, and 1 more each time a reading shows it and the one before does not.';
comment on column main.gallery_trajectory.top_10_hours is 'Hours in the first 10 places: an interval between two readings counts whole where it stood there at both ends, half where at one, and not at all where it is longer than 36 hours.';
comment on column main.gallery_trajectory.top_60_hours is 'Hours in the first 60 places, counted the same way.';
comment on column main.gallery_trajectory.hours_to_entry is 'Hours from publication to entered_at, at most one interval between readings too long; null where the feed''s first reading shows it, for it came before.';
comment on column main.gallery_trajectory.hours_to_viral is 'Hours from publication until hot/viral first showed it, the same in all rows of a post, at most one interval between readings too long; null where it never did, or did so in its first reading.';
comment on column main.gallery_trajectory.is_there is 'Whether the feed''s latest reading shows it.';
comment on column main.gallery_trajectory.entered_at is 'Time of the first reading that shows it, UTC; it came after the reading before.';
comment on column main.gallery_trajectory.best_at is 'Time of the first reading with its best place, UTC.';
comment on column main.gallery_trajectory.last_seen_at is 'Time of the last reading that shows it, UTC.';
comment on column main.gallery_trajectory.exited_at is 'Time of the first reading after last_seen_at, which does not show it, UTC; null while it is there.';
