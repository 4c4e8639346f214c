-- error: Rows of a mart have the same key, or none, so its numbers would count twice. Please report it, with these rows.
-- Names of accounts and authors may be missing; concat() takes them for empty then.
with keys as (
    select
        'account_daily' as table_name,
        account_id::varchar || ' ' || day::varchar as key,
        count(*) as copies
    from main.account_daily
    group by all
    union all
    select
        'accounts',
        account_id::varchar,
        count(*)
    from main.accounts
    group by all
    union all
    select
        'album_performance',
        album_id::varchar || ' ' || image_id::varchar,
        count(*)
    from main.album_performance
    group by all
    union all
    select
        'albums',
        album_id::varchar,
        count(*)
    from main.albums
    group by all
    union all
    select
        'comment_threads',
        root_id::varchar,
        count(*)
    from main.comment_threads
    group by all
    union all
    select
        'comments',
        comment_id::varchar,
        count(*)
    from main.comments
    group by all
    union all
    select
        'credit_by_endpoint',
        endpoint::varchar,
        count(*)
    from main.credit_by_endpoint
    group by all
    union all
    select
        'credit_daily',
        day::varchar,
        count(*)
    from main.credit_daily
    group by all
    union all
    select
        'data_freshness',
        table_name::varchar,
        count(*)
    from main.data_freshness
    group by all
    union all
    select
        'format_lift',
        concat(account_id, ' ', case when account_id is null then lower(account_name) end, ' ', format),
        count(*)
    from main.format_lift
    group by all
    union all
    select
        'gallery_rank_history',
        feed::varchar || ' ' || post_id::varchar || ' ' || observed_at::varchar,
        count(*)
    from main.gallery_rank_history
    group by all
    union all
    select
        'gallery_trajectory',
        feed::varchar || ' ' || post_id::varchar,
        count(*)
    from main.gallery_trajectory
    group by all
    union all
    select
        'images',
        image_id::varchar,
        count(*)
    from main.images
    group by all
    union all
    select
        'post_benchmark',
        post_id::varchar || ' ' || age_bucket::varchar,
        count(*)
    from main.post_benchmark
    group by all
    union all
    select
        'post_daily',
        post_id::varchar || ' ' || day::varchar,
        count(*)
    from main.post_daily
    group by all
    union all
    select
        'post_lifetime',
        post_id::varchar || ' ' || age_bucket::varchar,
        count(*)
    from main.post_lifetime
    group by all
    union all
    select
        'post_scorecard',
        post_id::varchar,
        count(*)
    from main.post_scorecard
    group by all
    union all
    select
        'posting_heatmap',
        concat(account_id, ' ', case when account_id is null then lower(account_name) end, ' ', weekday, ' ', hour),
        count(*)
    from main.posting_heatmap
    group by all
    union all
    select
        'posts',
        post_id::varchar,
        count(*)
    from main.posts
    group by all
    union all
    select
        'run_history',
        run_id::varchar,
        count(*)
    from main.run_history
    group by all
    union all
    select
        'social_rollup',
        post_id::varchar,
        count(*)
    from main.social_rollup
    group by all
    union all
    select
        'survival',
        kind::varchar || ' ' || item_id::varchar,
        count(*)
    from main.survival
    group by all
    union all
    select
        'tag_lift',
        concat(account_id, ' ', case when account_id is null then lower(account_name) end, ' ', tag),
        count(*)
    from main.tag_lift
    group by all
    union all
    select
        'top_commenters',
        concat(author_id, ' ', case when author_id is null then lower(author_name) end),
        count(*)
    from main.top_commenters
    group by all
),

-- image_daily is left out: it is the longest by far, and its days come from one row of a reading each
final as (
    select
        table_name,
        key,
        copies
    from keys
    where
        copies > 1
        or key is null
    order by table_name, key
)

select * from final;
