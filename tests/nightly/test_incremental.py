"""Nights in a row: what is asked for again, what is lost and found, and what it costs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgur_source.simulator import Simulator
from tests.support.lean_sql import sql_with
from tests.support.nights import IMAGES, Nights
from tests.support.warehouses import Lab
from tests.support.work_files import without_marts

DAY = timedelta(days=1)
ALBUMS = ("account_albums", "album_images")


def a_world(**over: Any) -> Simulator:
    return Simulator(**({"seed": 5, "images": 120, "albums": 4, "posts": 240, "per_page": "ignored"} | over))


def paths_since(simulator: Simulator, number: int) -> list[str]:
    """The paths that were asked for after the first *number* requests, without their queries."""
    paths = [request.path.partition("?")[0] for request in simulator.requests[number:]]
    return [
        path for path in paths if path.startswith("/3/")
    ]  # the test's own way to log in is not of interest


# lists


def test_lists__interrupted_first_load_is_gone_on_with(tmp_path: Path) -> None:
    """Nights of three credits each: the front, the page where the night before ended, and one page more."""
    simulator = a_world(images=330)
    lab = Lab(tmp_path, simulator)

    for _ in range(6):
        lab.run(only=IMAGES, max_credits=3)

    pages = [path.removeprefix("/3/account/me/images/") for path in paths_since(simulator, 0)]
    assert pages == [*"012", *"023", *"034", *"045", *"056", *"067"]
    assert lab.rows("select count(*) from imgur_raw.images") == [(330,)]


def test_lists__too_dear_to_sweep_cost_the_front_and_a_part(tmp_path: Path) -> None:
    """A quiet night of a list of 7 pages that may not be swept reads page 0, and a third of the rest."""
    simulator = a_world(images=330)
    lab = Lab(tmp_path, simulator)
    dear = {"sweep_share": 0.0001, "greatest_age_days": 3, "max_in_flight": 1}
    lab.run(only=(*IMAGES, "list_sweeps"), **dear)
    before = len(simulator.requests)

    for _ in range(2):
        simulator.advance(DAY)
        lab.run(only=(*IMAGES, "list_sweeps"), **dear)

    pages = [int(path.rpartition("/")[2]) for path in paths_since(simulator, before)]
    assert pages[:5] == [0, 1, 2, 3, 0]
    assert pages[5:] in ([3, 4, 5, 6], [4, 5, 6, 7])  # the page where the first night ended shows the way
    assert lab.rows(
        "select kind, count(*), sum(pages)::int, bool_and(is_complete) from imgur_raw.list_sweeps "
        "group by kind order by kind"
    ) == [("head", 2, 2, True), ("refresh", 2, 7, True), ("sweep", 1, 8, True)]


def test_lists__start_date_bounds_what_is_read(tmp_path: Path) -> None:
    """Of seven pages only those with items since start_date are read, and the list counts as complete."""
    simulator = a_world(images=330)
    lab = Lab(tmp_path, simulator)
    times = sorted((image["datetime"] for image in simulator.truth.account_images()), reverse=True)
    since = simulator.now() - timedelta(seconds=simulator.now().timestamp() - times[70])

    lab.run(only=(*IMAGES, "list_sweeps"), start_date=since.isoformat())

    assert paths_since(simulator, 0) == ["/3/account/me/images/0", "/3/account/me/images/1"]
    assert lab.rows("select kind, reason from imgur_raw.list_sweeps where is_complete") == [
        ("gap", "start_date was reached")
    ]


def test_lists__end_date_is_found_without_reading_what_is_newer(tmp_path: Path) -> None:
    """The oldest page of twenty is had for five pages and the count; the next run reads what is newer."""
    simulator = a_world(images=1000)
    lab = Lab(tmp_path, simulator)
    times = sorted(image["datetime"] for image in simulator.truth.account_images())
    until = simulator.now() - timedelta(seconds=simulator.now().timestamp() - times[30])

    lab.run(only=IMAGES, end_date=until.isoformat())
    credits = simulator.credits_spent
    held = lab.rows(
        "select count(*) from imgur_raw.images where epoch(datetime) <= ?".replace("?", str(times[30]))
    )
    lab.run(only=IMAGES)

    assert credits <= 9
    assert held == [(sum(time <= times[30] for time in times),)]
    assert lab.rows("select count(*) from imgur_raw.images") == [(1000,)]


def test_lists__another_login_is_not_taken_for_the_one_before(tmp_path: Path) -> None:
    """When ``me`` is somebody else, what is held of the first one's lists says nothing of the second one's."""
    first, second = a_world(images=60), a_world(images=60, seed=6)
    lab = Lab(tmp_path, first)
    lab.run(only=("account", *IMAGES), sweep_share=0.0)

    other = Lab(tmp_path, second)
    run = other.run(only=("account", *IMAGES), sweep_share=0.0, state_dir=str(tmp_path / "other"))

    assert other.rows("select count(*) from imgur_raw.images") == [(120,)]
    assert run.report.notes == ["me: another account than before; its lists are read anew."]


# details


def test_details__are_fetched_again_only_when_something_moved(tmp_path: Path) -> None:
    """A quiet night asks for no album; one that grew, and only it, is asked for."""
    simulator = a_world()
    lab = Lab(tmp_path, simulator)
    lab.run(only=ALBUMS)
    simulator.advance(DAY)
    before = len(simulator.requests)
    lab.run(only=ALBUMS)
    quiet = paths_since(simulator, before)
    album = next(album for album in simulator.truth.account_albums("me") if album["images_count"])
    simulator.world.add_to_album(album["id"], simulator.world.add_image().id)
    before = len(simulator.requests)

    lab.run(only=ALBUMS)

    assert quiet == ["/3/account/me/albums/0", "/3/account/me/albums/1"]
    assert paths_since(simulator, before) == [*quiet, f"/3/album/{album['id']}/images"]


def test_details__of_albums_are_fetched_again_after_the_greatest_age(tmp_path: Path) -> None:
    """After ``greatest_age_days`` each album is asked for though nothing seems to have moved."""
    simulator = a_world()
    lab = Lab(tmp_path, simulator)
    lab.run(only=ALBUMS, greatest_age_days=5)
    albums = [album for album in simulator.truth.account_albums("me") if album["images_count"]]
    simulator.advance(timedelta(days=4))
    lab.run(only=ALBUMS, greatest_age_days=5)
    before = len(simulator.requests)
    simulator.advance(DAY)

    lab.run(only=ALBUMS, greatest_age_days=5)

    asked = [path for path in paths_since(simulator, before) if path.endswith("/images")]
    assert sorted(asked) == sorted(f"/3/album/{album['id']}/images" for album in albums)


@pytest.mark.parametrize("moved", ["cover", "datetime"])
def test_details__of_an_album_are_fetched_again_when_its_cover_or_time_moved(
    tmp_path: Path, moved: str
) -> None:
    """An album with as many images as before is asked for again where another comes first, or its time is another."""
    simulator = a_world()
    lab = Lab(tmp_path, simulator)
    lab.run(only=ALBUMS)
    album = next(
        album
        for album in map(
            simulator.world.albums.__getitem__, [a["id"] for a in simulator.truth.account_albums("me")]
        )
        if len(album.images) > 1
    )
    if moved == "cover":
        simulator.world.reorder_album(album.id, [image.id for image in reversed(album.images)])
    else:
        album.created += 1
    before = len(simulator.requests)

    lab.run(only=ALBUMS)

    asked = [path for path in paths_since(simulator, before) if path.endswith("/images")]
    assert asked == [f"/3/album/{album.id}/images"]
    assert lab.rows(
        f"select image_id from imgur_raw.album_images where album_id = '{album.id}' order by position"
    ) == [(image.id,) for image in album.images]


def test_details__of_a_post_are_fetched_again_when_it_has_more_images(tmp_path: Path) -> None:
    """Of all own posts only the album that grew costs a credit, and all of its images are held then."""
    simulator = a_world()
    lab = Lab(tmp_path, simulator)
    lab.run(only=("post_images",))
    post = next(
        post for post in simulator.truth.submissions("me") if post["is_album"] and post["images_count"] > 3
    )
    simulator.world.add_to_album(post["id"], simulator.world.add_image().id)
    before = len(simulator.requests)

    lab.run(only=("post_images",))

    asked = [path for path in paths_since(simulator, before) if path.endswith("/images")]
    assert asked == [f"/3/album/{post['id']}/images"]
    assert lab.rows(f"select count(*) from imgur_raw.post_images where post_id = '{post['id']}'") == [
        (post["images_count"] + 1,)
    ]


def test_details__tree_is_fetched_when_its_count_moved(tmp_path: Path) -> None:
    """Of all own posts only the one with a new comment costs a credit."""
    simulator = a_world()
    lab = Lab(tmp_path, simulator)
    lab.run(only=("post_comments",))
    post = next(post for post in simulator.truth.submissions("me") if post["comment_count"])
    simulator.world.add_comment(post["id"], author=simulator.other_usernames[0])
    before = len(simulator.requests)

    lab.run(only=("post_comments",))

    trees = [path for path in paths_since(simulator, before) if "/comments/" in path]
    assert trees == [f"/3/gallery/{post['id']}/comments/best"]


def test_details__number_that_cannot_be_confirmed_is_not_asked_for_each_night(tmp_path: Path) -> None:
    """An album post that shows fewer images than it counts costs its credit once."""
    simulator = a_world()
    lab = Lab(tmp_path, simulator)
    lab.run(only=("post_images",))
    before = len(simulator.requests)

    lab.run(only=("post_images",))

    assert [path for path in paths_since(simulator, before) if path.endswith("/images")] == []


# deletions


def states(nights: Nights) -> dict[str, tuple[bool, bool]]:
    """Of each image whether it is missing, and whether it counts as deleted."""
    rows = nights.published("select image_id, is_missing, deleted_at is not null from staging.images")
    return {image: (is_missing, is_deleted) for image, is_missing, is_deleted in rows}


@pytest.mark.slow
def test_deletions__missing_then_deleted_then_back(nights: Nights) -> None:
    """An image that is gone is missing after one night and deleted after two proved ones; seen again it is back."""
    nights.options = replace(nights.options, sql_dir=sql_with("staging/images"))
    gone = nights.simulator.truth.account_images()[7]["id"]
    image = nights.simulator.world.delete_image(gone)
    found = []
    for _ in range(2):
        nights.simulator.advance(DAY)
        nights.run(only=IMAGES)
        found.append(states(nights)[gone])
    nights.simulator.world.restore_image(image)
    nights.simulator.advance(DAY)

    nights.run(only=IMAGES)

    assert found == [(True, False), (True, True)]
    assert states(nights)[gone] == (False, False)
    assert sum(is_missing for is_missing, _ in states(nights).values()) == 0


@pytest.mark.slow
def test_deletions__direct_look_decides_where_walks_prove_nothing(tmp_path: Path) -> None:
    """Missed by an unproved walk, an image is looked at the night after, and a 404 settles it."""
    nights = Nights(
        tmp_path, sql_dir=sql_with("staging/images"), images=120, albums=1, posts=20, per_page="ignored"
    )
    nights.run()
    gone = nights.simulator.truth.account_images()[7]["id"]
    nights.simulator.world.delete_image(gone)
    nights.simulator.advance(DAY)
    nights.run()
    first = states(nights)[gone]
    nights.simulator.advance(DAY)

    result = nights.run()

    assert first == (True, False)
    assert result.run.meter.charges["image_look"] == 1
    assert nights.published("select item_id, is_gone from imgur_raw.item_looks") == [(gone, True)]
    assert states(nights)[gone] == (True, True)


@pytest.mark.slow
def test_deletions__that_a_killed_run_had_read_are_new_to_the_published_file(tmp_path: Path) -> None:
    """A publication between a killed run and the next one says nothing of what the killed one had fetched."""
    nights = Nights(tmp_path, sql_dir=without_marts(), images=60)
    nights.run(only=("account_images", "account_albums"))
    nights.simulator.advance(DAY)
    for image in nights.simulator.truth.account_images()[:30]:
        nights.simulator.world.delete_image(image["id"])

    def killed_at_the_albums(request: httpx.Request) -> httpx.Response:
        if "albums" in request.url.path:
            raise KeyboardInterrupt
        return nights.simulator(request)

    with pytest.raises(KeyboardInterrupt):
        nights.run(
            only=("account_images", "account_albums"), transport=httpx.MockTransport(killed_at_the_albums)
        )
    nights.simulator.advance(timedelta(minutes=5))
    assert nights.run(only=("account_comments",)).publication is not None
    nights.simulator.advance(timedelta(minutes=5))

    result = nights.run(only=("account_images", "account_albums"))

    assert result.exit_code == 1
    assert ["vanished_at_once" in problem for problem in result.problems] == [True]
    assert sum(result.run.meter.replays.values()) > 0


# what is lost and found


@pytest.mark.slow
def test_warehouse__lost_data_directory_brings_everything_back(nights: Nights) -> None:
    """Without its folder the warehouse is filled again, whatever ETags were known."""
    shutil.rmtree(nights.options.data_dir)

    nights.run(only=IMAGES)

    assert nights.published(
        "select (select count(*) from imgur_raw.images), (select count(*) from imgur_raw.image_metrics)"
    ) == [(40, 40)]


@pytest.mark.slow
def test_warehouse__unchanged_reply_brings_its_rows_as_if_it_had_come_again(nights: Nights) -> None:
    """A 304 refreshes what was seen, history grows no more than by an equal reply, and it is on the books."""

    result = nights.run(only=IMAGES)

    statuses = [request.status for request in nights.simulator.requests if "/images/" in request.path]
    assert statuses == [200, 200, 200, 304, 304]  # the first night asks for the list's count, too
    assert result.run.report.rows["images"] == 40
    assert nights.work("select count(*) from imgur_raw.image_metrics") == [(40,)]
    assert result.run.meter.unchanged["account_images"] == result.run.meter.charges["account_images"] == 2
    assert nights.published(
        f"select credits, unchanged from imgur_raw.credit_charges where endpoint = 'account_images' and run_id = '{result.run_id}'"
    ) == [(2, 2)]


@pytest.mark.slow
def test_warehouse__lost_work_file_brings_every_row_and_observation_back(nights: Nights) -> None:
    """Where only the work file is gone, the bodies kept for their ETag are not trusted to be loaded."""
    nights.options.warehouse.work_file.unlink()

    nights.run(only=IMAGES)

    assert nights.published(
        "select (select count(*) from imgur_raw.images), (select count(*) from imgur_raw.image_metrics)"
    ) == [(40, 40)]


def test_warehouse__another_destination_is_sent_everything(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DuckDB holds is neither held nor known by its ETag elsewhere."""
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(tmp_path / "lake"))
    before = len(nights.simulator.requests)

    result = nights.run(only=IMAGES, destination="filesystem")

    statuses = [request.status for request in nights.simulator.requests[before:]]
    assert statuses == [200, 200, 200]  # the list's count, its page, its end
    assert (result.run.report.rows["images"], result.run.report.rows["image_metrics"]) == (40, 40)


