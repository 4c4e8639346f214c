-- One row per item that a list of an account has ever shown: when it did so last.
with final as (
    select
        list,
        item_id,
        datetime as item_at,
        fetched_at
    from imgur_raw.list_items
)

select * from final;

comment on view staging.list_items is 'One row per item that a list of an account has ever shown: when it did so last.';
comment on column staging.list_items.list is 'Which list, such as account_images/me.';
comment on column staging.list_items.item_id is 'Id of the image, album, post or comment, as text.';
comment on column staging.list_items.item_at is 'The item''s own time in that list, UTC; null where it has none.';
comment on column staging.list_items.fetched_at is 'When the reply that this row was read from was received, UTC.';
