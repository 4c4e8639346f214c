-- One row per followed account with posts, weekday and hour: how many posts were published then, and how they did.
-- key: account_id or account_name, weekday, hour
with posts as (
    select
        posts.post_id,
        posts.account_id,
        posts.account_name,
        -- a name may pass to another account
        coalesce('#' || posts.account_id, lower(posts.account_name)) as author_key,
        isodow(posts.published_at at time zone parameters.report_timezone) as weekday,
        hour(posts.published_at at time zone parameters.report_timezone) as hour
    from main.posts as posts
    cross join staging.parameters as parameters
    where posts.is_own and author_key is not null
),

week_views as (
    select
        post_id,
        views
    from main.post_lifetime
    where age_bucket = '7d'
),

indices as (
    select
        post_id,
        views_index
    from main.post_benchmark
    where is_comparable
),

accounts as (
    select
        author_key,
        any_value(account_id) as account_id,
        max(account_name) as account_name
    from posts
    group by author_key
),

cells as (
    select
        accounts.author_key,
        accounts.account_id,
        accounts.account_name,
        weekdays.weekday,
        hours.hour
    from accounts
    cross join range(1, 8) as weekdays (weekday)
    cross join range(24) as hours (hour)
),

published as (
    select
        posts.author_key,
        posts.weekday,
        posts.hour,
        count(*) as posts,
        count(week_views.views) as posts_with_views,
        median(week_views.views) as median_views_7d,
        count(indices.views_index) as posts_with_index,
        median(indices.views_index) as median_index
    from posts
    left join week_views using (post_id)
    left join indices using (post_id)
    group by posts.author_key, posts.weekday, posts.hour
),

-- by wall clock an hour of spring has no posts, and one of autumn those of two hours
final as (
    select
        cells.account_id,
        cells.account_name,
        dayname(date '2024-01-01' + (cells.weekday - 1)::integer) as weekday_name,
        cells.weekday,
        cells.hour,
        coalesce(published.posts, 0) as posts,
        coalesce(published.posts_with_views, 0) as posts_with_views,
        published.median_views_7d,
        coalesce(published.posts_with_index, 0) as posts_with_index,
        published.median_index,
        -- as if 5 usual posts stood beside the real ones; of logarithms, because indices multiply
        coalesce(
            exp(
                published.posts_with_index * ln(greatest(0.01, published.median_index))
                / (published.posts_with_index + 5)
            ),
            1
        ) as score
    from cells
    left join published using (author_key, weekday, hour)
)

select * from final;

comment on table main.posting_heatmap is 'One row per followed account with posts, weekday and hour: how many posts were published then, and how they did. All 168 cells are there; weekday and hour are by the wall clock of staging.parameters.report_timezone.';
comment on column main.posting_heatmap.account_id is 'Number of the followed account; null where it is not known, and the name tells.';
comment on column main.posting_heatmap.account_name is 'User name of the followed account, which one that is not read any more may bear, too; null where it is not known.';
comment on column main.posting_heatmap.weekday_name is 'Monday to Sunday.';
comment on column main.posting_heatmap.weekday is '1 for Monday to 7 for Sunday.';
comment on column main.posting_heatmap.hour is 'Hour of the day, 0 to 23.';
comment on column main.posting_heatmap.posts is 'Posts published in this hour of the week.';
comment on column main.posting_heatmap.posts_with_views is 'Those of them whose views at an age of 7 days are known.';
comment on column main.posting_heatmap.median_views_7d is 'Median of these views; null where there are none.';
comment on column main.posting_heatmap.posts_with_index is 'Those of them with an index: views_index at the greatest age known (post_benchmark), from 24 hours on and with 5 peers.';
comment on column main.posting_heatmap.median_index is 'Median of these indices; null where there are none.';
comment on column main.posting_heatmap.score is 'The median index drawn towards 1, by half with 5 posts, on a logarithmic scale; 1 where nothing is known.';