@pytest.mark.slow
def test_warehouse__older_work_file_is_noticed(tmp_path: Path) -> None:
    """A work file from a backup lacks what the pipelines folder claims: the rows come again."""
    nights = Nights(tmp_path, images=120, per_page="ignored")
    dear: dict[str, Any] = {
        "settings": {**nights.options.settings, "sweep_share": 0.0, "greatest_age_days": 1000}
    }
    nights.run(only=IMAGES, **dear)
    backup = tmp_path / "backup.duckdb"
    shutil.copyfile(nights.options.warehouse.work_file, backup)
    new = {nights.simulator.world.add_image().id for _ in range(3)}
    nights.run(only=IMAGES, **dear)
    shutil.copyfile(backup, nights.options.warehouse.work_file)
    nights.simulator.world.add_image()

    result = nights.run(only=IMAGES, **dear)

    assert result.run.report.notes == [
        "The work file is older than the last run; what it lacks is read again."
    ]
    assert {image for (image,) in nights.published("select id from imgur_raw.images")} >= new


@pytest.mark.slow
def test_warehouse__quiet_night_adds_nothing_to_history(tmp_path: Path) -> None:
    """Observations that repeat the one before are dropped, and the row says until when it was true."""
    nights = Nights(tmp_path, etags=False)
    nights.run(only=IMAGES)
    nights.simulator.advance(DAY)
    nights.run(only=IMAGES)

    rows = nights.published(
        "select id, list(seen.views order by observed_at), max(seen.fetched_at) = max(images.fetched_at) "
        "from imgur_raw.image_metrics as seen join imgur_raw.images using (id) group by id"
    )

    assert len(rows) == 40
    assert all(len(views) == len(set(views)) and is_seen for _, views, is_seen in rows)
    assert any(len(views) == 1 for _, views, _ in rows)


