-- error: Images are stored of an album that is not, though albums were read too. Run once with --full-refresh --only account_albums; if it stays, please report it.
with orphans as (
    select
        album_images.album_id,
        max(album_images.fetched_at) as fetched_at
    from staging.album_images
    anti join staging.albums
        on albums.album_id = album_images.album_id
    group by album_images.album_id
),

runs as (
    select
        list_contains(resources::varchar[], 'account_albums') as has_read_albums,
        started_at,
        ended_at
    from staging.sync_runs
),

-- A run with --only album_images may take the albums from their list without keeping them, and what
-- a killed run has paid for was fetched within no run: then at least the fetch is on record.
final as (
    select
        orphans.album_id,
        orphans.fetched_at
    from orphans
    where
        exists (
            select 1
            from runs
            where
                orphans.fetched_at between runs.started_at and runs.ended_at
                and runs.has_read_albums
        )
        or not exists (
            select 1
            from runs
            where runs.ended_at >= orphans.fetched_at
        )
        or not exists (
            select 1
            from staging.detail_fetches
            where
                detail_fetches.resource = 'album_images'
                and detail_fetches.item_id = orphans.album_id
        )
    order by orphans.album_id
)

select * from final;
