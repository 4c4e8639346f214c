"""The source as a whole: what Imgur says is what lands, field by field."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import httpx
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from imgur_source import imgur
from imgur_source.credits.ledger import CreditLedger, ledger_path
from imgur_source.errors import (
    ApplicationRefusedError,
    ConfigurationError,
    ImgurError,
    OverCapacityError,
    TransientError,
)
from imgur_source.extract import resource_tables
from imgur_source.extract.facts import StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.records.tables import TABLES, Table, Type
from imgur_source.settings import ImgurCredentials
from imgur_source.simulator import Fault, Simulator
from tests.support.ledgers import asked, rate_headers
from tests.support.warehouses import FEEDS, Lab, SimulatorClock, credentials_of


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """One run over everything, for tests that only look."""
    simulator = Simulator(seed=11, images=230, albums=14, posts=240, user_limit=2_000)
    lab = Lab(tmp_path_factory.mktemp("full"), simulator)
    lab.run(accounts=["me", simulator.other_usernames[0]], feeds=list(FEEDS))
    return lab


def expected_row(table: Table, record: dict[str, Any]) -> dict[str, Any]:
    """What a column must hold for a record of Imgur's, said a second time and more simply than the code does."""
    row: dict[str, Any] = {}
    for field in table.fields:
        value = record.get(field.wire_key)
        if field.ours:
            continue
        if field.kind is Type.TIME:
            value = datetime.fromtimestamp(value, UTC) if value else None
        elif field.kind is Type.INTEGER and value is not None:
            value = int(value)
        elif field.kind is Type.BOOLEAN and value is not None:
            value = value in (True, 1, "1")
        row[field.name] = value
    return row


def landed_row(table: Table, record: dict[str, Any]) -> dict[str, Any]:
    """A row as loaded, its JSON read, without the columns that we fill ourselves."""
    return {
        field.name: json.loads(value) if field.kind is Type.JSON and isinstance(value, str) else value
        for field in table.fields
        if not field.ours
        for value in [record[field.name]]
    }


def assert_landed(lab: Lab, table: Table, truth: list[dict[str, Any]], where: str = "true") -> None:
    """Every record of *truth* once, every field equal, and nothing else."""
    name = next(field.name for field in table.fields if field.wire_key == "id" and not field.ours)
    landed = lab.records(f"select * from imgur_raw.{table.name} where {where}")
    expected = {str(record["id"]): expected_row(table, record) for record in truth}

    assert len(landed) == len(expected)
    assert {str(row[name]): landed_row(table, row) for row in landed} == expected


def test_imgur__building_the_source_makes_no_request(tmp_path: Path) -> None:
    """Whatever is configured, nothing is sent before a pipeline runs."""
    simulator = Simulator(images=5)

    Lab(tmp_path, simulator).source(accounts=["me", "somebody"], feeds=list(FEEDS))

    assert not simulator.requests


def test_imgur__has_a_resource_for_every_endpoint_and_every_table(tmp_path: Path) -> None:
    """The names of the design are there to be selected, and reach all tables but the books of sync.py."""
    source = Lab(tmp_path, Simulator(images=5)).source()

    assert set(resource_tables()) <= set(source.resources)
    assert {table.name for table in resource_tables().values()} == set(TABLES) - {
        "sync_runs",
        "credit_charges",
    }


def test_imgur__images_land_with_every_field(full: Lab) -> None:
    """Every image of the account once, as the owner sees it."""
    assert_landed(full, TABLES["images"], full.simulator.truth.account_images())


def test_imgur__albums_land_with_every_field(full: Lab) -> None:
    """The albums of both accounts, the hidden ones of the owner among them."""
    other = full.simulator.other_usernames[0]
    truth = full.simulator.truth

    assert_landed(full, TABLES["albums"], truth.account_albums("me") + truth.account_albums(other))


def test_imgur__comments_land_with_every_field(full: Lab) -> None:
    """The comments of both accounts; the root's parent stays 0 as Imgur says it."""
    truth = full.simulator.truth

    assert_landed(
        full,
        TABLES["comments"],
        truth.account_comments("me") + truth.account_comments(full.simulator.other_usernames[0]),
    )


def test_imgur__accounts_land_with_every_field(full: Lab) -> None:
    """Both accounts, pro_expiration a time or null."""
    truth = full.simulator.truth

    assert_landed(
        full, TABLES["accounts"], [truth.account("me"), truth.account(full.simulator.other_usernames[0])]
    )


