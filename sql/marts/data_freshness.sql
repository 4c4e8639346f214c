-- One row per loaded table that tells of Imgur: how fresh and how whole it is.
-- key: table_name
with missing as (
    select
        resource,
        item_id
    from staging.item_states
    where is_missing
),

gone_albums as (
    select item_id as album_id
    from missing
    where resource = 'account_albums'
),

gone_posts as (
    select item_id as post_id
    from missing
    where resource = 'account_submissions'
),

-- the album of another account shows its images: what it does not show any more goes with it
gone_images as (
    select item_id as image_id
    from missing
    where resource = 'account_images'
    union
    select image_id
    from staging.image_metrics
    where
        image_id not in (select image_id from staging.images)
        and image_id not in (
            select image_id
            from staging.album_images
            where album_id not in (select album_id from gone_albums)
        )
),

-- the tree of a post goes with it; of what stood there the list of its author tells
gone_comments as (
    select comments.comment_id
    from main.comments as comments
    left join staging.comments as written using (comment_id)
    where
        comments.is_missing
        or (
            comments.post_id in (select post_id from gone_posts)
            and coalesce(written.is_missing, true)
        )
),

-- A thing is a row; of a history it is what the history is about, whose newest row tells how old it is:
-- an old row of a history is no old news. What has gone is not seen again, and its age means nothing.
things as (
    select
        'accounts' as table_name,
        1 as rows,
        false as is_gone,
        fetched_at
    from staging.accounts
    union all
    select
        'images' as table_name,
        1 as rows,
        is_missing as is_gone,
        fetched_at
    from staging.images
    union all
    select
        'albums' as table_name,
        1 as rows,
        is_missing as is_gone,
        fetched_at
    from staging.albums
    union all
    select
        'album_images' as table_name,
        1 as rows,
        album_id in (select album_id from gone_albums) as is_gone,
        fetched_at
    from staging.album_images
    union all
    select
        'comments' as table_name,
        1 as rows,
        is_missing as is_gone,
        fetched_at
    from staging.comments
    union all
    select
        'post_comments' as table_name,
        1 as rows,
        is_missing or post_id in (select post_id from gone_posts) as is_gone,
        fetched_at
    from staging.post_comments
    union all
    select
        'posts' as table_name,
        1 as rows,
        is_missing as is_gone,
        fetched_at
    from staging.posts
    union all
    select
        'subreddit_posts' as table_name,
        1 as rows,
        false as is_gone,
        fetched_at
    from staging.subreddit_posts
    union all
    select
        'post_images' as table_name,
        1 as rows,
        post_id in (select post_id from gone_posts) as is_gone,
        fetched_at
    from staging.post_images
    union all
    select
        'post_tags' as table_name,
        1 as rows,
        post_id in (select post_id from gone_posts) as is_gone,
        fetched_at
    from staging.post_tags
    union all
    select
        'tags' as table_name,
        1 as rows,
        false as is_gone,
        fetched_at
    from staging.tags
    union all
    select
        'favorites' as table_name,
        1 as rows,
        is_missing as is_gone,
        fetched_at
    from staging.favorites
    union all
    select
        'gallery_ranks' as table_name,
        count(*) as rows,
        false as is_gone,
        max(fetched_at) as fetched_at
    from staging.gallery_ranks
    group by feed
    union all
    select
        'image_metrics' as table_name,
        count(*) as rows,
        image_id in (select image_id from gone_images) as is_gone,
        max(seen_until_at) as fetched_at
    from staging.image_metrics
    group by image_id
    union all
    select
        'album_metrics' as table_name,
        count(*) as rows,
        album_id in (select album_id from gone_albums) as is_gone,
        max(seen_until_at) as fetched_at
    from staging.album_metrics
    group by album_id
    union all
    select
        'post_metrics' as table_name,
        count(*) as rows,
        post_id in (select post_id from gone_posts) as is_gone,
        max(seen_until_at) as fetched_at
    from staging.post_metrics
    group by post_id
    union all
    select
        'comment_metrics' as table_name,
        count(*) as rows,
        comment_id in (select comment_id from gone_comments) as is_gone,
        max(seen_until_at) as fetched_at
    from staging.comment_metrics
    group by comment_id
    union all
    select
        'account_metrics' as table_name,
        count(*) as rows,
        false as is_gone,
        max(seen_until_at) as fetched_at
    from staging.account_metrics
    group by account_id
),

