"""The tables in which a run tells of itself: what it scanned, fetched, rejected and spent."""

from __future__ import annotations

from imgur_source.records.columns import (
    FETCHED_AT,
    Table,
    Type,
    ours,
)

LIST_SWEEPS = Table(
    "list_sweeps",
    "One row per scan of a list or feed: what it covered, whether whole, and whether that is proved.",
    key=("list", "started_at"),
    fields=(
        ours("list", Type.TEXT, "Which list, such as account_images/me or hot/viral."),
        ours(
            "started_at",
            Type.TIME,
            "When its first page was asked for, or received where that was in a run that broke off, UTC.",
        ),
        ours("ended_at", Type.TIME, "When the scan ended, UTC."),
        ours(
            "kind",
            Type.TEXT,
            "sweep (the whole list), head (from the front down to what is stored), gap (what an earlier scan "
            "left out), refresh (stored pages once more) or feed.",
        ),
        ours("pages", Type.INTEGER, "Pages read, the empty one at the end included, 1 credit each."),
        ours("items", Type.INTEGER, "Items met, each counted once."),
        ours(
            "newest_at",
            Type.TIME,
            "Upper end of what it covered, by the items' datetime, UTC; null where it began at the front.",
        ),
        ours(
            "oldest_at",
            Type.TIME,
            "Lower end of what it covered, by the items' datetime, UTC; null where it reached the end.",
        ),
        ours(
            "is_complete",
            Type.BOOLEAN,
            "Whether all between the two ends was read, as far as one can tell; of a feed, its wanted pages.",
        ),
        ours(
            "is_proved",
            Type.BOOLEAN,
            "Whether the list's count, or the whole of it on one page, shows that nothing was skipped.",
        ),
        ours("reason", Type.TEXT, "Why the scan ended where it did."),
        ours("doubt", Type.TEXT, "Why it is not proved; null where it is."),
        FETCHED_AT,
    ),
)
LIST_ITEMS = Table(
    "list_items",
    "One row per item that a list of an account has ever shown: when it did so last.",
    key=("list", "item_id"),
    fields=(
        ours("list", Type.TEXT, "Which list, such as account_images/me."),
        ours("item_id", Type.TEXT, "Id of the image, album, post or comment, as text."),
        ours(
            "datetime",
            Type.TIME,
            "The item's own time in that list, UTC; null where it has none.",
            alias="item_at",
        ),
        FETCHED_AT,
    ),
)
ITEM_LOOKS = Table(
    "item_looks",
    "One row per direct lookup of an item that its list no longer showed.",
    key=("list", "item_id", "looked_at"),
    fields=(
        ours("list", Type.TEXT, "The list that no longer showed it."),
        ours("item_id", Type.TEXT, "Id of the image, album, post or comment, as text."),
        ours("looked_at", Type.TIME, "When the answer was received, UTC."),
        ours("is_gone", Type.BOOLEAN, "Whether Imgur answered that there is no such thing (404)."),
        FETCHED_AT,
    ),
)
DETAIL_FETCHES = Table(
    "detail_fetches",
    "One row per album or post whose images or comments have been fetched: what it looked like then.",
    key=("resource", "item_id"),
    fields=(
        ours("resource", Type.TEXT, "What was fetched: album_images, post_images or post_comments."),
        ours("item_id", Type.TEXT, "Id of the album or post."),
        ours("fingerprint", Type.TEXT, "What decides whether it is fetched again: counts, cover, time."),
        ours(
            "items",
            Type.INTEGER,
            "Images or comments that came; null where Imgur answered that there is nothing, or that nobody "
            "may see it.",
        ),
        FETCHED_AT,
    ),
)
REJECTED_RECORDS = Table(
    "rejected_records",
    "One row per record of a reply that could not be understood, kept for a person to look at.",
    key=("id",),
    fields=(
        ours(
            "id",
            Type.TEXT,
            "Hash of endpoint and text, so that the same record stands here once.",
            alias="record_id",
        ),
        ours("endpoint", Type.TEXT, "The kind of request whose reply held it."),
        ours("reason", Type.TEXT, "What could not be understood."),
        ours("raw", Type.TEXT, "The record as it came, without its secrets."),
        FETCHED_AT,
    ),
)
SYNC_RUNS = Table(
    "sync_runs",
    "One row per run of pipelines/sync.py: what it read, spent and still owes.",
    key=("run_id",),
    fields=(
        ours("run_id", Type.TEXT, "The run's name: the time it started, and a few random letters."),
        ours("started_at", Type.TIME, "When the run started, UTC."),
        ours("ended_at", Type.TIME, "When the run had read everything, UTC; loading and publishing follow."),
        ours("outcome", Type.TEXT, "done, stopped (credits or a person ended it early) or failed."),
        ours(
            "reason",
            Type.TEXT,
            "Why nothing was published, and why it was stopped or failed; null when all went well.",
        ),
        ours("accounts", Type.JSON, "Accounts that were asked for, a list."),
        ours("feeds", Type.JSON, "Feeds that were asked for, a list."),
        ours("resources", Type.JSON, "Resources that were read, a list."),
        ours(
            "rounds",
            Type.INTEGER,
            "How often it spent the hour's credits, or what there was to do; each is a load.",
        ),
        ours(
            "credits_planned",
            Type.INTEGER,
            "Credits that its plan expected to spend; null where nobody knew.",
        ),
        ours("credits_spent", Type.INTEGER, "Credits that the run spent, retries included."),
        ours(
            "user_credits_left",
            Type.INTEGER,
            "Credits of the hour that were left at its end; null when Imgur did not say.",
        ),
        ours(
            "client_credits_left",
            Type.INTEGER,
            "Credits of the application's day that were left; null when Imgur did not say.",
        ),
        ours(
            "plan",
            Type.JSON,
            "The lines of its plan: name, kind, tier, and credits: least, likely, most, granted, spent.",
        ),
        ours("rows_loaded", Type.JSON, "Rows loaded per table, an object."),
        ours("owed", Type.JSON, "Lists and items that were not read, a list of lines."),
        ours("notes", Type.JSON, "What a person may want to know, a list of lines."),
        ours(
            "publication",
            Type.TEXT,
            "published, kept (an older file stays, see reason), off, or null while it is not known.",
        ),
        ours(
            "published_at",
            Type.TIME,
            "When its file was published, the last time where it had many rounds, UTC; completed by the next "
            "run's file.",
        ),
        ours("version", Type.TEXT, "Version of imgur_source."),
        FETCHED_AT,
    ),
)
CREDIT_CHARGES = Table(
    "credit_charges",
    "One row per run and kind of request: what it cost.",
    key=("run_id", "endpoint"),
    fields=(
        ours("run_id", Type.TEXT, "The run, as in sync_runs."),
        ours("endpoint", Type.TEXT, "The kind of request, such as account_images."),
        ours(
            "credits",
            Type.INTEGER,
            "Credits spent, one per attempt; requests to /oauth2 cost none.",
            alias="credits_spent",
        ),
        ours("requests", Type.INTEGER, "Requests sent, retries and token refreshes included."),
        ours("unchanged", Type.INTEGER, "Of these, how many were answered that nothing has changed (304)."),
        ours("replays", Type.INTEGER, "Replies that an earlier run had paid for, used again at no credit."),
        ours(
            "rows_new",
            Type.INTEGER,
            "Rows of things that were not stored before; null where that is not known.",
        ),
        ours(
            "rows_refreshed", Type.INTEGER, "Rows of things that were stored; null where that is not known."
        ),
        FETCHED_AT,
    ),
)
