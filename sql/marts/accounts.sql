-- One row per account that is followed, as last seen, and what is stored of it.
-- key: account_id
with post_totals as (
    select
        account_id,
        count(*) as posts,
        sum(views)::bigint as post_views
    from main.posts
    where is_own and deleted_at is null
    group by account_id
),

album_totals as (
    select
        account_id,
        count(*) as albums
    from main.albums
    where deleted_at is null
    group by account_id
),

image_totals as (
    select
        account_id,
        count(*) as images,
        sum(views)::bigint as image_views
    from main.images
    where is_own and deleted_at is null
    group by account_id
),

comment_totals as (
    select
        author_id as account_id,
        count(*) as comments
    from main.comments
    where is_own and deleted_at is null and not is_stub
    group by author_id
),

final as (
    select
        accounts.account_id,
        accounts.account_name,
        accounts.bio,
        accounts.reputation_name,
        accounts.reputation,
        coalesce(post_totals.posts, 0) as posts,
        coalesce(album_totals.albums, 0) as albums,
        coalesce(image_totals.images, 0) as images,
        coalesce(comment_totals.comments, 0) as comments,
        coalesce(post_totals.post_views, 0) as post_views,
        coalesce(image_totals.image_views, 0) as image_views,
        (epoch(parameters.run_at) - epoch(accounts.fetched_at)) / 3600 as data_age_hours,
        accounts.created_at,
        accounts.fetched_at
    from staging.accounts
    cross join staging.parameters
    left join post_totals using (account_id)
    left join album_totals using (account_id)
    left join image_totals using (account_id)
    left join comment_totals using (account_id)
)

select * from final;

comment on table main.accounts is 'One row per account that is followed, as last seen, and what is stored of it. What is taken for deleted is not counted.';
comment on column main.accounts.posts is 'Number of its gallery posts that are stored.';
comment on column main.accounts.albums is 'Number of its albums that are stored.';
comment on column main.accounts.images is 'Number of its images that are stored; of an account without a login only those in albums.';
comment on column main.accounts.comments is 'Number of comments by it that are stored.';
comment on column main.accounts.post_views is 'Views of those posts together, as last seen.';
comment on column main.accounts.image_views is 'Views of those images together, as last seen.';