def test_imgur__posts_land_with_every_field(full: Lab) -> None:
    """Submissions of both accounts and the posts of all feeds, each once."""
    truth, other = full.simulator.truth, full.simulator.other_usernames[0]
    records = {record["id"]: record for record in truth.submissions("me")}
    records |= {record["id"]: record for record in truth.submissions(other)}
    ids = {row[0] for row in full.rows("select id from imgur_raw.posts")}
    public = {post_id: truth.post(post_id) for post_id in ids}

    assert records.keys() <= ids
    for row in full.records("select * from imgur_raw.posts"):
        landed, expected = landed_row(TABLES["posts"], row), expected_row(TABLES["posts"], public[row["id"]])
        asked_by_owner = {"vote", "favorite"}
        assert {k: v for k, v in landed.items() if k not in asked_by_owner} == {
            k: v for k, v in expected.items() if k not in asked_by_owner
        }


def test_imgur__album_images_land_in_the_album_s_order(full: Lab) -> None:
    """Each album holds exactly its images, position by position."""
    truth = full.simulator.truth
    albums = [*truth.account_albums("me"), *truth.account_albums(full.simulator.other_usernames[0])]
    expected = [
        (album["id"], position, image["id"])
        for album in albums
        for position, image in enumerate(truth.album_images(album["id"]))
    ]

    landed = full.rows("select album_id, position, image_id from imgur_raw.album_images")

    assert sorted(landed) == sorted(expected)


def test_imgur__own_posts_have_their_full_media_and_whole_previews_are_kept(full: Lab) -> None:
    """Own album posts hold all images; a feed's album holds them where three previews are all there is."""
    truth = full.simulator.truth
    own = [*truth.submissions("me"), *truth.submissions(full.simulator.other_usernames[0])]
    expected = {
        (post["id"], position, image["id"])
        for post in own
        if post["is_album"]
        for position, image in enumerate(truth.post(post["id"])["images"])
    }
    landed = set(full.rows("select post_id, position, image_id from imgur_raw.post_images"))
    counts = full.rows(
        "select count(*) filter (where n <> images_count) from (select post_id, count(*) as n from imgur_raw.post_images"
        " group by post_id) join imgur_raw.posts on id = post_id"
    )

    assert expected
    assert expected <= landed
    assert landed - expected
    assert counts == [(0,)]


def test_imgur__comment_trees_are_flattened(full: Lab) -> None:
    """Each comment under an own post stands once, with its parent, its root, its depth and its place."""
    truth = full.simulator.truth
    own = [*truth.submissions("me"), *truth.submissions(full.simulator.other_usernames[0])]
    expected: list[tuple[Any, ...]] = []

    def walk(comments: list[dict[str, Any]], post_id: str, above: tuple[int, ...]) -> None:
        for comment in comments:
            place = sum(1 for row in expected if row[1] == post_id)
            root = above[0] if above else comment["id"]
            parent = above[-1] if above else None
            expected.append((comment["id"], post_id, parent, root, len(above), place))
            walk(comment["children"], post_id, (*above, comment["id"]))

    for post in own:
        walk(truth.post_comments(post["id"]), post["id"], ())

    landed = full.rows("select id, post_id, parent_id, root_id, depth, position from imgur_raw.post_comments")

    assert max(row[4] for row in landed) >= 2
    assert sorted(landed) == sorted(expected)


@pytest.mark.parametrize("feed", [feed.partition("@")[0] for feed in FEEDS])
def test_imgur__ranks_say_who_stood_where(full: Lab, feed: str) -> None:
    """Positions run from 0 without a hole, in the feed's order, all observed when the reading began."""
    landed = full.rows(
        f"select position, post_id from imgur_raw.gallery_ranks where feed = '{feed}' order by position"
    )
    observed = full.rows(
        f"select count(distinct observed_at) from imgur_raw.gallery_ranks where feed = '{feed}'"
    )
    truth = [record["id"] for record in full.simulator.truth.feed(feed)]

    assert landed == list(enumerate(truth[: len(landed)]))
    assert len(landed) >= min(59, len(truth))
    assert observed == [(1,)]


def test_imgur__favorites_keep_the_order_of_the_list(full: Lab) -> None:
    """The owner's favourites, hidden items too, and the public ones of the other account."""
    number = full.simulator.truth.account("me")["id"]
    other = full.simulator.truth.account(full.simulator.other_usernames[0])["id"]

    landed = full.rows(
        f"select position, item_id, kind from imgur_raw.favorites where account_id = {number} order by position"
    )
    theirs = full.rows(
        f"select item_id from imgur_raw.favorites where account_id = {other} order by position"
    )

    assert landed == [
        (place, item["id"], "album" if item["is_album"] else "image")
        for place, item in enumerate(full.simulator.truth.favorites())
    ]
    assert theirs == [
        (item["id"],) for item in full.simulator.truth.gallery_favorites(full.simulator.other_usernames[0])
    ]


