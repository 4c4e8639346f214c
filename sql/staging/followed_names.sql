-- One row per name of a followed account, in lower case: whose it is.
-- A name can pass to another account; the one that was seen last bears it now.
with accounts as (
    select
        account_id,
        account_name,
        fetched_at
    from staging.accounts
    where account_name is not null
),

final as (
    select
        arg_max(account_id, (coalesce(fetched_at, '-infinity'::timestamptz), account_id)) as account_id,
        lower(account_name) as name_key
    from accounts
    group by lower(account_name)
)

select * from final;

comment on column staging.followed_names.name_key is 'The name in lower case; Imgur takes upper and lower case for the same.';