ages as (
    select
        things.table_name,
        sum(things.rows)::bigint as rows,
        median((epoch(parameters.run_at) - epoch(things.fetched_at)) / 3600)
            filter (where not things.is_gone) as median_age_hours,
        quantile_cont((epoch(parameters.run_at) - epoch(things.fetched_at)) / 3600, 0.95)
            filter (where not things.is_gone) as p95_age_hours,
        max(things.fetched_at) as newest_at
    from things
    cross join staging.parameters
    group by things.table_name
),

lists as (
    select
        case resource when 'account_submissions' then 'posts' else substr(resource, len('account_') + 1) end
            as table_name,
        (count(*) filter (where open_gaps = 0)) / count(*) as coverage_share,
        sum(open_gaps)::bigint as open_gaps,
        case when count(last_complete_sweep_at) = count(*) then min(last_complete_sweep_at) end
            as last_complete_sweep_at
    from staging.list_coverage
    group by resource
),

feed_walks as (
    select
        list as feed,
        coalesce(is_complete, false) as is_complete,
        started_at
    from staging.list_sweeps
    where kind = 'feed'
),

feed_readings as (
    select
        'gallery_ranks' as table_name,
        *
    from feed_walks
    union all
    select
        'subreddit_posts' as table_name,
        *
    from feed_walks
    where starts_with(feed, 'r/')
),

feeds as (
    select
        table_name,
        feed,
        count(*) as readings,
        count(*) filter (where is_complete) as complete_readings,
        max(started_at) filter (where is_complete) as last_complete_at
    from feed_readings
    group by table_name, feed
),

feed_tables as (
    select
        table_name,
        sum(complete_readings) / sum(readings) as coverage_share,
        null::bigint as open_gaps,
        case when count(last_complete_at) = count(*) then min(last_complete_at) end as last_complete_sweep_at
    from feeds
    group by table_name
),

fetches as (
    select
        resource,
        item_id
    from staging.detail_fetches
    where items is not null
),

albums as (
    select
        album_id,
        images_count
    from staging.albums
    where not is_missing
),

posts as (
    select
        posts.post_id,
        posts.is_album,
        posts.images_count,
        posts.comment_count
    from staging.posts
    inner join staging.item_states
        on item_states.resource = 'account_submissions'
        and item_states.item_id = posts.post_id
    where not posts.is_missing
),

-- what is empty has no children; an album that is also a post is fetched once, as an album
wanted as (
    select
        'album_images' as table_name,
        album_id as item_id
    from albums
    where images_count is distinct from 0
    union all
    select
        'post_images' as table_name,
        post_id as item_id
    from posts
    where
        is_album
        and images_count is distinct from 0
        and post_id not in (select album_id from albums)
    union all
    select
        'post_comments' as table_name,
        post_id as item_id
    from posts
    where comment_count is distinct from 0
),

detail_tables as (
    select
        wanted.table_name,
        count(fetches.item_id) / count(*) as coverage_share,
        null::bigint as open_gaps,
        null::timestamptz as last_complete_sweep_at
    from wanted
    left join fetches
        on fetches.resource = wanted.table_name
        and fetches.item_id = wanted.item_id
    group by wanted.table_name
),

wholeness as (
    select * from lists
    union all
    select * from feed_tables
    union all
    select * from detail_tables
),

final as (
    select
        loaded_tables.table_name,
        coalesce(ages.rows, 0) as rows,
        ages.median_age_hours,
        ages.p95_age_hours,
        wholeness.coverage_share,
        wholeness.open_gaps,
        wholeness.last_complete_sweep_at,
        ages.newest_at
    from loaded_tables
    left join ages using (table_name)
    left join wholeness using (table_name)
)

select * from final;

comment on column main.data_freshness.table_name is 'Name of the table in imgur_raw.';
comment on column main.data_freshness.rows is 'Number of its rows.';
comment on column main.data_freshness.median_age_hours is 'Median hours from the last reading to the run. Of a history and of gallery_ranks the newest row of each thing or feed counts; what has gone is left out, and images, tags and comments of an album or post that has gone with it; null where nothing is left.';
comment on column main.data_freshness.p95_age_hours is 'The same, of which 95 percent are younger.';
comment on column main.data_freshness.coverage_share is 'How much of what is wanted is stored, 0 to 1: of lists the part without an open gap, of children the albums and posts of accounts that were fetched, of feeds the readings with all their pages; null where it means nothing.';
comment on column main.data_freshness.open_gaps is 'Holes in the lists it is read from; null where it is not read from lists of accounts.';
comment on column main.data_freshness.last_complete_sweep_at is 'When the last complete scan of the list or feed began that has waited longest for one, UTC; null where one never was read whole.';
comment on column main.data_freshness.newest_at is 'When its newest row was last seen, UTC; null without rows.';