def test_imgur__tags_of_posts_land_in_their_order(full: Lab) -> None:
    """Each post's tags, and each tag once."""
    ids = {row[0] for row in full.rows("select id from imgur_raw.posts")}
    expected = [
        (post_id, tag["name"], place)
        for post_id in ids
        for place, tag in enumerate(full.simulator.truth.post(post_id)["tags"])
    ]
    landed = full.rows("select post_id, tag, position from imgur_raw.post_tags")
    names = full.rows("select name from imgur_raw.tags")

    assert sorted(landed) == sorted(expected)
    assert {row[1] for row in landed} <= {row[0] for row in names}


def test_imgur__histories_hold_what_was_seen(full: Lab) -> None:
    """One observation per item and look, with the counters of the row it came from."""
    images = full.rows("select id, fetched_at, views, bandwidth from imgur_raw.images where id is not null")
    posts = full.rows("select id, fetched_at, views, ups, downs, points, comment_count from imgur_raw.posts")
    other_images = full.rows(
        "select image_id, a.fetched_at, a.views, a.bandwidth from imgur_raw.album_images a "
        "anti join imgur_raw.images i on i.id = a.image_id"
    )

    assert set(images) | set(other_images) == set(
        full.rows("select id, observed_at, views, bandwidth from imgur_raw.image_metrics")
    )
    assert set(posts) <= set(
        full.rows(
            "select id, observed_at, views, ups, downs, points, comment_count from imgur_raw.post_metrics"
        )
    )
    assert full.rows("select count(*) from imgur_raw.account_metrics") == [(2,)]


def test_imgur__every_column_has_its_type_and_every_table_its_place(full: Lab) -> None:
    """All tables of the design exist, with the types of tables.py, whether rows came or not."""
    landed = full.rows(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'imgur_raw' and not starts_with(table_name, '_dlt') "
        "and column_name not in ('_dlt_load_id', 'is_marker')"
    )
    expected = [
        (table.name, field.name, field.kind.value)
        for table in {t.name: t for t in resource_tables().values()}.values()
        for field in table.fields
    ]

    assert sorted(landed) == sorted(expected)


def test_imgur__no_key_is_there_twice(full: Lab) -> None:
    """Each table's key tells its rows apart."""
    for table in {t.name: t for t in resource_tables().values()}.values():
        key = ", ".join(f'"{name}"' for name in table.key)
        assert not full.rows(f"select {key} from imgur_raw.{table.name} group by all having count(*) > 1"), (
            table.name
        )


def test_imgur__no_secret_lands_anywhere(full: Lab) -> None:
    """No deletehash, token or client secret is in the file, in dlt's folder, or beside them."""
    hashes = {image["deletehash"] for image in full.simulator.truth.account_images()}
    secrets = [full.simulator.client_secret, full.simulator.refresh_token, full.simulator.access_token]
    needles = [text.encode() for text in [*list(hashes)[:40], *secrets]]

    files = [file for file in full.folder.rglob("*") if file.is_file() and "state" not in file.parts]

    assert files
    assert not [file for file in files for needle in needles if needle in file.read_bytes()]


def test_imgur__lists_are_on_the_books(full: Lab) -> None:
    """Each list that was read has a row that says how far."""
    landed = full.rows("select list, is_complete, reason from imgur_raw.list_sweeps order by list")

    assert ("account_images/me", True, "the list ended") in landed
    assert ("hot/viral", True, "the wanted 2 pages were read") in landed
    assert {name for name, is_complete, _ in landed if is_complete} == {name for name, *_ in landed}


def test_imgur__dataset_can_be_read_as_a_frame(full: Lab) -> None:
    """dlt's own reading works with the versions that constraints.txt pins (sqlglot from 30.22 on breaks it)."""
    frame = full.pipeline.dataset().images.df()

    assert len(frame) == len(full.simulator.truth.account_images())


def test_imgur__second_run_changes_rows_and_adds_history(tmp_path: Path) -> None:
    """A night later the same rows stand once with newer counters, and the history has grown."""
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    lab = Lab(tmp_path, simulator)
    only = ("account_images", "image_metrics")
    lab.run(only=only)
    first = lab.rows("select count(*) from imgur_raw.image_metrics")[0][0]
    simulator.advance(dlt.common.pendulum.duration(days=1))

    lab.run(only=only)

    assert_landed(lab, TABLES["images"], simulator.truth.account_images(), where=(
        "fetched_at = (select max(fetched_at) from imgur_raw.images)"
    ))  # fmt: skip
    assert lab.rows("select count(*) from imgur_raw.image_metrics")[0][0] >= 2 * first


