-- One row per record of a reply that could not be understood, kept for a person to look at.
with final as (
    select
        id as record_id,
        endpoint,
        reason,
        raw,
        fetched_at
    from imgur_raw.rejected_records
)

select * from final;

comment on view staging.rejected_records is 'One row per record of a reply that could not be understood, kept for a person to look at.';
comment on column staging.rejected_records.record_id is 'Hash of endpoint and text, so that the same record stands here once.';
comment on column staging.rejected_records.endpoint is 'The kind of request whose reply held it.';
comment on column staging.rejected_records.reason is 'What could not be understood.';
comment on column staging.rejected_records.raw is 'The record as it came, without its secrets.';
comment on column staging.rejected_records.fetched_at is 'When the reply that this row was read from was received, UTC.';
