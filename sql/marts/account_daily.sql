-- One row per followed account and UTC day, from the first day anything is known of it to the last.
-- key: account_id, day
with run as (
    select run_at
    from staging.parameters
),

posts as (
    select
        post_id,
        account_id,
        (published_at at time zone 'UTC')::date as day
    from main.posts
),

images as (
    select
        image_id,
        account_id,
        (uploaded_at at time zone 'UTC')::date as day
    from main.images
),

comments as (
    select
        author_id as account_id,
        (commented_at at time zone 'UTC')::date as day
    from main.comments
),

histories as (
    select
        account_id,
        reputation,
        observed_at,
        seen_until_at
    from staging.account_metrics
    where observed_at is not null
),

readings as (
    select
        account_id,
        reputation,
        observed_at as read_at
    from histories
    union all
    select
        account_id,
        reputation,
        seen_until_at as read_at
    from histories
    where seen_until_at > observed_at
),

reading_days as (
    select
        account_id,
        reputation,
        read_at,
        (read_at at time zone 'UTC')::date as read_day
    from readings
),

-- the reputation at the end of each day, as in post_daily; an account has no start, its points need not begin at 0
pairs as (
    select
        account_id,
        reputation,
        lead(reputation) over history as next_reputation,
        read_at,
        read_day,
        lead(read_at) over history as next_at,
        lead(read_day) over history as next_day
    from reading_days
    window history as (partition by account_id order by read_at)
),

days as (
    select
        *,
        unnest(generate_series(read_day, coalesce(next_day - 1, read_day), interval 1 day))::date as day
    from pairs
),

reputations as (
    select
        account_id,
        case
            when next_at is null then reputation
            when epoch(next_at) = epoch(day + 1) then next_reputation
            else
                reputation
                + round(
                    (next_reputation - reputation)
                    * (epoch(day + 1) - epoch(read_at)) / (epoch(next_at) - epoch(read_at))
                )::bigint
        end as reputation,
        day
    from days
),

reputation_gains as (
    select
        account_id,
        day,
        reputation,
        reputation - lag(reputation) over history as reputation_gained
    from reputations
    window history as (partition by account_id order by day)
),

made as (
    select
        account_id,
        day,
        count(*) filter (where kind = 'post') as posts_published,
        count(*) filter (where kind = 'image') as images_uploaded,
        count(*) filter (where kind = 'comment') as comments_written
    from (
        select
            account_id,
            day,
            'post' as kind
        from posts
        union all
        select
            account_id,
            day,
            'image' as kind
        from images
        union all
        select
            account_id,
            day,
            'comment' as kind
        from comments
    ) as made_things
    where day is not null
    group by account_id, day
),

post_gains as (
    select
        posts.account_id,
        post_daily.day,
        sum(post_daily.views_gained)::bigint as post_views_gained,
        sum(post_daily.points_gained)::bigint as points_gained,
        sum(post_daily.comments_gained)::bigint as comments_gained
    from main.post_daily as post_daily
    inner join posts using (post_id)
    group by posts.account_id, post_daily.day
),

image_gains as (
    select
        images.account_id,
        image_daily.day,
        sum(image_daily.views_gained)::bigint as image_views_gained
    from main.image_daily as image_daily
    inner join images using (image_id)
    group by images.account_id, image_daily.day
),

known_days as (
    select
        account_id,
        day
    from reputation_gains
    union
    select
        account_id,
        day
    from made
    union
    select
        account_id,
        day
    from post_gains
    union
    select
        account_id,
        day
    from image_gains
),

-- a thing with a time that cannot be, before Imgur or after the run, gives no days
spans as (
    select
        known_days.account_id,
        min(known_days.day) as first_day,
        max(known_days.day) as last_day
    from known_days
    cross join run
    where known_days.day between date '2009-02-01' and (run.run_at at time zone 'UTC')::date
    group by known_days.account_id
),

account_days as (
    select
        accounts.account_id,
        accounts.account_name,
        unnest(generate_series(spans.first_day, spans.last_day, interval 1 day))::date as day
    from main.accounts
    inner join spans using (account_id)
),

final as (
    select
        account_days.account_id,
        account_days.account_name,
        account_days.day,
        reputation_gains.reputation,
        reputation_gains.reputation_gained,
        coalesce(made.posts_published, 0) as posts_published,
        coalesce(made.images_uploaded, 0) as images_uploaded,
        coalesce(made.comments_written, 0) as comments_written,
        post_gains.post_views_gained,
        image_gains.image_views_gained,
        post_gains.points_gained,
        post_gains.comments_gained
    from account_days
    left join reputation_gains using (account_id, day)
    left join made using (account_id, day)
    left join post_gains using (account_id, day)
    left join image_gains using (account_id, day)
)

select * from final;

comment on table main.account_daily is 'One row per followed account and UTC day, from the first day anything is known of it to the last. Before readings began there is what it made, and what its posts and images of that week are taken to have gained since (is_interpolated in post_daily); the last day may not be whole.';
comment on column main.account_daily.account_id is 'Number of the account.';
comment on column main.account_daily.account_name is 'User name of the account.';
comment on column main.account_daily.reputation is 'Reputation at the day''s end, taken to move evenly between two readings; on the last day as last seen; null where it was not read yet, or any more.';
comment on column main.account_daily.reputation_gained is 'That reputation less that of the day before; null on the first day of its readings.';
comment on column main.account_daily.posts_published is 'Posts of this day that were ever seen, also if they have gone since.';
comment on column main.account_daily.images_uploaded is 'Images of this day that were ever seen, also if they have gone since.';
comment on column main.account_daily.comments_written is 'Comments of this day that were ever seen, in its own list or under a post, also if they have gone since.';
comment on column main.account_daily.post_views_gained is 'Views that its posts gained on this day (post_daily), as far as that is known; null where it is known of none.';
comment on column main.account_daily.image_views_gained is 'Views that its images gained on this day (image_daily), as far as that is known; null where it is known of none. Of an account that is not logged in only images of public albums are known, and those are read only with their album, when it has changed or after greatest_age_days: their gains are not known before the second reading (unless the first came within a week of the upload), and spread evenly over the time between two (is_interpolated in image_daily).';
comment on column main.account_daily.points_gained is 'Points that its posts gained on this day, as far as that is known; null where it is known of none.';
comment on column main.account_daily.comments_gained is 'Comments that its posts gained on this day, as far as that is known; null where it is known of none.';
