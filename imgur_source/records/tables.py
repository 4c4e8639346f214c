"""The data dictionary: every table, every column, its type and its meaning.

A table of fields per record type, in the order of its columns: ``imgur_tables`` and
``run_tables`` say what the warehouse holds, and nothing else in the package repeats it:
Arrow schemas, dlt hints and the database's comments are made from here.
"""

from __future__ import annotations

from imgur_source.records.columns import (
    EXTRA,
    FETCHED_AT,
    MARKER,
    OBSERVED_AT,
    Field,
    Table,
    Type,
)
from imgur_source.records.imgur_tables import (
    ACCOUNT_METRICS,
    ACCOUNTS,
    ALBUM_IMAGES,
    ALBUM_METRICS,
    ALBUMS,
    COMMENT_METRICS,
    COMMENTS,
    FAVORITES,
    GALLERY_RANKS,
    IMAGE_METRICS,
    IMAGES,
    POST_COMMENTS,
    POST_IMAGES,
    POST_METRICS,
    POST_TAGS,
    POSTS,
    SUBREDDIT_POSTS,
    TAGS,
)
from imgur_source.records.run_tables import (
    CREDIT_CHARGES,
    DETAIL_FETCHES,
    ITEM_LOOKS,
    LIST_ITEMS,
    LIST_SWEEPS,
    REJECTED_RECORDS,
    SYNC_RUNS,
)

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_METRICS",
    "ALBUMS",
    "ALBUM_IMAGES",
    "ALBUM_METRICS",
    "COMMENTS",
    "COMMENT_METRICS",
    "CREDIT_CHARGES",
    "DETAIL_FETCHES",
    "EXTRA",
    "FAVORITES",
    "FETCHED_AT",
    "GALLERY_RANKS",
    "IMAGES",
    "IMAGE_METRICS",
    "ITEM_LOOKS",
    "LIST_ITEMS",
    "LIST_SWEEPS",
    "MARKER",
    "OBSERVED_AT",
    "POSTS",
    "POST_COMMENTS",
    "POST_IMAGES",
    "POST_METRICS",
    "POST_TAGS",
    "REJECTED_RECORDS",
    "SUBREDDIT_POSTS",
    "SYNC_RUNS",
    "TABLES",
    "TAGS",
    "Field",
    "Table",
    "Type",
]

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ACCOUNTS,
        IMAGES,
        ALBUMS,
        ALBUM_IMAGES,
        COMMENTS,
        POST_COMMENTS,
        POSTS,
        SUBREDDIT_POSTS,
        POST_IMAGES,
        POST_TAGS,
        TAGS,
        FAVORITES,
        GALLERY_RANKS,
        IMAGE_METRICS,
        ALBUM_METRICS,
        POST_METRICS,
        COMMENT_METRICS,
        ACCOUNT_METRICS,
        LIST_SWEEPS,
        LIST_ITEMS,
        ITEM_LOOKS,
        DETAIL_FETCHES,
        REJECTED_RECORDS,
        SYNC_RUNS,
        CREDIT_CHARGES,
    )
}
