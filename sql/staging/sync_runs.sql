-- One row per run of pipelines/sync.py: what it read, spent and still owes.
with final as (
    select
        run_id,
        outcome,
        reason,
        publication,
        version,
        accounts,
        feeds,
        resources,
        plan,
        rows_loaded,
        owed,
        notes,
        rounds,
        credits_planned,
        credits_spent,
        user_credits_left,
        client_credits_left,
        started_at,
        ended_at,
        published_at,
        fetched_at
    from imgur_raw.sync_runs
)

select * from final;

comment on view staging.sync_runs is 'One row per run of pipelines/sync.py: what it read, spent and still owes.';
comment on column staging.sync_runs.run_id is 'The run''s name: the time it started, and a few random letters.';
comment on column staging.sync_runs.outcome is 'done, stopped (credits or a person ended it early) or failed.';
comment on column staging.sync_runs.reason is 'Why it was stopped or failed; null when done.';
comment on column staging.sync_runs.publication is 'published, kept (the checks failed), off, or null while it is not known.';
comment on column staging.sync_runs.version is 'Version of imgur_source.';
comment on column staging.sync_runs.accounts is 'Accounts that were asked for, a list.';
comment on column staging.sync_runs.feeds is 'Feeds that were asked for, a list.';
comment on column staging.sync_runs.resources is 'Resources that were read, a list.';
comment on column staging.sync_runs.plan is 'The lines of its plan: name, kind, tier, and credits: least, likely, most, granted, spent.';
comment on column staging.sync_runs.rows_loaded is 'Rows loaded per table, an object.';
comment on column staging.sync_runs.owed is 'Lists and items that were not read, a list of lines.';
comment on column staging.sync_runs.notes is 'What a person may want to know, a list of lines.';
comment on column staging.sync_runs.rounds is 'How often it spent the hour''s credits, or what there was to do; each is a load.';
comment on column staging.sync_runs.credits_planned is 'Credits that its plan expected to spend; null where nobody knew.';
comment on column staging.sync_runs.credits_spent is 'Credits that the run spent, retries included.';
comment on column staging.sync_runs.user_credits_left is 'Credits of the hour that were left at its end; null when Imgur did not say.';
comment on column staging.sync_runs.client_credits_left is 'Credits of the application''s day that were left; null when Imgur did not say.';
comment on column staging.sync_runs.started_at is 'When the run started, UTC.';
comment on column staging.sync_runs.ended_at is 'When the run had read everything, UTC; loading and publishing follow.';
comment on column staging.sync_runs.published_at is 'When its file was published, the last time where it had many rounds, UTC; completed by the next run''s file.';
comment on column staging.sync_runs.fetched_at is 'When the reply that this row was read from was received, UTC.';