@pytest.mark.slow
def test_warehouse__history_is_whole_though_a_list_was_read_as_a_parent_only(tmp_path: Path) -> None:
    """What --only album_images sends of the list of albums is not loaded: its 304 must not be taken for old news."""
    nights = Nights(tmp_path)
    nights.run(only=("album_images",))

    nights.run(only=ALBUMS)

    albums = len(nights.simulator.truth.account_albums("me"))
    assert nights.work("select count(distinct id) from imgur_raw.album_metrics") == [(albums,)]


def test_lists__read_for_a_companion_only_are_not_held(tmp_path: Path) -> None:
    """--only image_metrics reads the images and loads none: the next run does not take them for held."""
    simulator = a_world(images=330)
    lab = Lab(tmp_path, simulator)
    lab.run(only=("image_metrics",))

    lab.run(only=IMAGES, sweep_share=0.0001)

    assert lab.rows("select count(*) from imgur_raw.images") == [(330,)]


@pytest.mark.slow
def test_lists__of_one_account_under_two_names_are_read_once(tmp_path: Path) -> None:
    """An account that is known to be me is left out, though --only spares the request that would tell."""
    nights = Nights(tmp_path)
    names = ("me", nights.simulator.username)
    nights.run(only=("account", "account_albums"), accounts=names)
    before = len(nights.simulator.requests)

    nights.run(only=("account_albums",), accounts=names)

    asked = paths_since(nights.simulator, before)
    assert {path.split("/")[3] for path in asked} == {"me"}