def test_imgur__emptied_album_and_post_lose_their_images(tmp_path: Path) -> None:
    """What became empty sends nothing that could replace its rows, and loses them all the same."""
    simulator = Simulator(seed=5, images=60, albums=6, posts=240)
    lab = Lab(tmp_path, simulator)
    album = next(a for a in simulator.truth.account_albums("me") if a["images_count"] > 1)
    post = next(p for p in simulator.truth.submissions("me") if p["is_album"] and p["images_count"] > 1)
    lab.run(only=("account_albums", "album_images", "account_submissions", "post_images"))
    kept = lab.rows(f"select count(*) from imgur_raw.album_images where album_id <> '{album['id']}'")
    assert lab.rows(f"select count(*) from imgur_raw.album_images where album_id = '{album['id']}'") != [(0,)]
    assert lab.rows(f"select count(*) from imgur_raw.post_images where post_id = '{post['id']}'") != [(0,)]

    simulator.world.empty_album(album["id"])
    simulator.world.empty_album(post["id"])
    lab.run(only=("account_albums", "album_images", "account_submissions", "post_images"))

    assert lab.rows(f"select * from imgur_raw.album_images where album_id = '{album['id']}'") == []
    assert lab.rows(f"select * from imgur_raw.post_images where post_id = '{post['id']}'") == []
    if album["id"] != post["id"]:
        assert (
            lab.rows(f"select count(*) from imgur_raw.album_images where album_id <> '{album['id']}'") <= kept
        )


def test_imgur__favourite_does_not_overwrite_the_post(tmp_path: Path) -> None:
    """The favourites list shows no score; the post keeps the one that its own list showed."""
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    lab = Lab(tmp_path, simulator)

    lab.run(only=("account", "account_favorites", "gallery_sections"), feeds=["hot/viral@4"])

    both = lab.rows(
        "select p.score, f.score from imgur_raw.favorites f join imgur_raw.posts p on p.id = f.item_id"
    )
    assert both
    assert all(post is not None and favourite is None for post, favourite in both)


def test_imgur__one_resource_alone_costs_its_list_only(tmp_path: Path) -> None:
    """with_resources("account_images") reads that list, page by page, and nothing else."""
    simulator = Simulator(seed=5, images=60, albums=3, posts=240, per_page="ignored")
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images",))

    assert dict(run.meter.charges) == {"account_images_count": 1, "account_images": 3, "oauth2_token": 0}
    assert rows["images"] == 60


def test_imgur__per_page_halves_the_price_where_it_is_honoured(tmp_path: Path) -> None:
    """230 images take 3 pages of 100 and the empty one."""
    simulator = Simulator(seed=5, images=230, albums=3, posts=240, per_page="honoured")
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images",))

    assert run.meter.charges["account_images"] == 4
    assert rows["images"] == 230


def test_imgur__what_others_hide_is_a_line_not_a_failure(tmp_path: Path) -> None:
    """Images are their owner's, favourites may be private: the run says so and succeeds."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(
        accounts=[*simulator.other_usernames, "nobody_at_all"],
        only=("account", "account_images", "account_favorites", "account_albums"),
    )

    assert run.fatal is None
    assert run.failures == []
    assert any("nobody_at_all" in note and "not found" in note for note in run.report.notes)
    assert any("images to their owner only" in note for note in run.report.notes)
    assert any("not shown to this login" in note for note in run.report.notes)
    assert rows["albums"] > 0


def test_imgur__record_that_cannot_be_read_is_kept_aside(tmp_path: Path) -> None:
    """One strange record in the middle of a page costs nothing but itself."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    simulator.faults.add(Fault("strange_record", path=r"account/me/images/0"))
    lab = Lab(tmp_path, simulator)

    lab.run(only=("account_images", "rejected_records"))

    rejected = lab.records("select * from imgur_raw.rejected_records")
    assert {row["endpoint"] for row in rejected} == {"account_images"}
    assert all(
        row["reason"] and row["raw"].startswith("{") and "deletehash" not in row["raw"] for row in rejected
    )
    landed = lab.rows("select count(*) from imgur_raw.images")[0][0]
    assert landed >= 30 - len(rejected)


