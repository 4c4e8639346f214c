-- One row per post of a followed account and age at which its views are known, with what the account's posts usually had by then.
-- key: post_id, age_bucket
with posts as (
    select
        post_id,
        account_id,
        account_name,
        -- a name may pass to another account; where neither is known nobody can tell whose posts are its peers
        coalesce('#' || account_id, lower(account_name), '/' || post_id) as author_key,
        views,
        age_hours
    from main.posts
    where is_own
),

ages as (
    select
        post_id,
        age_bucket,
        age_hours,
        views
    from main.post_lifetime
    where views is not null
),

-- posts that are older than the last age have next to nothing to come: their totals are compared as they stand
totals as (
    select
        posts.post_id,
        posts.account_id,
        posts.account_name,
        posts.author_key,
        ages.age_bucket,
        ages.age_hours,
        ages.views
    from ages
    inner join posts using (post_id)
    union all
    select
        post_id,
        account_id,
        account_name,
        author_key,
        'final' as age_bucket,
        null as age_hours,
        views
    from posts
    where age_hours > 2160 and views is not null
),

usual as (
    select
        author_key,
        age_bucket,
        median(views) as median_views,
        quantile_cont(views, 0.2) as p20_views,
        quantile_cont(views, 0.8) as p80_views,
        count(*) as posts
    from totals
    group by author_key, age_bucket
),

compared as (
    select
        totals.post_id,
        totals.account_id,
        totals.account_name,
        totals.age_bucket,
        case
            when usual.posts < 5 then null
            when totals.views > usual.p80_views then 'above'
            when totals.views < usual.p20_views then 'below'
            else 'normal'
        end as standing,
        totals.age_hours,
        totals.views,
        usual.median_views,
        usual.p20_views,
        usual.p80_views,
        usual.posts,
        totals.views / nullif(usual.median_views, 0) as views_index,
        row_number() over (partition by totals.post_id order by totals.age_hours desc nulls first) = 1 as is_latest
    from totals
    inner join usual using (author_key, age_bucket)
),

-- of a first day's views little can be told, and beside fewer than 5 peers a post is compared with little but itself
final as (
    select
        *,
        is_latest
        and standing is not null
        and views_index is not null
        and (age_hours >= 24 or age_bucket = 'final') as is_comparable
    from compared
)

select * from final;

comment on table main.post_benchmark is 'One row per post of a followed account and age at which its views are known, with what the account''s posts usually had by then. Peers are all posts of the account whose views are known at the same age, the post itself included; whose a post is its account_id tells, and where that is null the name.';
comment on column main.post_benchmark.account_id is 'Number of the author''s account; null where it is not known.';
comment on column main.post_benchmark.account_name is 'User name of the author, which an account that is not read any more may bear, too; null where it is not known.';
comment on column main.post_benchmark.age_bucket is 'The age as a label, as in post_lifetime; final for the total of a post last seen more than 90 days after publication.';
comment on column main.post_benchmark.standing is 'above where it has more views than p80_views, below where it has fewer than p20_views, else normal; null with fewer than 5 peers.';
comment on column main.post_benchmark.age_hours is 'The age in hours since publication; null for final.';
comment on column main.post_benchmark.views is 'Views of the post at this age; for final as last seen.';
comment on column main.post_benchmark.median_views is 'Median of the peers'' views.';
comment on column main.post_benchmark.p20_views is 'Views that a fifth of the peers stay below, interpolated.';
comment on column main.post_benchmark.p80_views is 'Views that a fifth of the peers exceed, interpolated.';
comment on column main.post_benchmark.posts is 'Number of peers.';
comment on column main.post_benchmark.views_index is 'Views divided by the median: 1 is usual, 2 twice that; null where the median is 0.';
comment on column main.post_benchmark.is_latest is 'Whether this is the greatest age at which the post''s views are known; final is greater than all.';
comment on column main.post_benchmark.is_comparable is 'Whether the index stands for the post where posts are compared (tag_lift, format_lift, posting_heatmap): of its greatest age, from 24 hours on, with 5 peers and a median above 0.';