@pytest.mark.slow
def test_looks__are_not_for_accounts_that_are_not_followed(tmp_path: Path) -> None:
    """A missing image of me is nothing for a run without me, which may have no login."""
    nights = Nights(tmp_path, images=120, per_page="ignored")
    nights.run(only=("account_images", "account_albums"))
    nights.simulator.world.delete_image(nights.simulator.truth.account_images()[7]["id"])
    nights.simulator.advance(DAY)
    nights.run(only=("account_images", "account_albums"))

    result = nights.run(accounts=(nights.simulator.other_usernames[0],))

    assert result.exit_code == 0
    assert result.run.meter.charges["image_look"] == 0


def test_journal__is_off_where_the_source_is_used_alone(tmp_path: Path) -> None:
    """A pipeline of one's own leaves no paid reply on the disk, asks without an ETag, and no package is confirmed."""
    simulator = a_world(images=60, etags=True)
    lab = Lab(tmp_path, simulator)
    for _ in range(2):
        lab.run(only=IMAGES)

    statuses = {request.status for request in simulator.requests if "/images/" in request.path}
    assert statuses == {200}
    assert [path.name for path in tmp_path.rglob("*") if "replies" in path.name] == []
    assert {path.parent.name for path in tmp_path.rglob("*sqlite*")} == {
        "state"
    }  # the ledger of the application
    assert "journal_package" not in lab.pipeline.state["sources"]["imgur"]


