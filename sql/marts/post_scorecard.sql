-- One row per gallery post: how it was received.
-- key: post_id
with posts as (
    select
        post_id,
        account_name,
        title,
        views,
        ups,
        downs,
        points,
        comment_count,
        favorite_count,
        ups + downs as votes,
        is_own,
        published_at,
        fetched_at
    from main.posts
),

ratios as (
    select
        post_id,
        ups / nullif(votes, 0) as upvote_share,
        1000.0::double * comment_count / nullif(views, 0) as comments_per_1000_views,
        1000.0::double * favorite_count / nullif(views, 0) as favorites_per_1000_views,
        (votes + comment_count + favorite_count) / nullif(views, 0) as engagement_rate
    from posts
),

-- Wilson's bound with z = 1.96; counters below 0 would have no square root
bounds as (
    select
        posts.post_id,
        greatest(
            0,
            (
                ratios.upvote_share + 1.96 ** 2 / (2 * posts.votes)
                - 1.96 * sqrt(
                    ratios.upvote_share * (1 - ratios.upvote_share) / posts.votes
                    + 1.96 ** 2 / (4 * posts.votes ** 2)
                )
            ) / (1 + 1.96 ** 2 / posts.votes)
        ) as upvote_share_low
    from posts
    inner join ratios using (post_id)
    where posts.ups >= 0 and posts.downs >= 0 and posts.votes > 0
),

-- a rate needs two readings that are at least an hour apart: a second's one more view is no rush;
-- and no more than 36: what came in a week is no peak
readings as (
    select
        post_id,
        views,
        is_start,
        read_at,
        max(views) over whole as highest_views,
        bool_or(is_start) over whole as has_start,
        max(read_at) over whole as last_read_at,
        lag(views) over history as views_before,
        lag(read_at) over history as before_at,
        last_value(views) over an_hour_before as views_then,
        last_value(read_at) over an_hour_before as then_at
    from staging.post_readings
    where views is not null
    window
        whole as (partition by post_id),
        history as (partition by post_id order by read_at),
        an_hour_before as (
            partition by post_id
            order by read_at
            range between unbounded preceding and interval 1 hour preceding
        )
),

