-- The loaded tables of a warehouse that has grown for getvariable('nights') nights, as dlt and tidying leave them.
-- How much there is of what comes in variables from rebuild_sql.py. Chance is a hash: each time the same rows are made.

create temp macro run_at() as getvariable('now');
create temp macro chance(thing, about) as (hash(thing, about) % 1_000_000)::bigint;
create temp macro final_views(thing) as 100 + chance(thing, 'views') % 50_000;
-- views come fast at first and slower with each step
create temp macro views_at(thing, step, tempo) as (final_views(thing) * (1 - exp(-(step + 1) / tempo)))::bigint;
create temp macro uploaded(thing) as run_at() - to_days((1 + chance(thing, 'day') % 1_800)::int) - to_seconds((chance(thing, 'second') % 86_400)::int);
create temp macro published(thing) as run_at() - to_seconds((chance(thing, 'day') * getvariable('nights') * 86_400 // 1_000_000)::int);
-- seconds for which a thing has had a history
create temp macro span_of(made_at) as least(getvariable('nights') * 86_400, epoch(run_at() - made_at));
create temp macro is_own(thing) as thing % 5 = 0;

insert into imgur_raw.accounts by name
select
    1 as id,
    'ann' as url,
    5_000 as reputation,
    run_at() - interval 6 years as created,
    run_at() as fetched_at;

insert into imgur_raw.account_metrics by name
select
    1 as id,
    run_at() - to_days(night::int) as observed_at,
    5_000 - night as reputation,
    observed_at as fetched_at
from range(getvariable('nights')) as nights(night);

insert into imgur_raw.images by name
select
    'i' || n as id,
    'image ' || n as title,
    uploaded(n) as datetime,
    1 as account_id,
    'ann' as account_url,
    'image/jpeg' as type,
    640 as width,
    480 as height,
    90_000 as size,
    false as animated,
    final_views(n) as views,
    views * size as bandwidth,
    run_at() as fetched_at
from range(getvariable('images')) as images(n);

insert into imgur_raw.image_metrics by name
select
    'i' || n as id,
    run_at() - to_seconds(span_of(uploaded(n)) * (1 - step / getvariable('image_steps'))) as observed_at,
    views_at(n, step, 8.0) as views,
    views * 90_000 as bandwidth,
    observed_at + to_seconds(span_of(uploaded(n)) / getvariable('image_steps') / 4) as fetched_at
from range(getvariable('images')) as images(n)
cross join range(getvariable('image_steps')) as steps(step);

insert into imgur_raw.albums by name
select
    'a' || n as id,
    'album ' || n as title,
    run_at() - interval 2 years as datetime,
    1 as account_id,
    'ann' as account_url,
    1_000 + n as views,
    'public' as privacy,
    50 as images_count,
    run_at() as fetched_at
from range(getvariable('albums')) as albums(n);

insert into imgur_raw.album_images by name
select
    'a' || n as album_id,
    'i' || (n * 50 + place) % getvariable('images') as image_id,
    place as position,
    1 as account_id,
    'ann' as account_url,
    1_000 // (place + 1) as views,
    run_at() as fetched_at
from range(getvariable('albums')) as albums(n)
cross join range(50) as places(place);

insert into imgur_raw.album_metrics by name
select
    'a' || n as id,
    run_at() - to_days((step * 30)::int) as observed_at,
    100 * (10 - step) as views,
    50 as images_count,
    observed_at as fetched_at
from range(getvariable('albums')) as albums(n)
cross join range(10) as steps(step);

insert into imgur_raw.posts by name
select
    'p' || n as id,
    n % 2 = 0 as is_album,
    'post ' || n as title,
    published(n) as datetime,
    if(is_own(n), 1, 100 + n) as account_id,
    if(is_own(n), 'ann', 'user ' || n) as account_url,
    final_views(n) as views,
    views // 20 as ups,
    views // 400 as downs,
    ups - downs as points,
    views // 100 as comment_count,
    views // 200 as favorite_count,
    if(is_album, 3, 1) as images_count,
    run_at() as fetched_at
from range(getvariable('posts')) as posts(n);

-- the first reading a hundredth of its age after publication, then ever further apart
insert into imgur_raw.post_metrics by name
select
    'p' || n as id,
    published(n) + to_seconds(span_of(published(n)) * (0.01 + 0.98 * (step / getvariable('post_steps')) ** 2)) as observed_at,
    views_at(n, step, 4.0) as views,
    views // 20 as ups,
    views // 400 as downs,
    ups - downs as points,
    views // 100 as comment_count,
    views // 200 as favorite_count,
    observed_at as fetched_at
from range(getvariable('posts')) as posts(n)
cross join range(getvariable('post_steps')) as steps(step);

insert into imgur_raw.post_tags by name
select
    'p' || n as post_id,
    'tag ' || chance(n, place) % 200 as tag,
    min(place) as position,
    run_at() as fetched_at
from range(getvariable('posts')) as posts(n)
cross join range(3) as places(place)
group by all;

insert into imgur_raw.tags by name
select
    'tag ' || n as name,
    run_at() as fetched_at
from range(200) as tags(n);

insert into imgur_raw.post_images by name
select
    'p' || n as post_id,
    'i' || n + place as image_id,
    place as position,
    500 as views,
    run_at() as fetched_at
from range(getvariable('posts')) as posts(n)
cross join range(3) as places(place)
where n % 2 = 0;

-- threads of ten under own posts: a root, and nine that each answer the one before
insert into imgur_raw.post_comments by name
select
    n as id,
    'p' || chance(n // 10, 'post') % (getvariable('posts') // 5) * 5 as post_id,
    n // 10 * 10 as root_id,
    if(n % 10 = 0, null, n - 1) as parent_id,
    n % 10 as depth,
    n % 10 as position,
    post_id as image_id,
    'words' as comment,
    'user ' || chance(n, 'author') % 3_000 as author,
    chance(n, 'author') % 3_000 + 2 as author_id,
    chance(n, 'ups') % 100 as ups,
    2 as downs,
    ups - downs as points,
    published(n // 10) + to_minutes((n % 10 * 7)::int) as datetime,
    run_at() as fetched_at
from range(getvariable('comments') * 4 // 5) as comments(n);

insert into imgur_raw.comments by name
select
    1_000_000 + n as id,
    0 as parent_id,
    'x' || n as image_id,
    'words' as comment,
    'ann' as author,
    1 as author_id,
    5 as ups,
    1 as downs,
    4 as points,
    run_at() - to_days((n % 900)::int) as datetime,
    run_at() as fetched_at
from range(getvariable('comments') // 5) as comments(n);

insert into imgur_raw.comment_metrics by name
select
    n as id,
    run_at() - to_days((step * 5)::int) as observed_at,
    10 - step as ups,
    1 as downs,
    9 - step as points,
    observed_at as fetched_at
from range(getvariable('comments') * 4 // 5) as comments(n)
cross join range(2) as steps(step);

insert into imgur_raw.gallery_ranks by name
select
    'hot/viral' as feed,
    run_at() - to_days(night::int) as observed_at,
    place as position,
    'p' || (night * 40 + place * 7) % getvariable('posts') as post_id,
    observed_at as fetched_at
from range(getvariable('nights')) as nights(night)
cross join range(120) as places(place);

insert into imgur_raw.list_items by name
select 'account_images/me' as list, id as item_id, datetime, fetched_at from imgur_raw.images
union all by name
select 'account_albums/me' as list, id as item_id, datetime, fetched_at from imgur_raw.albums
union all by name
select 'account_comments/me' as list, id::varchar as item_id, datetime, fetched_at from imgur_raw.comments
union all by name
select 'account_submissions/me' as list, id as item_id, datetime, fetched_at from imgur_raw.posts where account_id = 1;

insert into imgur_raw.list_sweeps by name
select
    list,
    run_at() - to_days(night::int) as started_at,
    started_at + interval 1 minute as ended_at,
    if(list = 'hot/viral', 'feed', 'sweep') as kind,
    5 as pages,
    100 as items,
    true as is_complete,
    true as is_proved,
    ended_at as fetched_at
from range(1, getvariable('nights')) as nights(night)
cross join (
    select unnest(['account_images/me', 'account_albums/me', 'account_submissions/me', 'account_comments/me', 'hot/viral']) as list
);

insert into imgur_raw.detail_fetches by name
select 'album_images' as resource, id as item_id, 50 as items, fetched_at from imgur_raw.albums
union all by name
select unnest(['post_images', 'post_comments']) as resource, id as item_id, 3 as items, fetched_at
from imgur_raw.posts
where account_id = 1;

insert into imgur_raw.sync_runs by name
select
    'run ' || night as run_id,
    run_at() - to_days(night::int) as started_at,
    started_at + interval 10 minutes as ended_at,
    'done' as outcome,
    '["me"]'::json as accounts,
    1 as rounds,
    60 as credits_planned,
    58 as credits_spent,
    400 as user_credits_left,
    12_000 as client_credits_left,
    '{"images": 1000}'::json as rows_loaded,
    '[]'::json as owed,
    '[]'::json as notes,
    'published' as publication,
    ended_at as published_at,
    ended_at as fetched_at
from range(1, getvariable('nights')) as nights(night);

insert into imgur_raw.credit_charges by name
select
    'run ' || night as run_id,
    'endpoint ' || number as endpoint,
    6 as credits,
    6 as requests,
    1 as unchanged,
    0 as replays,
    20 as rows_new,
    80 as rows_refreshed,
    run_at() as fetched_at
from range(1, getvariable('nights')) as nights(night)
cross join range(10) as endpoints(number);
