-- One row per account as the names of lists have it (me, or a user name): which followed account it is.
with accounts as (
    select
        id as account_id,
        url as account_name
    from imgur_raw.accounts
),

shown as (
    select
        split_part(list, '/', 1) as resource,
        lower(split_part(list, '/', 2)) as owner,
        item_id
    from imgur_raw.list_items
),

scanned as (
    select lower(split_part(list, '/', 2)) as owner
    from imgur_raw.list_sweeps
    where kind is distinct from 'feed'
),

items as (
    select
        'account_images' as resource,
        id as item_id,
        account_id
    from imgur_raw.images
    union all
    select
        'account_albums' as resource,
        id as item_id,
        account_id
    from imgur_raw.albums
    union all
    select
        'account_submissions' as resource,
        id as item_id,
        account_id
    from imgur_raw.posts
    union all
    select
        'account_comments' as resource,
        id::varchar as item_id,
        author_id as account_id
    from imgur_raw.comments
),

owners as (
    select owner
    from shown
    union
    select owner
    from scanned
),

-- me is nobody's name, and a renamed account has lists of its former one: what they showed tells
showings as (
    select
        shown.owner,
        items.account_id,
        count(*) as items
    from shown
    inner join items using (resource, item_id)
    inner join accounts using (account_id)
    group by shown.owner, items.account_id
),

shown_owners as (
    select
        owner,
        arg_max(account_id, (items, account_id)) as account_id
    from showings
    group by owner
),

-- a login that has shown nothing yet is the one account that no list names
unnamed as (
    select
        'me' as owner,
        min(accounts.account_id) as account_id
    from accounts
    left join owners on owners.owner = lower(accounts.account_name)
    where owners.owner is null
    having count(*) = 1
),

told as (
    select
        owners.owner,
        coalesce(followed_names.account_id, shown_owners.account_id, unnamed.account_id) as account_id
    from owners
    left join staging.followed_names on followed_names.name_key = owners.owner
    left join shown_owners using (owner)
    left join unnamed using (owner)
),

final as (
    select
        told.account_id,
        told.owner,
        accounts.account_name
    from told
    left join accounts using (account_id)
)

select * from final;

comment on column staging.list_owners.account_id is 'Number of the account: the one that bears that name, else the one that most of the items in those lists belong to; null where that is not known.';
comment on column staging.list_owners.owner is 'What stands in the list''s name behind the slash, in lower case: me for the account that is logged in, else a user name.';
comment on column staging.list_owners.account_name is 'User name of the account as last seen; differs from owner for me and after a renaming.';
