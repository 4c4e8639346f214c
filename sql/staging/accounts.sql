-- One row per account that is followed, as last seen.
with parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        id as account_id,
        url as account_name,
        bio,
        avatar as avatar_link,
        avatar_name,
        cover as cover_link,
        cover_name,
        reputation_name,
        user_follow,
        extra,
        reputation,
        (epoch(parameters.run_at) - epoch(accounts.fetched_at)) / 3600 as data_age_hours,
        is_blocked,
        created as created_at,
        pro_expiration as pro_expires_at,
        fetched_at
    from imgur_raw.accounts
    cross join parameters
)

select * from final;

comment on view staging.accounts is 'One row per account that is followed, as last seen.';
comment on column staging.accounts.account_id is 'Number of the account; stays when it is renamed.';
comment on column staging.accounts.account_name is 'User name; may be changed by its owner.';
comment on column staging.accounts.bio is 'What the owner wrote about the account.';
comment on column staging.accounts.avatar_link is 'Address of the avatar.';
comment on column staging.accounts.avatar_name is 'Name of the avatar, such as default/G.';
comment on column staging.accounts.cover_link is 'Address of the picture at the head of the profile.';
comment on column staging.accounts.cover_name is 'Name of that picture, such as default/1-space.';
comment on column staging.accounts.reputation_name is 'Imgur''s word for the reputation, such as Neutral.';
comment on column staging.accounts.user_follow is 'Whether the asking account follows it, as Imgur sends it.';
comment on column staging.accounts.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.accounts.reputation is 'Points of the account over all its posts and comments; may be negative.';
comment on column staging.accounts.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.accounts.is_blocked is 'Whether the asking account has blocked it.';
comment on column staging.accounts.created_at is 'When the account was made, UTC.';
comment on column staging.accounts.pro_expires_at is 'When the paid membership ends, UTC; null for none.';
comment on column staging.accounts.fetched_at is 'When the reply that this row was read from was received, UTC.';
