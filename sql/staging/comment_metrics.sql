-- One row per value of the counters in comments and post_comments: from when until when they stood so.
with final as (
    select
        id as comment_id,
        ups,
        downs,
        points,
        observed_at,
        fetched_at as seen_until_at
    from imgur_raw.comment_metrics
)

select * from final;

comment on view staging.comment_metrics is 'One row per value of the counters in comments and post_comments: from when until when they stood so.';
comment on column staging.comment_metrics.comment_id is 'Number of the comment.';
comment on column staging.comment_metrics.ups is 'Up-votes, as a total; null where Imgur does not show votes.';
comment on column staging.comment_metrics.downs is 'Down-votes, as a total; null where Imgur does not show votes.';
comment on column staging.comment_metrics.points is 'Up-votes less down-votes; null where Imgur does not show votes.';
comment on column staging.comment_metrics.observed_at is 'When the counters were first seen to stand like this, UTC.';
comment on column staging.comment_metrics.seen_until_at is 'When the counters were last seen to stand like this, UTC.';