def test_imgur__allowance_ends_the_run_and_keeps_what_was_read(tmp_path: Path) -> None:
    """--max-credits 2: a page of each list lands, the rest is pending, and nothing is sent beyond."""
    simulator = Simulator(seed=5, images=300, albums=3, posts=240, per_page="ignored")
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images", "account_albums"), max_credits=2)

    assert run.ended is not None
    assert "allowance of 2" in run.ended
    assert run.pending == [
        "account_images/me (what was never read)",
        "account_albums/me (what was never read)",
    ]
    assert simulator.credits_spent == 2
    assert rows["images"] == 50
    assert rows["albums"] == 3


def test_imgur__day_is_never_taken_below_its_floor(tmp_path: Path) -> None:
    """With 255 credits left today five may be spent, for the last 250 are not touched."""
    simulator = Simulator(seed=5, images=500, albums=3, posts=600, user_limit=50_000)
    simulator.limits.spend_elsewhere(12_500 - 255, now=simulator.world.now)
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(accounts=[], feeds=["user/time@9"], only=("gallery_sections",))

    assert run.ended is not None
    assert "never touched" in run.ended
    assert simulator.credits_spent == 5
    assert simulator.strikes == 0
    assert rows["posts"] == 300


def test_imgur__first_load_leaves_twice_the_floor_of_the_day(tmp_path: Path) -> None:
    """Of a list that was never read page 0 is fresh, and the rest is backfill: it waits for a better day."""
    simulator = Simulator(seed=5, images=500, albums=3, posts=240, per_page="ignored", user_limit=50_000)
    simulator.limits.spend_elsewhere(12_500 - 503, now=simulator.world.now)
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images",))

    assert run.ended is not None
    assert "500" in run.ended
    assert simulator.credits_spent == 3  # one for the list's count
    assert rows["images"] == 100


def test_imgur__spent_hour_ends_the_run_without_a_429(tmp_path: Path) -> None:
    """The hour may be used to its last credit, and not one request more is sent."""
    simulator = Simulator(seed=5, images=500, albums=3, posts=240, per_page="ignored", user_limit=4)
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images",))

    assert run.ended is not None
    assert "credits" in run.ended
    assert rows["images"] == 150  # and the list's count
    assert all(request.status == 200 for request in simulator.requests)


@pytest.mark.parametrize("kind", ["over_capacity_403", "over_capacity_500", "daily_429"])
def test_imgur__limit_in_any_disguise_is_not_tried_again(tmp_path: Path, kind: str) -> None:
    """The run ends cleanly after the one refusal, with what came before it."""
    simulator = Simulator(seed=5, images=200, albums=3, posts=240, per_page="ignored")
    simulator.faults.add(Fault(kind, path=r"account/me/images/2", times=9))
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images", "account_albums"), max_in_flight=1)

    assert run.ended is not None
    assert run.failures == []
    assert run.pending == ["account_images/me", "account_albums/me"]
    assert sum(request.path.startswith("/3/account/me/images/2") for request in simulator.requests) == 1
    assert rows["images"] == 100


def test_imgur__a_limit_that_may_be_a_dead_token_is_over_in_the_next_run(tmp_path: Path) -> None:
    """The run ends at one request, as with any limit; the next one refreshes the token and reads all."""
    simulator = Simulator(
        seed=5, images=20, albums=3, posts=240, expired_token_status=429, rotate_refresh_tokens=False
    )
    lab = Lab(tmp_path, simulator)
    lab.run(only=("account",))
    simulator.tokens.expire()

    before = len(simulator.requests)
    refused = lab.run(only=("account_submissions", "account_comments"))
    sent = [request.status for request in simulator.requests[before:]]
    simulator.advance(timedelta(hours=1))
    read = lab.run(only=("account_submissions", "account_comments"))

    assert refused.ended is not None
    assert refused.ended.startswith("No further request for now: Imgur answered 429, too many requests")
    assert refused.pending == ["account_submissions/me", "account_comments/me"]
    assert sent == [429]
    assert (read.ended, read.pending) == (None, [])
    assert read.report.rows["comments"] > 0


def test_imgur__a_ledger_that_cannot_be_used_ends_the_run_before_a_request(tmp_path: Path) -> None:
    """Without it nobody knows what may be spent: a person is told what to do."""
    simulator = Simulator(images=5)
    ledger_path(tmp_path / "state", client_id=simulator.client_id).mkdir(parents=True)

    with pytest.raises(ConfigurationError) as caught:
        Lab(tmp_path, simulator).run()

    assert "The credit ledger" in str(caught.value)
    assert "move it away" in str(caught.value)
    assert simulator.requests == []


