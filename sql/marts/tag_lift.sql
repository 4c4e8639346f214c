-- One row per followed account and tag of its posts that have a comparable index: how posts with the tag did beside those without.
-- key: account_id or account_name, tag
with indices as (
    select
        benchmark.post_id,
        benchmark.account_id,
        benchmark.account_name,
        -- a name may pass to another account
        coalesce('#' || benchmark.account_id, lower(benchmark.account_name)) as author_key,
        benchmark.views_index
    from main.post_benchmark as benchmark
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

tags as (
    select distinct
        post_id,
        tag
    from staging.post_tags
),

-- all posts of an account in the order of their index; a place stands for the post
ranked as (
    select
        *,
        row_number() over (partition by author_key order by views_index, post_id) as place,
        count(*) over (partition by author_key) as account_posts
    from indices
),

with_tag as (
    select
        ranked.author_key,
        tags.tag,
        ranked.place,
        ranked.account_posts,
        row_number() over (partition by ranked.author_key, tags.tag order by ranked.place) as nth
    from ranked
    inner join tags using (post_id)
),

sides as (
    select
        author_key,
        tag,
        true as is_with,
        count(*) as posts
    from with_tag
    group by author_key, tag
    union all
    select
        author_key,
        tag,
        false as is_with,
        any_value(account_posts) - count(*) as posts
    from with_tag
    group by author_key, tag
),

-- of each side: the one or two posts in its middle, and those that McKean and Schrader's error is read from
wanted as (
    select
        author_key,
        tag,
        is_with,
        posts,
        (posts + 1) // 2 as lower_middle,
        posts // 2 + 1 as upper_middle,
        greatest(1, round((posts + 1) / 2 - 2.5758 * sqrt(posts / 4))::bigint) as lower_end,
        posts + 1 - lower_end as upper_end
    from sides
    where posts > 0
),

wanted_nths as (
    select
        author_key,
        tag,
        is_with,
        unnest(list_distinct([lower_middle, upper_middle, lower_end, upper_end])) as nth
    from wanted
),

-- the nth without is found behind as many of those with as stand before it, so nobody has to count through all others
places as (
    select
        wanted_nths.author_key,
        wanted_nths.tag,
        true as is_with,
        wanted_nths.nth,
        with_tag.place
    from wanted_nths
    inner join with_tag using (author_key, tag, nth)
    where wanted_nths.is_with
    union all
    select
        wanted_nths.author_key,
        wanted_nths.tag,
        false as is_with,
        wanted_nths.nth,
        wanted_nths.nth + count(*) filter (where with_tag.place - with_tag.nth < wanted_nths.nth) as place
    from wanted_nths
    inner join with_tag using (author_key, tag)
    where not wanted_nths.is_with
    group by wanted_nths.author_key, wanted_nths.tag, wanted_nths.nth
),

found as (
    select
        places.author_key,
        places.tag,
        places.is_with,
        places.nth,
        ranked.views_index
    from places
    inner join ranked using (author_key, place)
),

measures as (
    select
        wanted.author_key,
        wanted.tag,
        wanted.is_with,
        wanted.posts,
        (
            max(found.views_index) filter (where found.nth = wanted.lower_middle)
            + max(found.views_index) filter (where found.nth = wanted.upper_middle)
        ) / 2 as median_index,
        -- of logarithms, because indices multiply; a post without a view has none
        case
            when wanted.posts >= 5
                then (
                    ln(greatest(0.01, max(found.views_index) filter (where found.nth = wanted.upper_end)))
                    - ln(greatest(0.01, max(found.views_index) filter (where found.nth = wanted.lower_end)))
                ) / (2 * 2.5758)
        end as log_error
    from wanted
    inner join found using (author_key, tag, is_with)
    group by wanted.author_key, wanted.tag, wanted.is_with, wanted.posts
),

compared as (
    select
        sides.author_key,
        sides.tag,
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
        and others.tag = sides.tag
        and not others.is_with
    where sides.is_with
),

final as (
    select
        accounts.account_id,
        accounts.account_name,
        compared.tag,
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

comment on table main.tag_lift is 'One row per followed account and tag of its posts that have a comparable index: how posts with the tag did beside those without. A comparable index is a post''s views_index at the greatest age known (post_benchmark), from 24 hours on and with 5 peers; a tag of which no post has one has no row.';
comment on column main.tag_lift.account_id is 'Number of the followed account; null where it is not known, and the name tells.';
comment on column main.tag_lift.account_name is 'User name of the followed account, which one that is not read any more may bear, too; null where it is not known.';
comment on column main.tag_lift.posts is 'Posts with it that have an index.';
comment on column main.tag_lift.posts_without is 'Posts of the account without it that have an index.';
comment on column main.tag_lift.median_index is 'Median index of the posts with it.';
comment on column main.tag_lift.median_index_without is 'Median index of the posts without it; null where there are none.';
comment on column main.tag_lift.lift is 'The first median divided by the second: 1 is no difference, 1.5 half as many views again; null without others, or where their median is 0.';
comment on column main.tag_lift.lift_low is 'Lower end of the lift''s 95 % interval; above 1 the difference is hardly chance; null with fewer than 5 posts on either side, or where all are alike.';
comment on column main.tag_lift.lift_high is 'Upper end of the lift''s 95 % interval; below 1 the difference is hardly chance; null with fewer than 5 posts on either side, or where all are alike.';
