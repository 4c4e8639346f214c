-- One row per post that a list of submissions still shows, and list: what decides whether its children are fetched again.
with states as (
    select
        list,
        item_id
    from staging.list_item_states
    where
        starts_with(list, 'account_submissions/')
        and not is_missing
),

final as (
    select
        states.list,
        posts.id,
        coalesce(posts.is_album, false) as is_album,
        posts.images_count,
        posts.comment_count
    from states
    inner join imgur_raw.posts
        on posts.id = states.item_id
    order by posts.datetime desc nulls last, posts.id
)

select * from final;
