"""The data dictionary: what holds for every table and every column of it."""

from __future__ import annotations

import pytest

from imgur_source.records.scrubbing import SECRET_KEYS
from imgur_source.records.tables import (
    EXTRA,
    FETCHED_AT,
    IMAGES,
    MARKER,
    TABLES,
    Field,
    Table,
    Type,
)

HISTORIES = {
    "image_metrics": ("images", ("id", "observed_at", "views", "bandwidth", "fetched_at")),
    "album_metrics": ("albums", ("id", "observed_at", "views", "images_count", "fetched_at")),
    "post_metrics": (
        "posts",
        (
            *("id", "observed_at", "views", "ups", "downs", "points", "score"),
            *("comment_count", "favorite_count", "in_most_viral", "fetched_at"),
        ),
    ),
    "comment_metrics": ("comments", ("id", "observed_at", "ups", "downs", "points", "fetched_at")),
    "account_metrics": ("accounts", ("id", "observed_at", "reputation", "fetched_at")),
}

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


def test_tables__are_known_by_their_names() -> None:
    """TABLES finds every table under its own name."""
    assert all(name == table.name for name, table in TABLES.items())


def test_tables__have_the_keys_of_the_design() -> None:
    """What tells the rows of each table apart is what the design says."""
    keys = {table.name: table.key for table in TABLES.values()}
    assert {name: key for name, key in keys.items() if key != ("id",)} == {
        "album_images": ("album_id", "image_id"),
        "post_images": ("post_id", "image_id"),
        "post_tags": ("post_id", "tag"),
        "tags": ("name",),
        "favorites": ("account_id", "item_id"),
        "gallery_ranks": ("feed", "observed_at", "position"),
        "image_metrics": ("id", "observed_at"),
        "album_metrics": ("id", "observed_at"),
        "post_metrics": ("id", "observed_at"),
        "comment_metrics": ("id", "observed_at"),
        "account_metrics": ("id", "observed_at"),
        "list_sweeps": ("list", "started_at"),
        "list_items": ("list", "item_id"),
        "item_looks": ("list", "item_id", "looked_at"),
        "detail_fetches": ("resource", "item_id"),
        "sync_runs": ("run_id",),
        "credit_charges": ("run_id", "endpoint"),
    }


def test_tables__that_are_replaced_by_parent_are_three() -> None:
    """Images of an album, images of a post and tags of a post are replaced together; nothing else is."""
    assert {table.name: table.parent for table in TABLES.values() if table.parent} == {
        "album_images": ("album_id",),
        "post_images": ("post_id",),
        "post_tags": ("post_id",),
    }


@every_table
def test_table__has_each_column_once_and_its_key_among_them(table: Table) -> None:
    """Columns and the members they are read from are distinct; key and parent are among them."""
    names = table.column_names
    wire_keys = [field.wire_key for field in table.fields if not field.ours]
    assert len(set(names)) == len(names)
    assert len(set(wire_keys)) == len(wire_keys)
    assert set(table.parent) <= set(table.key) <= set(names)
    assert MARKER not in names


@every_table
def test_table__says_when_its_rows_were_fetched(table: Table) -> None:
    """Every table ends with the time the reply was received."""
    assert table.fields[-1] is FETCHED_AT


@every_table
def test_table__explains_itself_in_sentences(table: Table) -> None:
    """Table and columns have a description, a whole sentence, for whoever meets them in the database."""
    for text in (table.description, *(field.description for field in table.fields)):
        assert text[-1] == ".", text
        assert "\n" not in text


@every_table
def test_table__names_its_columns_plainly(table: Table) -> None:
    """Column names are lower case and need no quotes, save for Imgur's own words."""
    assert all(name.islower() and name.isidentifier() for name in table.column_names)


@every_table
def test_table__keeps_unknown_fields_where_it_is_read_from_imgur(table: Table) -> None:
    """A table that is filled from Imgur's records has extra, unless it is a history or a list of our own."""
    is_read = any(not field.ours for field in table.fields) and table.name not in HISTORIES
    assert (EXTRA in table.fields) == is_read


@every_table
def test_table__holds_and_absorbs_no_secret(table: Table) -> None:
    """No column is a secret; what is read into other tables is no column here."""
    wire_keys = {field.wire_key for field in table.fields if not field.ours}
    assert not SECRET_KEYS & ({*wire_keys, *table.column_names, *table.absorbed})
    assert not wire_keys & set(table.absorbed)


def test_secret_keys__hold_what_must_never_be_stored() -> None:
    """Deletehashes, e-mails, tokens and account settings, in lower case as they are compared."""
    assert {
        "deletehash",
        "email",
        "active_emails",
        "access_token",
        "refresh_token",
        "client_secret",
        "album_privacy",
        "public_images",
        "blocked_users",
        "messaging_enabled",
        "newsletter_subscribed",
        "show_mature",
    } == SECRET_KEYS


@pytest.mark.parametrize("name", HISTORIES)
def test_history__has_the_counters_of_its_table(name: str) -> None:
    """A history keeps id and counters with the very types and words of the table that they come from."""
    of, columns = HISTORIES[name]
    assert TABLES[name].column_names == columns
    for column in columns[2:-1]:
        assert TABLES[name].field(column) is TABLES[of].field(column)
    assert TABLES[name].field("id").kind is TABLES[of].field("id").kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("id", {"accounts": Type.INTEGER, "comments": Type.INTEGER, "post_comments": Type.INTEGER}),
        ("account_id", {}),
        ("author_id", {}),
    ],
)
def test_ids__have_the_type_that_imgur_sends(name: str, kind: dict[str, Type]) -> None:
    """Images, albums and posts are named by text, comments and accounts by numbers."""
    for table in TABLES.values():
        if name in table.column_names and table.name not in ("comment_metrics", "account_metrics"):
            expected = kind.get(table.name, Type.TEXT if name == "id" else Type.INTEGER)
            assert table.field(name).kind is expected, table.name


def test_kinds__are_types_of_duckdb() -> None:
    """The value of a kind is the type that its columns have in the warehouse."""
    assert {kind.name: kind.value for kind in Type} == {
        "TEXT": "VARCHAR",
        "INTEGER": "BIGINT",
        "BOOLEAN": "BOOLEAN",
        "TIME": "TIMESTAMP WITH TIME ZONE",
        "JSON": "JSON",
    }


def test_field__is_read_from_its_key_where_it_has_one() -> None:
    """A column that is called otherwise than at Imgur knows Imgur's name for it."""
    assert Field("image_id", Type.TEXT, "Id.", key="id").wire_key == "id"
    assert Field("views", Type.INTEGER, "Views.").wire_key == "views"


def test_table_field__finds_a_column_by_name() -> None:
    """A column is found by its name, and one that is not there is an error that says so."""
    assert IMAGES.field("views").name == "views"
    with pytest.raises(KeyError, match="images has no column nothing"):
        IMAGES.field("nothing")
