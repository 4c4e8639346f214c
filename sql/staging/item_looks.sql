-- One row per direct look at an item that its list no longer showed.
with final as (
    select
        list,
        item_id,
        is_gone,
        looked_at,
        fetched_at
    from imgur_raw.item_looks
)

select * from final;

comment on view staging.item_looks is 'One row per direct look at an item that its list no longer showed.';
comment on column staging.item_looks.list is 'The list that no longer showed it.';
comment on column staging.item_looks.item_id is 'Id of the image, album, post or comment, as text.';
comment on column staging.item_looks.is_gone is 'Whether Imgur answered that there is no such thing (404).';
comment on column staging.item_looks.looked_at is 'When the answer was received, UTC.';
comment on column staging.item_looks.fetched_at is 'When the reply that this row was read from was received, UTC.';