def test_imgur__strikes_of_the_month_are_heeded_unless_accepted(tmp_path: Path) -> None:
    """With three used-up days on record nothing is read, until somebody takes the risk for one run."""
    simulator = Simulator(seed=5, images=5, albums=0, posts=240)
    lab = Lab(tmp_path, simulator)
    ledger = CreditLedger.of_application(
        tmp_path / "state", client_id=simulator.client_id, clock=SimulatorClock(simulator)
    )
    for _ in range(3):
        asked(ledger, rate_headers(day=0))
        simulator.advance(timedelta(days=1))
    ledger.close()

    refused = lab.run(only=("account_images",))
    accepted = lab.run(only=("account_images",), accept_strike_risk=True)

    assert refused.ended is not None
    assert refused.ended.endswith("run: python pipelines/sync.py --accept-strike-risk")
    assert (accepted.ended, accepted.report.rows["images"]) == (None, 5)
    assert [request.method for request in simulator.requests] == ["POST", "POST", "GET", "GET", "GET"]


def test_imgur__passing_trouble_costs_a_credit_and_nothing_else(tmp_path: Path) -> None:
    """A reply that fails once, in whatever manner, is asked for again."""
    kinds = ("html_502", "empty_body", "broken_json", "error_500_object", "error_500_string", "timeout")
    simulator = Simulator(seed=5, images=320, albums=3, posts=240, per_page="ignored")
    for page, kind in enumerate(kinds):
        simulator.faults.add(Fault(kind, path=rf"account/me/images/{page}\?", times=1))
    lab = Lab(tmp_path, simulator)

    run = lab.run(only=("account_images",))

    asked = Counter(request.path.partition("?")[0] for request in simulator.requests)
    assert [asked[f"/3/account/me/images/{page}"] for page in range(8)] == [2, 2, 2, 2, 2, 2, 1, 1]
    assert run.failures == []
    assert run.meter.charges["account_images"] == 8 + len(kinds)
    assert_landed(lab, TABLES["images"], simulator.truth.account_images())


@pytest.mark.parametrize(
    "kind", ["data_null_200", "success_true_error", "success_true_string", "html_503", "data_false_400"]
)
def test_imgur__failure_is_never_taken_for_the_end_of_a_list(tmp_path: Path, kind: str) -> None:
    """The list is not complete, the run says so, other lists are read."""
    simulator = Simulator(seed=5, images=120, albums=3, posts=240, per_page="ignored")
    simulator.faults.add(Fault(kind, path=r"account/me/images/1", times=9))
    lab = Lab(tmp_path, simulator)

    run = lab.run(only=("account_images", "account_albums", "list_sweeps"))

    assert len(run.failures) + len(run.report.notes) == 1
    assert lab.rows("select count(*) from imgur_raw.images") == [(50,)]
    assert lab.rows("select count(*) from imgur_raw.albums") == [(len(simulator.truth.account_albums("me")),)]
    assert lab.rows("select is_complete from imgur_raw.list_sweeps where list = 'account_images/me'") == [
        (False,)
    ]


