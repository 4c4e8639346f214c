-- One row per followed account and format of its posts that have a comparable index: how posts of the format did beside the others.
-- key: account_id or account_name, format
with indices as (
    select
        benchmark.post_id,
        benchmark.account_id,
        benchmark.account_name,
        -- a name may pass to another account
        coalesce('#' || benchmark.account_id, lower(benchmark.account_name)) as author_key,
        posts.format,
        benchmark.views_index
    from main.post_benchmark as benchmark
    inner join main.posts as posts using (post_id)
    where benchmark.is_comparable
),

accounts as (
    select
        author_key,
        any_value(account_id) as account_id,
        max(account_name) as account_name
    from indices
    group by author_key
),

formats as (
    select distinct
        author_key,
        format
    from indices
),

-- formats are few, so each is simply set against all posts of the account
sides as (
    select
        formats.author_key,
        formats.format,
        indices.format = formats.format as is_with,
        list(indices.views_index order by indices.views_index) as ordered,
        median(indices.views_index) as median_index,
        count(*) as posts
    from formats
    inner join indices using (author_key)
    group by formats.author_key, formats.format, is_with
),

-- the place from either end that McKean and Schrader's error is read from
ends as (
    select
        *,
        greatest(1, round((posts + 1) / 2 - 2.5758 * sqrt(posts / 4))::bigint) as place
    from sides
),

measures as (
    select
        author_key,
        format,
        is_with,
        posts,
        median_index,
        -- of logarithms, because indices multiply; a post without a view has none
        case
            when posts >= 5
                then (
                    ln(greatest(0.01, ordered[posts + 1 - place]))
                    - ln(greatest(0.01, ordered[place]))
                ) / (2 * 2.5758)
        end as log_error
    from ends
),

compared as (
    select
        sides.author_key,
        sides.format,
        sides.posts,
        coalesce(others.posts, 0) as posts_without,
        sides.median_index,
        others.median_index as median_index_without,
        sides.median_index / nullif(others.median_index, 0) as lift,
        -- all alike is no measure of chance
        nullif(sqrt(sides.log_error ** 2 + others.log_error ** 2), 0) as log_error
    from measures as sides
    left join measures as others
        on others.author_key = sides.author_key
        and others.format = sides.format
        and not others.is_with
    where sides.is_with
),

final as (
    select
        accounts.account_id,
        accounts.account_name,
        compared.format,
        compared.posts,
        compared.posts_without,
        compared.median_index,
        compared.median_index_without,
        compared.lift,
        compared.lift * exp(-1.96 * compared.log_error) as lift_low,
        compared.lift * exp(1.96 * compared.log_error) as lift_high
    from compared
    inner join accounts using (author_key)
)

select * from final;

comment on table main.format_lift is 'One row per followed account and format of its posts that have a comparable index: how posts of the format did beside the others. A comparable index is a post''s views_index at the greatest age known (post_benchmark), from 24 hours on and with 5 peers; a format of which no post has one has no row.';
comment on column main.format_lift.account_id is 'Number of the followed account; null where it is not known, and the name tells.';
comment on column main.format_lift.account_name is 'User name of the followed account, which one that is not read any more may bear, too; null where it is not known.';
comment on column main.format_lift.posts is 'Posts with it that have an index.';
comment on column main.format_lift.posts_without is 'Posts of the account without it that have an index.';
comment on column main.format_lift.median_index is 'Median index of the posts with it.';
comment on column main.format_lift.median_index_without is 'Median index of the posts without it; null where there are none.';
comment on column main.format_lift.lift is 'The first median divided by the second: 1 is no difference, 1.5 half as many views again; null without others, or where their median is 0.';
comment on column main.format_lift.lift_low is 'Lower end of the lift''s 95 % interval; above 1 the difference is hardly chance; null with fewer than 5 posts on either side, or where all are alike.';
comment on column main.format_lift.lift_high is 'Upper end of the lift''s 95 % interval; below 1 the difference is hardly chance; null with fewer than 5 posts on either side, or where all are alike.';
