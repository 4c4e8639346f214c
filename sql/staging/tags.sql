-- One row per tag that a post bears or a feed is about, as last seen.
with parameters as (
    select run_at
    from staging.parameters
),

final as (
    select
        name as tag,
        background_hash as background_image_id,
        thumbnail_hash as thumbnail_image_id,
        logo_hash as logo_image_id,
        display_name,
        description,
        accent,
        logo_destination_url as logo_link,
        extra,
        followers,
        total_items,
        (epoch(parameters.run_at) - epoch(tags.fetched_at)) / 3600 as data_age_hours,
        following as is_followed,
        is_whitelisted,
        is_promoted,
        background_is_animated as is_background_animated,
        thumbnail_is_animated as is_thumbnail_animated,
        fetched_at
    from imgur_raw.tags
    cross join parameters
)

select * from final;

comment on view staging.tags is 'One row per tag that a post bears or a feed is about, as last seen.';
comment on column staging.tags.tag is 'Name of the tag as in its address.';
comment on column staging.tags.background_image_id is 'Id of the background image.';
comment on column staging.tags.thumbnail_image_id is 'Id of the thumbnail image.';
comment on column staging.tags.logo_image_id is 'Id of the logo image.';
comment on column staging.tags.display_name is 'Name of the tag as shown.';
comment on column staging.tags.description is 'What the tag is for.';
comment on column staging.tags.accent is 'Colour, six hexadecimal digits.';
comment on column staging.tags.logo_link is 'Address that the logo leads to.';
comment on column staging.tags.extra is 'Fields of Imgur''s reply that have no column here, as one JSON object; null if there are none.';
comment on column staging.tags.followers is 'Accounts that follow the tag.';
comment on column staging.tags.total_items is 'Posts that bear the tag; Imgur counts it differently on different endpoints.';
comment on column staging.tags.data_age_hours is 'Hours from fetched_at to the time of the run: how old this view of it is.';
comment on column staging.tags.is_followed is 'Whether the asking account follows it; null when asked without a login.';
comment on column staging.tags.is_whitelisted is 'Imgur''s mark of an allowed tag.';
comment on column staging.tags.is_promoted is 'Whether the tag is promoted by Imgur.';
comment on column staging.tags.is_background_animated is 'Whether the background image moves.';
comment on column staging.tags.is_thumbnail_animated is 'Whether the thumbnail moves.';
comment on column staging.tags.fetched_at is 'When the reply that this row was read from was received, UTC.';