@pytest.mark.slow
def test_full_refresh__forgets_and_reads_anew(tmp_path: Path) -> None:
    """--full-refresh asks for every page and album of what --only names, and drops no history."""
    nights = Nights(tmp_path)
    nights.run(only=ALBUMS)
    history = nights.work("select count(*) from imgur_raw.album_metrics")
    albums = [album for album in nights.simulator.truth.account_albums("me") if album["images_count"]]
    before = len(nights.simulator.requests)

    nights.run(only=ALBUMS, full_refresh=True)

    requests = nights.simulator.requests[before:]
    assert [request.status for request in requests] == [200] * len(requests)
    assert sum(request.path.endswith("/images") for request in requests) == len(albums)
    assert nights.work("select count(*) from imgur_raw.album_metrics") == history


@pytest.mark.slow
def test_full_refresh__of_a_feed_takes_no_unchanged_reply(tmp_path: Path) -> None:
    """The bodies that were kept of a feed's pages are forgotten too: each page comes anew."""
    nights = Nights(tmp_path)
    nights.options.settings["feeds"] = ["hot/viral@1"]
    nights.run(only=("gallery_sections",))
    nights.run(only=("gallery_sections",))
    before = len(nights.simulator.requests)

    nights.run(only=("gallery_sections",), full_refresh=True)

    assert nights.simulator.requests[before - 1].status == 304
    assert [request.status for request in nights.simulator.requests[before:]] == [200]
