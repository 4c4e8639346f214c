-- One row per run and kind of request: what it cost.
with final as (
    select
        run_id,
        endpoint,
        credits as credits_spent,
        requests,
        unchanged,
        replays,
        rows_new,
        rows_refreshed,
        fetched_at
    from imgur_raw.credit_charges
)

select * from final;

comment on view staging.credit_charges is 'One row per run and kind of request: what it cost.';
comment on column staging.credit_charges.run_id is 'The run, as in sync_runs.';
comment on column staging.credit_charges.endpoint is 'The kind of request, such as account_images.';
comment on column staging.credit_charges.credits_spent is 'Credits spent, one per attempt; requests to /oauth2 cost none.';
comment on column staging.credit_charges.requests is 'Requests sent, retries and token refreshes included.';
comment on column staging.credit_charges.unchanged is 'Of these, how many were answered that nothing has changed (304).';
comment on column staging.credit_charges.replays is 'Replies that an earlier run had paid for, used again at no credit.';
comment on column staging.credit_charges.rows_new is 'Rows of things that were not held before; null where that is not known.';
comment on column staging.credit_charges.rows_refreshed is 'Rows of things that were held; null where that is not known.';
comment on column staging.credit_charges.fetched_at is 'When the reply that this row was read from was received, UTC.';
