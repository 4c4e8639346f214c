"""docs/adding-a-list.md: a list that is declared in one row is read, priced, planned, told of and documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sync
from data_dictionary import data_dictionary
from warehouse import SQL_DIR

from imgur_source.extract.feeds import FeedSyntax
from imgur_source.extract.streams import Shape, Stream, declared
from imgur_source.records.tables import FETCHED_AT, GALLERY_RANKS, POSTS, Field, Table, Type
from tests.support.nights import Nights

GALLERY_PROFILES = Table(
    "gallery_profiles",
    "One row per account: what it has done in the gallery.",
    key=("account_id",),
    fields=(
        Field("account_id", Type.INTEGER, "The account's number.", ours=True),
        Field("total_gallery_comments", Type.INTEGER, "Comments that it has written."),
        Field("total_gallery_favorites", Type.INTEGER, "Gallery posts that it has marked as favourites."),
        Field("total_gallery_submissions", Type.INTEGER, "Posts that it has shared with the gallery."),
        Field("trophies", Type.JSON, "Its trophies, as Imgur lists them."),
        FETCHED_AT,
    ),
)
GALLERY_PROFILE = Stream(
    "account_gallery_profile",
    "/3/account/{account}/gallery_profile",
    GALLERY_PROFILES,
    Shape.SINGLE,
    needs_account_id=True,
)
SECTIONS_BY_ANOTHER_NAME = Stream(
    "gallery_again",
    "/3/gallery/{subject}/{sort}/{window}/{page}",
    POSTS,
    Shape.FEED,
    feed=FeedSyntax("g", "section", ("viral", "time"), "viral", "day"),
    also=(GALLERY_RANKS,),
)


@pytest.fixture
def profile() -> Iterator[Stream]:
    """The list, declared for one test."""
    with declared(GALLERY_PROFILE) as stream:
        yield stream


def test_declared_list__is_read_once_a_run_priced_planned_and_leaves_nothing_pending(
    profile: Stream, tmp_path: Path
) -> None:
    """Its row lands, it costs what its line of the plan says, and a second run reads it once more."""
    nights = Nights(tmp_path, sql_dir=SQL_DIR)
    for _ in range(2):
        before = len(nights.simulator.requests)
        result = nights.run()
        asked = [request.path for request in nights.simulator.requests[before:]]

        assert result.outcome == "done", result.reason
        assert result.run.pending == []
        assert asked.count("/3/account/me/gallery_profile") == 1
        assert result.run.plan is not None
        [line] = [line for line in result.run.plan.lines if line.name == "account_gallery_profile/me"]
        assert (line.least, line.likely, line.most, line.granted) == (1, 1, 1, 1)
        assert result.run.spent_on["account_gallery_profile/me", line.kind] == 1

    [(account_id, comments, profiles)] = nights.published(
        "select account_id, total_gallery_comments, count(*) over () from imgur_raw.gallery_profiles"
    )
    assert (account_id, profiles) == (nights.simulator.truth.account("me")["id"], 1)
    assert comments is not None
    assert nights.published("select count(*) from staging.gallery_profiles") == [(1,)]


def test_declared_list__can_be_asked_for_alone(profile: Stream, tmp_path: Path) -> None:
    """``--only`` knows it, and reads the account first, whose number its row carries."""
    assert "account_gallery_profile" in sync.parser().format_help()
    nights = Nights(tmp_path)

    nights.run(only=("account_gallery_profile",))

    assert {request.path for request in nights.simulator.requests if request.path.startswith("/3/")} == {
        "/3/account/me",
        "/3/account/me/gallery_profile",
    }
    assert nights.work("select count(*) from imgur_raw.gallery_profiles") == [(1,)]


def test_declared_list__has_its_table_in_the_data_dictionary(profile: Stream) -> None:
    """Table and columns with their meanings, as for every other one."""
    text = data_dictionary()

    assert "One row per account: what it has done in the gallery." in text
    assert "Posts that it has shared with the gallery." in text


def test_declared_list__is_gone_after_its_block() -> None:
    """Nothing stays behind for the next test."""
    assert "account_gallery_profile" not in sync.parser().format_help()


def test_declared_feed__is_written_read_planned_and_ranked(tmp_path: Path) -> None:
    """A new kind of feed is one row too: how it is spelled stands there, and its name in tables and plan."""
    nights = Nights(tmp_path, images=5, albums=0)
    nights.options.settings["feeds"] = ["g/hot/time@1"]
    with declared(SECTIONS_BY_ANOTHER_NAME):
        result = nights.run(accounts=())

    assert (result.outcome, result.run.pending) == ("done", [])
    assert nights.asked_for("/3/gallery/hot/time/day/0") == 1
    assert result.run.plan is not None
    assert [(line.name, line.kind, line.likely) for line in result.run.plan.lines] == [
        ("g/hot/time", "feed", 1)
    ]
    [(feeds, ranks, posts)] = nights.work(
        "select list(distinct feed), count(*), (select count(*) from imgur_raw.posts) from imgur_raw.gallery_ranks"
    )
    assert feeds == ["g/hot/time"]
    assert ranks == posts > 0
