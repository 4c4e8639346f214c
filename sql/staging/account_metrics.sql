-- One row per value of the counters in accounts: from when until when they stood so.
with final as (
    select
        id as account_id,
        reputation,
        observed_at,
        fetched_at as seen_until_at
    from imgur_raw.account_metrics
)

select * from final;

comment on view staging.account_metrics is 'One row per value of the counters in accounts: from when until when they stood so.';
comment on column staging.account_metrics.account_id is 'Number of the account; stays when it is renamed.';
comment on column staging.account_metrics.reputation is 'Points of the account over all its posts and comments; may be negative.';
comment on column staging.account_metrics.observed_at is 'When the counters were first seen to stand like this, UTC.';
comment on column staging.account_metrics.seen_until_at is 'When the counters were last seen to stand like this, UTC.';
