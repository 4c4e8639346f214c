-- One row per list of an account and item that it has ever shown: whether it still does.
with items as (
    select
        list,
        item_id,
        datetime as item_at,
        fetched_at
    from imgur_raw.list_items
),

scans as (
    select
        list,
        coalesce(is_proved, false) as is_proved,
        newest_at,
        oldest_at,
        started_at
    from imgur_raw.list_sweeps
    -- a gap scan lookups for what was never seen; it finds its place by time, and a list may surprise
    where is_complete and kind is distinct from 'gap'
),

lookups as (
    select
        list,
        item_id,
        is_gone,
        looked_at
    from imgur_raw.item_looks
),

-- feeds show the posts of an account, too
posts as (
    select
        id as item_id,
        fetched_at
    from imgur_raw.posts
),

latest_looks as (
    select
        list,
        item_id,
        max(looked_at) as looked_at,
        max(looked_at) filter (where not is_gone) as found_at
    from lookups
    group by list, item_id
),

sightings as (
    select
        items.list,
        items.item_id,
        items.item_at,
        greatest(items.fetched_at, latest_looks.found_at, posts.fetched_at) as last_seen_at,
        latest_looks.looked_at
    from items
    left join latest_looks using (list, item_id)
    left join posts
        on posts.item_id = items.item_id
        and starts_with(items.list, 'account_submissions/')
),

-- most items were seen by the newest scan: only the others are compared with all scans
newest_walks as (
    select
        list,
        max(started_at) as started_at
    from scans
    group by list
),

unseen as (
    select
        sightings.list,
        sightings.item_id,
        sightings.item_at,
        sightings.last_seen_at
    from sightings
    inner join newest_walks
        on newest_walks.list = sightings.list
        and newest_walks.started_at > sightings.last_seen_at
),

-- an end that is null is open; an item without a time is covered only where both are
missed as (
    select
        unseen.list,
        unseen.item_id,
        count(*) as walks_missed,
        count(*) filter (where scans.is_proved) as proved_walks_missed,
        min(scans.started_at) as missed_since
    from unseen
    inner join scans
        on scans.list = unseen.list
        and scans.started_at > unseen.last_seen_at
        and (scans.newest_at is null or unseen.item_at < scans.newest_at)
        and (scans.oldest_at is null or unseen.item_at > scans.oldest_at)
    group by unseen.list, unseen.item_id
),

gone as (
    select
        sightings.list,
        sightings.item_id,
        min(lookups.looked_at) as gone_since
    from sightings
    inner join lookups
        on lookups.list = sightings.list
        and lookups.item_id = sightings.item_id
        and lookups.is_gone
        and lookups.looked_at > sightings.last_seen_at
    group by sightings.list, sightings.item_id
),

judged as (
    select
        sightings.list,
        sightings.item_id,
        coalesce(missed.walks_missed, 0) as walks_missed,
        coalesce(missed.proved_walks_missed, 0) as proved_walks_missed,
        gone.gone_since is not null
        or coalesce(missed.proved_walks_missed >= 2, false)
        or coalesce(missed.walks_missed >= 3, false) as is_deleted,
        sightings.item_at,
        sightings.last_seen_at,
        sightings.looked_at,
        least(missed.missed_since, gone.gone_since) as missing_since
    from sightings
    left join missed using (list, item_id)
    left join gone using (list, item_id)
),

final as (
    select
        list,
        item_id,
        walks_missed,
        proved_walks_missed,
        missing_since is not null as is_missing,
        item_at,
        last_seen_at,
        looked_at,
        missing_since,
        case when is_deleted then missing_since end as deleted_at
    from judged
)

select * from final;

comment on view staging.list_item_states is 'One row per list of an account and item that it has ever shown: whether it still does. A complete scan missed an item when it began after the item was last seen and covered the item''s time.';
comment on column staging.list_item_states.list is 'Which list, such as account_images/me.';
comment on column staging.list_item_states.walks_missed is 'Complete scans over the list that have missed the item since it was last seen.';
comment on column staging.list_item_states.proved_walks_missed is 'Those of them that are proved to have skipped nothing.';
comment on column staging.list_item_states.is_missing is 'Whether a scan has missed it, or a direct lookup was answered 404, since it was last seen.';
comment on column staging.list_item_states.item_at is 'The item''s own time in that list, UTC; null where it has none.';
comment on column staging.list_item_states.last_seen_at is 'When the list, a direct lookup or, for a post, a feed showed it last, UTC.';
comment on column staging.list_item_states.looked_at is 'When it was last looked at directly, UTC; null for never.';
comment on column staging.list_item_states.missing_since is 'When the first scan that missed it began, or it was first answered 404, UTC; null where it is there.';
comment on column staging.list_item_states.deleted_at is 'missing_since of an item that is taken for deleted: two proved scans or three of any kind missed it, or a direct lookup was answered 404; else null. It was last seen at last_seen_at.';
