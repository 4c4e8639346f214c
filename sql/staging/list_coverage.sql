-- One row per list of an account: what ranges of it are stored, and what gaps scans have left.
with scans as (
    select
        list,
        kind,
        reason,
        coalesce(items, 0) as items,
        coalesce(is_complete, false) as is_complete,
        newest_at is null and oldest_at is null as is_open_ended,
        -- where the count of a whole list did not add up an item may have been skipped, but no stretch was
        coalesce(is_complete, false)
        or (kind = 'sweep' and coalesce(reason = 'the list ended', false)) as is_to_the_end,
        coalesce(newest_at = started_at, false) as is_empty,
        started_at,
        newest_at,
        oldest_at
    from staging.list_sweeps
    where kind is distinct from 'feed'
),

-- What a scan that broke off has read is stored as well. It says how far it came, except in a list that
-- is not sorted by time. One that covers nothing has its own start for both ends; but a head of that
-- kind came to what is stored without meeting its newest item, and has read all above it.
reads as (
    select
        list,
        reason,
        is_empty,
        started_at,
        coalesce(newest_at, started_at) as upper_at,
        oldest_at
    from scans
    where
        (is_to_the_end or not is_open_ended)
        and (not is_empty or (is_complete and kind = 'head'))
),

spans as (
    select
        list,
        reason,
        upper_at,
        case
            when is_empty
                then coalesce(
                    max(upper_at) over (
                        partition by list
                        order by started_at
                        rows between unbounded preceding and 1 preceding
                    ),
                    upper_at
                )
            else coalesce(oldest_at, '-infinity'::timestamptz)
        end as lower_at
    from reads
),

-- the ends of a scan are items that it has met, so scans that share an end touch
numbered as (
    select
        list,
        reason,
        upper_at,
        lower_at,
        lower_at > max(upper_at) over (
            partition by list
            order by lower_at, upper_at
            rows between unbounded preceding and 1 preceding
        ) as is_behind_hole
    from spans
),

grouped as (
    select
        list,
        reason,
        upper_at,
        lower_at,
        count(*) filter (where is_behind_hole) over (
            partition by list
            order by lower_at, upper_at
            rows between unbounded preceding and current row
        ) as stretch
    from numbered
),

stretches as (
    select
        list,
        stretch,
        min(lower_at) = '-infinity'::timestamptz
        or arg_min(
            reason is not distinct from 'start_date was reached',
            (lower_at, reason is distinct from 'start_date was reached')
        ) as is_last,
        max(upper_at) as upper_at,
        min(lower_at) as lower_at
    from grouped
    group by list, stretch
),

-- the gap below each range, down to the first one that ends with the list or with start_date:
-- what is older is not wanted
gaps as (
    select
        list,
        upper_at,
        lower_at,
        lag(upper_at) over list_stretches as held_below_at,
        not bool_or(is_last) over (
            partition by list
            order by stretch desc
            rows between unbounded preceding and current row
        ) as is_above_hole
    from stretches
    window list_stretches as (partition by list order by stretch)
),

stored as (
    select
        list,
        count(*) as stretches,
        count(*) filter (where is_above_hole) as gaps,
        max(upper_at) as held_until_at,
        nullif(min(lower_at), '-infinity'::timestamptz) as held_from_at,
        max(lower_at) filter (where is_above_hole) as hole_until_at,
        arg_max_null(held_below_at, lower_at) filter (where is_above_hole) as hole_from_at
    from gaps
    group by list
),

-- Where a scan does not say how far it came, the gap is somewhere, until the whole list was read again.
-- A head of such a list is page 0 of what is stored: it leaves no gap.
lists as (
    select
        list,
        max(started_at) filter (where is_complete and is_open_ended) as last_complete_sweep_at,
        max(started_at) filter (where is_to_the_end and is_open_ended) as last_whole_walk_at,
        max(started_at) filter (
            where not is_to_the_end and is_open_ended and items > 0 and kind is distinct from 'head'
        ) as last_uncertain_walk_at,
        max(started_at) as last_walk_at
    from scans
    group by list
),

judged as (
    select
        lists.list,
        coalesce(stored.stretches, 0) as stretches,
        case
            when stored.list is null then 1
            else
                stored.gaps
                + coalesce(
                    lists.last_uncertain_walk_at > lists.last_whole_walk_at
                    or (lists.last_uncertain_walk_at is not null and lists.last_whole_walk_at is null),
                    false
                )::integer
        end as open_gaps,
        stored.held_until_at,
        stored.held_from_at,
        stored.hole_until_at,
        stored.hole_from_at,
        lists.last_complete_sweep_at,
        lists.last_walk_at
    from lists
    left join stored using (list)
),

final as (
    select
        list,
        split_part(list, '/', 1) as resource,
        stretches,
        open_gaps,
        open_gaps = 0 and held_from_at is null as is_whole,
        held_from_at,
        held_until_at,
        hole_from_at,
        hole_until_at,
        last_complete_sweep_at,
        last_walk_at
    from judged
)

select * from final;

comment on view staging.list_coverage is 'One row per list of an account: what ranges of it are stored, and what gaps scans have left. What a scan has read is stored from then on, whether it was complete or broke off.';
comment on column staging.list_coverage.list is 'Which list, such as account_images/me.';
comment on column staging.list_coverage.resource is 'The list''s kind, such as account_images.';
comment on column staging.list_coverage.stretches is 'Number of ranges of time that were read without a gap; 1 where all is stored, 0 where nothing was read yet.';
comment on column staging.list_coverage.open_gaps is 'Number of gaps that are still to be read, the one towards the end of the list included; what is older than start_date is none.';
comment on column staging.list_coverage.is_whole is 'Whether all of it was read, from the front to its end.';
comment on column staging.list_coverage.held_from_at is 'Time of the oldest item down to which something is stored, UTC; null where the end was reached, and where nothing is stored.';
comment on column staging.list_coverage.held_until_at is 'Up to which time something is stored, UTC: the start of the last scan from the front, or the time of an item where none began there.';
comment on column staging.list_coverage.hole_from_at is 'Lower end of the newest gap, UTC; null where there is none, and where it reaches to the end of the list.';
comment on column staging.list_coverage.hole_until_at is 'Upper end of the newest gap, UTC; null where there is none, or where its place is not known.';
comment on column staging.list_coverage.last_complete_sweep_at is 'When the last complete scan from the front to the end began, UTC; null where there was none.';
comment on column staging.list_coverage.last_walk_at is 'When the last scan of any kind began, UTC; long ago where the list is not asked for any more.';