def test_imgur__list_that_wants_a_login_is_a_line_not_a_failure(tmp_path: Path) -> None:
    """An application that Imgur has answered before is not unknown: one list that refuses it is private."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    other = simulator.other_usernames[0]
    lab = Lab(tmp_path, simulator, transport=httpx.MockTransport(_refusing(simulator, f"{other}/comments")))

    run, _ = lab.extract(accounts=[other], only=("account", "account_comments", "account_albums"))

    assert run.fatal is None
    assert run.failures == []
    assert any("account_comments" in note and "Authentication required" in note for note in run.report.notes)


def _refusing(simulator: Simulator, part: str) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if part in request.url.path:
            error = {"error": "Authentication required", "request": request.url.path, "method": "GET"}
            return httpx.Response(401, json={"data": error, "success": False, "status": 401})
        return simulator(request)

    return answer


def test_imgur__page_that_is_not_found_in_the_middle_of_a_list_is_a_failure(tmp_path: Path) -> None:
    """A list whose first page came is there: it is not read to its end, and somebody must hear of it."""
    simulator = Simulator(seed=5, images=120, albums=3, posts=240, per_page="ignored")
    simulator.faults.add(Fault("html_404", path=r"account/me/images/1", times=9))
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images", "list_sweeps"))

    assert [str(failure)[:40] for failure in run.failures] == ["account_images: page 1: a web page inste"]
    assert run.pending == ["account_images/me"]
    assert rows["images"] == 50


def test_imgur__feed_does_not_overwrite_what_the_login_saw_of_a_post(tmp_path: Path) -> None:
    """An own post in a feed keeps the vote and the favourite that only its owner is shown."""
    simulator = Simulator(seed=5, images=60, albums=3, posts=240)
    own = {post["id"]: post for post in simulator.truth.submissions("me")}

    def with_votes(request: httpx.Request) -> httpx.Response:
        response = simulator(request)
        if "/submissions/" not in request.url.path:
            return response
        body = response.json()
        for post in body["data"]:
            post |= {"vote": "up", "favorite": True}
        return httpx.Response(response.status_code, json=body)

    lab = Lab(tmp_path, simulator, transport=httpx.MockTransport(with_votes))
    lab.run(
        only=("account_submissions", "gallery_sections", "gallery_ranks"),
        feeds=["user/time@4", "hot/viral@4"],
    )

    landed = lab.rows("select id, vote, favorite from imgur_raw.posts where vote is not null")
    in_feeds = {row[0] for row in lab.rows("select post_id from imgur_raw.gallery_ranks")}
    assert sorted(landed) == sorted((post_id, "up", True) for post_id in own)
    assert own.keys() & in_feeds


def test_imgur__account_named_twice_is_read_once(tmp_path: Path) -> None:
    """me and its own name are one account: its albums keep what only the owner sees."""
    simulator = Simulator(seed=5, images=60, albums=6, posts=240)
    lab = Lab(tmp_path, simulator)

    run = lab.run(accounts=["me", simulator.username], only=("account", "account_albums"))

    assert any("same account" in note for note in run.report.notes)
    assert run.meter.charges["account_albums"] == 2
    assert_landed(lab, TABLES["albums"], simulator.truth.account_albums("me"))


def test_imgur__token_endpoint_that_is_down_is_not_knocked_at_for_every_list(tmp_path: Path) -> None:
    """After one refresh has used its attempts, lists that need the login are left, public ones are read."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    simulator.faults.add(Fault("html_503", path=r"oauth2/token", times=None))
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(
        accounts=["me", simulator.other_usernames[0]],
        only=("account", "account_albums", "account_submissions"),
    )

    assert run.meter.requests["oauth2_token"] == 4
    assert "account_albums/me" in run.pending
    assert rows["albums"] > 0


def test_imgur__trouble_everywhere_ends_the_run_after_three_lists(tmp_path: Path) -> None:
    """When Imgur is down the run does not burn a credit on each of its lists."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    simulator.faults.add(Fault("html_503", path=r"^/3/", times=500))
    lab = Lab(tmp_path, simulator)

    run, _ = lab.extract(feeds=list(FEEDS))

    assert len(run.failures) == 3
    assert all(isinstance(failure, TransientError) and failure.attempts == 4 for failure in run.failures)
    assert run.meter.credits.spent == 12
    assert run.ended is not None
    assert "trouble" in run.ended
    assert len(run.pending) == len(set(run.pending)) == 5 + 1 + len(FEEDS)


def test_imgur__token_that_dies_is_refreshed_once(tmp_path: Path) -> None:
    """An access token that is refused in the middle of a list is renewed, and the page is read."""
    simulator = Simulator(seed=5, images=120, albums=3, posts=240, per_page="ignored")
    simulator.faults.add(Fault("token_invalid_403", path=r"account/me/images/1", times=1))
    lab = Lab(tmp_path, simulator)

    run = lab.run(only=("account_images",))

    assert run.fatal is None
    assert run.meter.requests["oauth2_token"] == 2
    assert_landed(lab, TABLES["images"], simulator.truth.account_images())


def test_imgur__alone_raises_when_nothing_could_be_read(tmp_path: Path) -> None:
    """Without a program around it a wrong client id is an exception, not an empty success."""
    simulator = Simulator(seed=5, images=30)
    lab = Lab(tmp_path, simulator)
    with pytest.raises(PipelineStepFailed) as raised:
        lab.pipeline.run(
            imgur(
                accounts=["me"],
                credentials=ImgurCredentials(client_id="an-id"),
                state_dir=str(tmp_path / "state"),
                base_url="http://127.0.0.1:9",
            )
        )

    cause: BaseException | None = raised.value
    while cause is not None and not isinstance(cause, ImgurError):
        cause = cause.__cause__
    assert isinstance(cause, ConfigurationError)
    assert "python pipelines/login.py" in str(cause)


def test_imgur__fatal_refusal_is_on_the_receipt(tmp_path: Path) -> None:
    """A program gets the error as a value, so that it can load and tell before it exits."""
    simulator = Simulator(seed=5, images=120, per_page="ignored")
    simulator.faults.add(Fault("invalid_client_403", path=r"account/me/images/1", times=1))
    lab = Lab(tmp_path, simulator)

    run, rows = lab.extract(only=("account_images",))

    assert isinstance(run.fatal, ApplicationRefusedError)
    assert rows["images"] == 50


def test_imgur__candidates_spare_the_lists(tmp_path: Path) -> None:
    """What is held is handed in: details are fetched, their parents are not read again."""
    simulator = Simulator(seed=5, images=60, albums=6, posts=240)
    lab = Lab(tmp_path, simulator)
    albums = simulator.truth.account_albums("me")[:2]
    post = next(p for p in simulator.truth.submissions("me") if p["comment_count"])

    run = lab.run(
        only=("album_images", "post_comments"),
        facts=WarehouseFacts(
            albums=tuple(StoredAlbum(album["id"], as_me=True) for album in albums),
            posts=(StoredPost(post["id"]),),
        ),
    )

    assert dict(run.meter.charges) == {"album_images": 2, "post_comments": 1, "oauth2_token": 0}
    assert {row[0] for row in lab.rows("select album_id from imgur_raw.album_images")} == {
        album["id"] for album in albums if album["images_count"]
    }


def test_imgur__post_details_all_reads_the_feeds_too(tmp_path: Path) -> None:
    """With "all" the posts of feeds have their trees and their full media."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240, user_limit=2_000)
    lab = Lab(tmp_path, simulator)

    lab.run(
        accounts=[], feeds=["hot/viral@1"], post_details="all",
        only=("gallery_sections", "post_images", "post_comments"),
    )  # fmt: skip

    short = lab.rows(
        "select id from imgur_raw.posts where is_album and images_count > 0 and images_count <> "
        "(select count(*) from imgur_raw.post_images where post_id = id)"
    )
    talked = lab.rows("select count(*) from imgur_raw.posts where comment_count > 0")
    trees = lab.rows("select count(distinct post_id) from imgur_raw.post_comments")
    assert short == []
    assert talked == trees != [(0,)]


