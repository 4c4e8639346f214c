"""Whole nights and their audits: what is lawful trips no error, and what is found is kept with the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nightly.summary import summary_lines
from warehouse.relations import SQL_DIR

from imgur_source.simulator import Fault, Simulator
from tests.support.lean_sql import sql_with
from tests.support.nights import IMAGES, Nights
from tests.support.work_files import without_marts

DAY = timedelta(days=1)
FEEDS = ["hot/viral@2", "top/top/week@1", "user/time@1", "t/cats@1", "r/aww@1", "search/dog@1"]

ERROR_AUDITS = [
    f"audits/{file.stem}"
    for file in (SQL_DIR / "audits").glob("*.sql")
    if file.read_text().startswith("-- error: ")
]

Happening = Callable[[Simulator], object]


def an_album(simulator: Simulator) -> str:
    """An album of the account with images in it."""
    albums = simulator.truth.account_albums("me")
    return next(str(album["id"]) for album in albums if album["images_count"])


def a_post(simulator: Simulator) -> str:
    return str(simulator.truth.submissions()[0]["id"])


def album_goes_while_it_is_read(simulator: Simulator) -> None:
    """Its list still shows it, and its images are answered with 404."""
    album = an_album(simulator)
    image = simulator.world.add_image(owner=simulator.username)
    simulator.world.add_to_album(album, image.id)  # so that its images are due
    simulator.faults.add(Fault("html_404", path=rf"/album/{album}"))


def a_large_album(simulator: Simulator) -> str:
    """An album that holds nearly all images of the account, made where there is none yet."""
    world = simulator.world
    images = [world.images[str(image["id"])] for image in simulator.truth.account_images()]
    large = [album for album in world.albums.values() if album.title == "large"]
    return (large or [world.add_album(owner=simulator.username, images=images, title="large")])[0].id


def nothing(_: Simulator) -> None:
    """The night is like any other."""


# a night each: what happened before it, and what the run was told
LAWFUL: dict[str, list[tuple[Happening, dict[str, Any]]]] = {
    "first night cut off, then the rest": [
        (nothing, {"max_credits": 8}),
        (nothing, {"max_credits": 8}),
        (nothing, {}),
    ],
    "single resources, details without their lists among them": [
        (nothing, {"only": ("album_images", "post_images", "post_comments")}),
        (nothing, {"only": ("gallery_sections", "post_images")}),
        (nothing, {}),
        (nothing, {"only": ("album_images",)}),
    ],
    "things that go": [
        (nothing, {}),
        (album_goes_while_it_is_read, {}),
        (lambda here: here.world.delete_album(an_album(here)), {}),
        (lambda here: here.world.empty_album(an_album(here)), {}),
        (lambda here: here.world.remove_post(a_post(here)), {}),
        (nothing, {"full_refresh": True}),
    ],
    "an album that is most of its table": [
        (a_large_album, {}),
        (lambda here: here.world.empty_album(a_large_album(here)), {}),
        (nothing, {}),
    ],
    "a post that is most of its table": [
        (lambda here: here.world.add_post(a_large_album(here)), {}),
        (lambda here: here.world.empty_album(a_large_album(here)), {}),
        (nothing, {}),
    ],
    "an account that is no longer followed": [
        (nothing, {"accounts": ("me", "other")}),
        (nothing, {}),
    ],
    "replies that are broken": [
        (lambda here: here.faults.add(Fault("strange_record", path="/albums/", times=2)), {}),
        (lambda here: here.faults.add(Fault("strange_record", path="/gallery/", times=None)), {}),
        (lambda here: here.faults.add(Fault("html_503", path="/gallery/hot", times=None)), {}),
        (lambda here: here.faults.clear(), {}),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("case", LAWFUL)
def test_nights__what_is_lawful_trips_no_error(tmp_path: Path, case: str) -> None:
    """Whatever Imgur or a person may rightly do, each night is published, and no error audit finds a row."""
    nights = Nights(tmp_path, sql_dir=sql_with(*ERROR_AUDITS), images=30, posts=130)
    nights.options.settings.update(feeds=FEEDS, post_details="all")
    for happening, changes in LAWFUL[case]:
        happening(nights.simulator)
        if "accounts" in changes:
            changes = {"accounts": ("me", nights.simulator.other_usernames[0])}
        result = nights.run(**changes)
        assert result.problems == ()
        assert result.publication is not None
        nights.simulator.advance(DAY)
    assert nights.published(
        "select count(distinct audited_at) >= 2, sum(rows_found) from main.audit_results where severity = 'error'"
    ) == [(True, 0)]


def test_night__publishes_what_its_audits_found(first_run: Nights) -> None:
    """The file of a run has a row for each audit, with the run that asked and the time it was made for."""
    [result] = first_run.results

    [(audits, runs, times)] = first_run.published(
        "select count(*), list(distinct run_id), "
        "count(*) filter (where audited_at = (select run_at from staging.parameters)) from main.audit_results"
    )
    assert audits == times == len(first_run.published("select distinct audit from main.audit_results")) > 10
    assert runs == [result.run_id]


@pytest.mark.slow
def test_night__that_fails_an_audit_is_told_by_the_next_file(tmp_path: Path) -> None:
    """Exit code 1, yesterday's file, the results in the work file; when all is well, the new file has them too."""
    nights = Nights(tmp_path, sql_dir=without_marts())
    nights.run(only=("account_images", "account_albums", "album_images"))
    before = nights.options.warehouse.published_file.read_bytes()
    album = nights.work("select min(id) from imgur_raw.albums")[0][0]
    nights.work(f"update imgur_raw.albums set id = 'x' where id = '{album}'")  # a bug of ours, say

    failed = nights.run(only=IMAGES)

    assert failed.exit_code == 1
    assert nights.options.warehouse.published_file.read_bytes() == before
    found = (
        "select rows_found, examples::varchar from main.audit_results "
        f"where audit = 'album_images_without_album' and run_id = '{failed.run_id}'"
    )
    [(rows_found, examples)] = nights.work(found)
    assert rows_found == 1
    assert json.loads(examples)[0]["album_id"] == album
    text = "\n".join(summary_lines(failed, nights.options, seconds=1.0))
    assert "audit album_images_without_album: Images are stored of an album that is not" in text
    assert str(nights.options.warehouse.work_file) in text

    nights.work(f"update imgur_raw.albums set id = '{album}' where id = 'x'")
    nights.simulator.advance(DAY)
    assert nights.run(only=IMAGES).exit_code == 0
    assert nights.published(found) == [(rows_found, examples)]


