-- One row per value of the counters in posts: from when until when they stood so.
with final as (
    select
        id as post_id,
        views,
        ups,
        downs,
        points,
        score,
        comment_count,
        favorite_count,
        in_most_viral as is_in_most_viral,
        observed_at,
        fetched_at as seen_until_at
    from imgur_raw.post_metrics
)

select * from final;

comment on view staging.post_metrics is 'One row per value of the counters in posts: from when until when they stood so.';
comment on column staging.post_metrics.post_id is 'Id of the image or album; upper and lower case differ.';
comment on column staging.post_metrics.views is 'How often it has been viewed, as a total.';
comment on column staging.post_metrics.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.post_metrics.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.post_metrics.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.post_metrics.score is 'Imgur''s ranking number, not the same as points; in subreddit lists a score from reddit.';
comment on column staging.post_metrics.comment_count is 'Number of comments, as a total.';
comment on column staging.post_metrics.favorite_count is 'How many accounts have it among their favourites, as a total.';
comment on column staging.post_metrics.is_in_most_viral is 'Whether it stands in Imgur''s list of most viral posts.';
comment on column staging.post_metrics.observed_at is 'When the counters were first seen to stand like this, UTC.';
comment on column staging.post_metrics.seen_until_at is 'When the counters were last seen to stand like this, UTC.';
