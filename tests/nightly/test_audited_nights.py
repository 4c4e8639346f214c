"""Whole nights and their audits: what is lawful trips no error, and what is found is kept with the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nightly.summary import summary_lines

from imgur_source.simulator import Fault, Simulator
from tests.support.nights import IMAGES, Nights

DAY = timedelta(days=1)
FEEDS = ["hot/viral@2", "top/top/week@1", "user/time@1", "t/cats@1", "r/aww@1", "search/dog@1"]

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
    nights = Nights(tmp_path, with_marts=True, images=30)
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


def test_night__publishes_what_its_audits_found(tmp_path: Path) -> None:
    """The file of a night has a row for each audit, with the run that asked and the time it was made for."""
    nights = Nights(tmp_path)

    result = nights.run(only=IMAGES)

    [(audits, runs, times)] = nights.published(
        "select count(*), list(distinct run_id), "
        "count(*) filter (where audited_at = (select run_at from staging.parameters)) from main.audit_results"
    )
    assert audits == times == len(nights.published("select distinct audit from main.audit_results")) > 10
    assert runs == [result.run_id]


@pytest.mark.slow
def test_night__that_fails_an_audit_is_told_by_the_next_file(tmp_path: Path) -> None:
    """Exit code 1, yesterday's file, the results in the work file; when all is well, the new file has them too."""
    nights = Nights(tmp_path)
    nights.run()
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
    assert "audit album_images_without_album: Images are held of an album that is not" in text
    assert str(nights.options.warehouse.work_file) in text

    nights.work(f"update imgur_raw.albums set id = '{album}' where id = 'x'")
    nights.simulator.advance(DAY)
    assert nights.run(only=IMAGES).exit_code == 0
    assert nights.published(found) == [(rows_found, examples)]


@pytest.mark.slow
def test_nights__are_published_again_once_a_purge_is_accepted(tmp_path: Path) -> None:
    """Images that were in an album, too, are purged: one audit keeps the file, and the flag that it names ends that."""
    nights = Nights(tmp_path, images=60)
    wanted = ("account_images", "account_albums", "album_images")
    album = a_large_album(nights.simulator)
    nights.run(only=wanted)
    held = f"select count(*) from imgur_raw.album_images where album_id = '{album}'"
    assert nights.published(held) == [(60,)]
    for image in nights.simulator.truth.account_images()[:50]:
        nights.simulator.world.delete_image(image["id"])

    results = []
    for is_accepted in (False, False, True, False):
        nights.simulator.advance(DAY)
        results.append(nights.run(only=wanted, accept_vanished=is_accepted))

    assert [result.exit_code for result in results] == [1, 1, 0, 0]
    assert [problem.split(":")[0] for problem in results[0].problems] == ["audit vanished_at_once"]
    assert nights.published(held) == [(10,)]


@pytest.mark.slow
def test_nights__are_published_again_once_a_loss_is_accepted(tmp_path: Path) -> None:
    """Where most of a table has gone, --accept-vanished says that a person knows, and the summary what was lost."""
    nights = Nights(tmp_path, images=60)
    nights.run(only=IMAGES)
    nights.work("delete from imgur_raw.images")
    for image in nights.simulator.truth.account_images()[5:]:
        nights.simulator.world.delete_image(image["id"])

    results = []
    for is_accepted in (False, True, False):
        nights.simulator.advance(DAY)
        results.append(nights.run(only=IMAGES, accept_vanished=is_accepted))

    assert [result.exit_code for result in results] == [1, 0, 0]
    assert "accepted: images, rows lost: 5 rows, 60 in the published file." in results[1].warnings
    assert nights.published(
        "select rows_found, is_accepted from main.audit_results "
        f"where audit = 'loaded_tables' and run_id = '{results[1].run_id}'"
    ) == [(1, True)]
    assert not any("accepted" in warning for warning in results[2].warnings)


@pytest.mark.slow
def test_night__says_that_a_person_accepted(tmp_path: Path) -> None:
    """--accept-vanished stands with what the audit found, in the file that was published all the same."""
    nights = Nights(tmp_path, images=60)
    nights.run(only=IMAGES)
    for image in nights.simulator.truth.account_images()[:30]:
        nights.simulator.world.delete_image(image["id"])
    nights.simulator.advance(DAY)

    result = nights.run(only=IMAGES, accept_vanished=True)

    assert result.exit_code == 0
    assert nights.published(
        "select audit, rows_found, is_accepted from main.audit_results "
        f"where run_id = '{result.run_id}' and (is_accepted or rows_found > 0)"
    ) == [("vanished_at_once", 1, True)]
