-- One row per feed, reading and post: its place, and the place before.
-- key: feed, post_id, observed_at
with scans as (
    select
        list as feed,
        is_complete,
        started_at as observed_at
    from staging.list_sweeps
    where kind = 'feed'
),

-- a feed that shifts while it is read may show a post twice: its better place counts
ranks as (
    select
        feed,
        post_id,
        min(position) + 1 as rank,
        observed_at,
        arg_min(fetched_at, position) as fetched_at
    from staging.gallery_ranks
    where post_id is not null
    group by feed, post_id, observed_at
),

reading_times as (
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

readings as (
    select
        reading_times.feed,
        reading_times.observed_at,
        coalesce(scans.is_complete, true) as is_complete,
        lag(reading_times.observed_at) over (
            partition by reading_times.feed
            order by reading_times.observed_at
        ) as before_at
    from reading_times
    left join scans using (feed, observed_at)
),

-- a history begins a moment after the reading that its first row came with
metrics as (
    select
        post_id,
        views,
        points,
        observed_at
    from staging.post_metrics
),

counted as (
    select
        ranks.feed,
        ranks.post_id,
        ranks.rank,
        ranks.observed_at,
        metrics.views,
        metrics.points
    from ranks
    asof left join metrics
        on metrics.post_id = ranks.post_id
        and metrics.observed_at <= ranks.fetched_at
),

final as (
    select
        counted.feed,
        counted.post_id,
        posts.title,
        posts.account_name,
        counted.rank,
        before.rank as rank_before,
        before.rank - counted.rank as rank_gained,
        counted.views,
        counted.points,
        readings.is_complete,
        coalesce(posts.is_own, false) as is_own,
        counted.observed_at
    from counted
    inner join readings using (feed, observed_at)
    left join ranks as before
        on before.feed = counted.feed
        and before.post_id = counted.post_id
        and before.observed_at = readings.before_at
    left join main.posts on posts.post_id = counted.post_id
)

select * from final;

comment on column main.gallery_rank_history.post_id is 'Id of the post.';
comment on column main.gallery_rank_history.title is 'Title of the post; null where the post itself is not stored.';
comment on column main.gallery_rank_history.rank is 'Its place in this reading; 1 is the top.';
comment on column main.gallery_rank_history.rank_before is 'Its place in the reading of the feed before this one; null where that did not show it.';
comment on column main.gallery_rank_history.rank_gained is 'Places that it rose since then, negative where it fell; null where it was not there.';
comment on column main.gallery_rank_history.views is 'Views of the post as last seen by then; null where they were not known yet, or are not kept.';
comment on column main.gallery_rank_history.points is 'Points of the post as last seen by then; null where they were not known yet, or are not shown.';
comment on column main.gallery_rank_history.is_complete is 'Whether the reading got all of its pages; what it does not show may still have been there if not.';
comment on column main.gallery_rank_history.is_own is 'Whether the post is of a followed account.';
comment on column main.gallery_rank_history.observed_at is 'When the reading began, UTC.';
