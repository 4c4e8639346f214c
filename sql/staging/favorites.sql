-- One row per favourite of a followed account, in the order of the list; Imgur does not say when it was favourited.
with accounts as (
    select
        id as account_id,
        'account_favorites/' || url as list
    from imgur_raw.accounts
),

states as (
    select
        list,
        item_id,
        is_missing,
        missing_since,
        deleted_at
    from staging.list_item_states
    where starts_with(list, 'account_favorites/')
),

-- an account that is followed by its name has a list of that name; the other one is the account of the login
account_lists as (
    select
        accounts.account_id,
        min(states.list) as list
    from accounts
    inner join states on lower(states.list) = lower(accounts.list)
    group by accounts.account_id
)

select
    loaded.*,
    coalesce(states.is_missing, false) as is_missing,
    states.missing_since,
    states.deleted_at
from loaded
left join account_lists using (account_id)
left join states
    on states.list = coalesce(account_lists.list, 'account_favorites/me')
    and states.item_id = loaded.item_id;

comment on column staging.favorites.is_missing is 'Whether the list of favourites no longer shows it: removed from it, or deleted.';
comment on column staging.favorites.missing_since is 'When it was first found missing, UTC; null where it is there.';
comment on column staging.favorites.deleted_at is 'When it was first found missing, UTC, where it is taken for deleted: two proved scans or three of any kind missed it, or a direct lookup answered 404; it was last seen at fetched_at or later.';
