-- One row per post of a followed account, in the columns that reports over several platforms share.
-- key: post_id
with posts as (
    select
        post_id,
        account_id,
        account_name,
        title,
        link,
        views,
        ups,
        comment_count,
        is_album,
        published_at
    from main.posts
    where is_own
),

final as (
    select
        published_at as created_timestamp,
        post_id,
        title as post_message,
        account_id::varchar as page_id,
        account_name as page_name,
        -- the link of a single image is its file, those of old posts may begin with http
        case
            when is_album and link is not null then regexp_replace(link, '^http://', 'https://')
            else 'https://imgur.com/gallery/' || post_id
        end as post_url,
        'imgur' as platform,
        null::bigint as clicks,
        views as impressions,
        ups as likes,
        null::bigint as shares,
        comment_count as comments
    from posts
)

select * from final;

comment on table main.social_rollup is 'One row per post of a followed account, in the columns that reports over several platforms share. Names and order are theirs.';
comment on column main.social_rollup.created_timestamp is 'When it was put into the gallery, UTC.';
comment on column main.social_rollup.post_message is 'Title of the post.';
comment on column main.social_rollup.page_id is 'Number of the account, as text; null where it is not known.';
comment on column main.social_rollup.page_name is 'User name of the account.';
comment on column main.social_rollup.post_url is 'Address of its page on Imgur, with https.';
comment on column main.social_rollup.platform is 'Always imgur.';
comment on column main.social_rollup.clicks is 'Always null: Imgur does not tell of clicks.';
comment on column main.social_rollup.impressions is 'Views, as a total.';
comment on column main.social_rollup.likes is 'Up-votes, as a total.';
comment on column main.social_rollup.shares is 'Always null: Imgur does not tell of shares.';
comment on column main.social_rollup.comments is 'Number of comments, as a total.';
