-- One row per walk over a list or feed: what it covered, whether whole, and whether that is proved.
with final as (
    select
        list,
        kind,
        reason,
        doubt,
        pages,
        items,
        is_complete,
        is_proved,
        started_at,
        ended_at,
        newest_at,
        oldest_at,
        fetched_at
    from imgur_raw.list_sweeps
)

select * from final;

comment on view staging.list_sweeps is 'One row per walk over a list or feed: what it covered, whether whole, and whether that is proved.';
comment on column staging.list_sweeps.list is 'Which list, such as account_images/me or hot/viral.';
comment on column staging.list_sweeps.kind is 'sweep (the whole list), head (from the front down to what is held), gap (what an earlier walk left out), refresh (held pages once more) or feed.';
comment on column staging.list_sweeps.reason is 'Why the walk ended where it did.';
comment on column staging.list_sweeps.doubt is 'Why it is not proved; null where it is.';
comment on column staging.list_sweeps.pages is 'Pages read, the empty one at the end included, 1 credit each.';
comment on column staging.list_sweeps.items is 'Items met, each counted once.';
comment on column staging.list_sweeps.is_complete is 'Whether all between the two ends was read, as far as the walk can tell; for a feed, its wanted pages.';
comment on column staging.list_sweeps.is_proved is 'Whether the list''s count, or the whole of it on one page, shows that nothing was skipped.';
comment on column staging.list_sweeps.started_at is 'When its first page was asked for, or received where that was in a run that broke off, UTC.';
comment on column staging.list_sweeps.ended_at is 'When the walk ended, UTC.';
comment on column staging.list_sweeps.newest_at is 'Upper end of what the walk covered, by the items'' datetime, UTC; null where it began at the front.';
comment on column staging.list_sweeps.oldest_at is 'Lower end of what the walk covered, by the items'' datetime, UTC; null where it reached the end.';
comment on column staging.list_sweeps.fetched_at is 'When the reply that this row was read from was received, UTC.';