def test_imgur__dlt_has_nothing_to_warn_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Types and keys are declared so that dlt agrees; its logger is not silenced."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    lab = Lab(tmp_path, simulator)
    logger = logging.getLogger("dlt")
    logger.addHandler(caplog.handler)
    try:
        lab.run(only=("account_images", "account_albums", "album_images"))
    finally:
        logger.removeHandler(caplog.handler)

    assert [record.getMessage() for record in caplog.records if record.name == "dlt"] == []


def test_imgur__settings_come_the_dlt_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment configures what is not said in code."""
    monkeypatch.setenv("SOURCES__IMGUR__ACCOUNTS", '["someone"]')
    monkeypatch.setenv("SOURCES__IMGUR__FEED_PAGES", "0")
    monkeypatch.setenv("SOURCES__IMGUR__FEEDS", '["hot/viral"]')
    monkeypatch.setenv("SOURCES__IMGUR__CREDENTIALS__CLIENT_ID", "an-id")

    with pytest.raises(ConfigurationError, match="hot/viral"):
        imgur()


def test_imgur__other_destinations_get_the_raw_tables(tmp_path: Path) -> None:
    """Any destination of dlt's will do: here plain Parquet files in a folder."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    lab = Lab(tmp_path, simulator)
    pipeline = dlt.pipeline(
        "elsewhere",
        destination=dlt.destinations.filesystem(str(tmp_path / "lake")),
        dataset_name="imgur_raw",
        pipelines_dir=str(tmp_path / "elsewhere"),
    )

    pipeline.run(lab.source(only=("account_images", "account_albums")), loader_file_format="parquet")

    assert list((tmp_path / "lake" / "imgur_raw" / "images").glob("*.parquet"))


def test_imgur__limit_of_a_resource_works_as_in_any_source(tmp_path: Path) -> None:
    """add_limit and iteration are dlt's own and work on ours."""
    simulator = Simulator(seed=5, images=30, albums=3, posts=240)
    source = Lab(tmp_path, simulator).source(only=("account_images",))

    tables = list(source.resources["account_images"])

    assert sum(table.num_rows for table in tables) == 30


def test_over_capacity__is_a_kind_of_spent_credits() -> None:
    """The hidden limit ends the night like the open ones."""
    assert "ten minutes" in str(OverCapacityError())


def test_credentials__are_taken_from_the_simulator(tmp_path: Path) -> None:
    """The tests' own helper hands on what the simulated application holds."""
    simulator = Simulator(images=5)

    assert credentials_of(simulator).client_id == simulator.client_id