@pytest.fixture(scope="module")
def purged(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """After a first run 50 of 60 images vanish, which were in an album, too; a person accepts that in the fourth."""
    nights = Nights(tmp_path_factory.mktemp("purged"), sql_dir=without_marts(), images=60)
    wanted = ("account_images", "account_albums", "album_images")
    a_large_album(nights.simulator)
    nights.run(only=wanted)
    for image in nights.simulator.truth.account_images()[:50]:
        nights.simulator.world.delete_image(image["id"])
    for is_accepted in (False, False, True, False):
        nights.simulator.advance(DAY)
        nights.run(only=wanted, accept_vanished=is_accepted)
    return nights


@pytest.mark.slow
def test_nights__are_published_again_once_a_purge_is_accepted(purged: Nights) -> None:
    """Where many vanish one audit keeps the file, and the flag that it names ends that."""
    album = a_large_album(purged.simulator)

    assert [result.exit_code for result in purged.results] == [0, 1, 1, 0, 0]
    assert [result.publication is None for result in purged.results] == [False, True, True, False, False]
    assert [problem.split(":")[0] for problem in purged.results[1].problems] == ["audit vanished_at_once"]
    assert purged.published(f"select count(*) from imgur_raw.album_images where album_id = '{album}'") == [
        (10,)
    ]
    assert purged.published("select count(*) from staging.images where is_missing") == [(50,)]


@pytest.mark.slow
def test_night__that_is_kept_names_the_list_and_the_flag(purged: Nights) -> None:
    """The summary says which list has lost so many items, and how a person accepts it."""
    text = "\n".join(summary_lines(purged.results[1], purged.options, seconds=1.0))

    assert "account_images/me" in text
    assert "--accept-vanished" in text


@pytest.mark.slow
def test_night__says_that_a_person_accepted(purged: Nights) -> None:
    """--accept-vanished stands with what the audit found, in the file that was published all the same."""
    accepted = "select rows_found, is_accepted from main.audit_results where audit = 'vanished_at_once'"

    assert purged.published(f"{accepted} and run_id = '{purged.results[3].run_id}'") == [(1, True)]
    assert purged.published("select run_id, audit from main.audit_results where is_accepted") == [
        (purged.results[3].run_id, "vanished_at_once")
    ]