rates as (
    select
        post_id,
        (views - views_then) / ((epoch(read_at) - epoch(then_at)) / 3600) as views_per_hour,
        make_timestamptz((epoch_us(read_at) + epoch_us(then_at)) // 2) as middle_at
    from readings
    where views > views_then and epoch(read_at) - epoch(then_at) <= 36 * 3600
),

peaks as (
    select
        post_id,
        max(views_per_hour) as peak_views_per_hour,
        arg_min(middle_at, (-views_per_hour, middle_at)) as peak_at
    from rates
    group by post_id
),

-- the readings between which half was reached; the start is the time of publication, so ages need no other
halves as (
    select
        readings.post_id,
        (readings.highest_views / 2 - readings.views_before) / (readings.views - readings.views_before)
            as passed_share,
        (epoch(readings.before_at) - epoch(posts.published_at)) / 3600 as from_hours,
        (epoch(readings.read_at) - epoch(posts.published_at)) / 3600 as to_hours
    from readings
    inner join posts using (post_id)
    where
        readings.has_start
        and readings.views >= readings.highest_views / 2
        and readings.views_before < readings.highest_views / 2
        and readings.last_read_at > posts.published_at + interval 24 hours
    qualify row_number() over (partition by readings.post_id order by readings.read_at) = 1
),

-- as in post_lifetime, deep in a long gap nothing is known
half_lives as (
    select
        post_id,
        from_hours + (to_hours - from_hours) * passed_share as half_life_hours,
        from_hours as half_life_from_hours,
        to_hours as half_life_to_hours
    from halves
    where to_hours - from_hours <= greatest(36, half_life_hours)
),

benchmarks as (
    select
        post_id,
        views_index,
        standing,
        age_bucket
    from main.post_benchmark
    where is_latest
),

trajectories as (
    select
        post_id,
        best_rank,
        top_60_hours
    from main.gallery_trajectory
    where feed = 'hot/viral'
),

comments as (
    select
        posts.post_id,
        count(*) filter (where comments.commented_at < posts.published_at + interval 1 hour) as in_first_hour,
        count(*) filter (where comments.commented_at < posts.published_at + interval 24 hours) as in_first_day
    from posts
    inner join staging.post_comments as comments using (post_id)
    group by posts.post_id
),

-- a tree that was read too early does not tell how many came; where there is no comment no tree is asked for
lookups as (
    select
        posts.post_id,
        posts.published_at,
        greatest(trees.read_at, case when posts.comment_count = 0 then posts.fetched_at end) as read_at
    from posts
    left join staging.comment_trees as trees using (post_id)
),

talks as (
    select
        lookups.post_id,
        case
            when lookups.read_at >= lookups.published_at + interval 1 hour
                then coalesce(comments.in_first_hour, 0)
        end as comments_first_hour,
        case
            when lookups.read_at >= lookups.published_at + interval 24 hours
                then coalesce(comments.in_first_day, 0)
        end as comments_first_day
    from lookups
    left join comments using (post_id)
),

final as (
    select
        posts.post_id,
        posts.account_name,
        posts.title,
        benchmarks.standing,
        benchmarks.age_bucket,
        posts.views,
        posts.ups,
        posts.downs,
        posts.points,
        posts.comment_count,
        posts.favorite_count,
        ratios.upvote_share,
        bounds.upvote_share_low,
        ratios.comments_per_1000_views,
        ratios.favorites_per_1000_views,
        ratios.engagement_rate,
        half_lives.half_life_hours,
        half_lives.half_life_from_hours,
        half_lives.half_life_to_hours,
        peaks.peak_views_per_hour,
        benchmarks.views_index,
        trajectories.best_rank,
        trajectories.top_60_hours as front_page_hours,
        talks.comments_first_hour,
        talks.comments_first_day,
        posts.is_own,
        peaks.peak_at,
        posts.published_at
    from posts
    inner join ratios using (post_id)
    left join bounds using (post_id)
    left join peaks using (post_id)
    left join half_lives using (post_id)
    left join benchmarks using (post_id)
    left join trajectories using (post_id)
    left join talks using (post_id)
)

select * from final;

comment on table main.post_scorecard is 'One row per gallery post: how it was received. Totals are as last seen.';
comment on column main.post_scorecard.post_id is 'Id of the image or album; upper and lower case differ.';
comment on column main.post_scorecard.account_name is 'User name of the author; null for anonymous and for hidden authors.';
comment on column main.post_scorecard.standing is 'above, normal or below among the account''s posts at the same age (post_benchmark); null for posts of others, without an age_bucket and with fewer than 5 peers.';
comment on column main.post_scorecard.age_bucket is 'The age at which standing and views_index compare: the greatest one at which its views are known; null for posts of others and where its views are known at no age of post_lifetime.';
comment on column main.post_scorecard.views is 'How often it has been viewed, as a total.';
comment on column main.post_scorecard.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column main.post_scorecard.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column main.post_scorecard.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column main.post_scorecard.favorite_count is 'How many accounts have it among their favourites, as a total.';
comment on column main.post_scorecard.upvote_share is 'Up-votes as a share of all votes, 0 to 1; null without a vote.';
comment on column main.post_scorecard.upvote_share_low is 'Lower end of that share''s 95 % interval (Wilson), 0 to 1; orders posts with few and with many votes fairly; null without a vote.';
comment on column main.post_scorecard.comments_per_1000_views is 'Comments per 1000 views; null without a view.';
comment on column main.post_scorecard.favorites_per_1000_views is 'Favourites per 1000 views; null without a view.';
comment on column main.post_scorecard.engagement_rate is 'Votes, comments and favourites together per view; null without a view or where votes are not shown.';
comment on column main.post_scorecard.half_life_hours is 'Age in hours at which it first had half of the highest views ever read; null where its history began late, ends within 24 hours, or has a gap there of more than 36 hours and that age.';
comment on column main.post_scorecard.half_life_from_hours is 'Age at the last reading before half was reached; 0 where that is the publication itself.';
comment on column main.post_scorecard.half_life_to_hours is 'Age at the first reading after half was reached: the half-life lies between the two.';
comment on column main.post_scorecard.peak_views_per_hour is 'Most views per hour between two readings 1 to 36 hours apart; null where none of them shows a rise.';
comment on column main.post_scorecard.views_index is 'Views divided by the median of the account''s posts at the same age: 1 is usual; null for posts of others and without an age_bucket.';
comment on column main.post_scorecard.best_rank is 'Best place in the feed hot/viral, 1 is the top; null where no complete reading of that feed shows it.';
comment on column main.post_scorecard.front_page_hours is 'Hours among the first 60 of the feed hot/viral; null where no complete reading of that feed shows it.';
comment on column main.post_scorecard.comments_first_hour is 'Comments written within an hour of publication; 0 where it had none at all after that hour; null where its comments were not read after it.';
comment on column main.post_scorecard.comments_first_day is 'Comments written within 24 hours of publication; 0 where it had none at all after those hours; null where its comments were not read after them.';
comment on column main.post_scorecard.is_own is 'Whether it is of a followed account.';
comment on column main.post_scorecard.peak_at is 'Middle of the time of that peak, UTC; null without one.';
