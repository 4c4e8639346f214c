-- One row per post or image that a list of a followed account has ever shown: whether it is still there.
-- key: kind, item_id
with states as (
    select
        case resource when 'account_submissions' then 'post' else 'image' end as kind,
        item_id,
        is_missing,
        last_seen_at,
        missing_since,
        deleted_at
    from staging.item_states
    where resource in ('account_submissions', 'account_images')
),

item_times as (
    select
        case split_part(list, '/', 1) when 'account_submissions' then 'post' else 'image' end as kind,
        item_id,
        min(item_at) as item_at
    from staging.list_items
    where split_part(list, '/', 1) in ('account_submissions', 'account_images')
    group by kind, item_id
),

first_readings as (
    select
        'post' as kind,
        post_id as item_id,
        min(observed_at) as first_seen_at
    from staging.post_metrics
    group by post_id
    union all
    select
        'image' as kind,
        image_id as item_id,
        min(observed_at) as first_seen_at
    from staging.image_metrics
    group by image_id
),

items as (
    select
        'post' as kind,
        post_id as item_id,
        account_name,
        title,
        views,
        published_at as made_at
    from main.posts
    union all
    select
        'image' as kind,
        image_id as item_id,
        account_name,
        title,
        views,
        uploaded_at as made_at
    from main.images
),

dated as (
    select
        states.kind,
        states.item_id,
        items.account_name,
        items.title,
        case
            when states.deleted_at is not null then 'deleted'
            when states.is_missing then 'missing'
            else 'alive'
        end as state,
        items.views,
        coalesce(items.made_at, item_times.item_at) as made_at,
        coalesce(first_readings.first_seen_at, states.last_seen_at) as first_seen_at,
        states.last_seen_at,
        states.missing_since,
        states.deleted_at
    from states
    left join items using (kind, item_id)
    left join item_times using (kind, item_id)
    left join first_readings using (kind, item_id)
),

final as (
    select
        kind,
        item_id,
        account_name,
        title,
        state,
        views,
        (epoch(missing_since) - epoch(made_at)) / 3600 as age_at_loss_hours,
        (epoch(last_seen_at) - epoch(first_seen_at)) / 86400 as days_observed,
        made_at,
        first_seen_at,
        last_seen_at,
        missing_since,
        deleted_at
    from dated
)

select * from final;

comment on table main.survival is 'One row per post or image that a list of a followed account has ever shown: whether it is still there. Imgur lists images for the account that is logged in only, so those of other accounts have no row.';
comment on column main.survival.kind is 'post or image.';
comment on column main.survival.item_id is 'Id of the post or image.';
comment on column main.survival.account_name is 'User name of its owner; null where it is not shown.';
comment on column main.survival.title is 'Title as its owner wrote it.';
comment on column main.survival.state is 'alive, missing (a list does not show it) or deleted (it was missed so often that it is taken for deleted, or a direct lookup found it gone).';
comment on column main.survival.views is 'Its views, as a total, as last seen.';
comment on column main.survival.age_at_loss_hours is 'Hours from made_at to missing_since: its age when it was first found missing, at most that when it went; null while it is alive.';
comment on column main.survival.days_observed is 'Days from when it was first seen to when it was last seen.';
comment on column main.survival.made_at is 'When a post was put into the gallery, or an image uploaded, UTC.';
comment on column main.survival.first_seen_at is 'When its counters were first read, UTC; last_seen_at where they never were.';
comment on column main.survival.last_seen_at is 'When its list, a feed or a direct lookup showed it last, UTC.';
comment on column main.survival.missing_since is 'When it was first found missing, UTC; null while it is alive.';
comment on column main.survival.deleted_at is 'missing_since, where it is taken for deleted: the later proof does not move it; null otherwise.';
