"""A night that is killed with SIGKILL: at each of its requests, in each phase of its load, twice in a row.

The process is real and so is its socket; ``mortal_nights`` says how it is killed
at a place and not at a time. What the next run may cost is told by the journal that
was left: all that it holds is not asked for again, and all else is.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from warehouse.warehouse import Warehouse

from imgur_source.extract import resource_tables
from imgur_source.settings import Settings
from imgur_source.simulator import Simulator, serve
from tests.support.lean_sql import sql_with

ROOT = Path(__file__).parents[2]
FEEDS = ("hot/viral@1",)
WORLD: dict[str, Any] = {
    "seed": 5, "images": 110, "albums": 3, "posts": 40, "comments": 120, "per_page": "ignored",
    "user_limit": 100_000,  # an hour of this world lasts as long as its test
    "rotate_refresh_tokens": False,  # one that is lost on its way to the vault is lost; test_auth.py
}  # fmt: skip
SOON = timedelta(minutes=10)
TIMES = ("fetched_at", "observed_at", "started_at", "ended_at", "_dlt_load_id")  # differ from run to run
LANES = 2  # nights that run side by side

At = tuple[str, str, int]  # a function, its call or its return, and which one: where a night is killed


class Program:
    """``mortal_nights`` in a process of its own, which starts with its first night and ends with *stack*."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._process: subprocess.Popen[str] | None = None

    def run(self, order: dict[str, Any]) -> int:
        """Run a night; returns its exit code, -9 where it was killed."""
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    def _started(self) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if "SOURCES__" not in name}
        environment |= {"PYTHONPATH": str(ROOT / "pipelines"), "DLT_PROJECT_DIR": str(ROOT)}
        command = [sys.executable, str(ROOT / "tests" / "support" / "mortal_nights.py")]
        return self._stack.enter_context(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            )
        )


@pytest.fixture(scope="module")
def programs() -> Iterator[list[Program]]:
    """A program for each lane."""
    with ExitStack() as stack:
        yield [Program(stack) for _ in range(LANES)]


@dataclass(frozen=True)
class Ran:
    """What came of a night: what it asked for, in order."""

    asked: list[str]


class Lane:
    """Nights one after the other against one simulated Imgur behind a socket.

    The world stands still, unless a test moves it: so that what two runs have
    read can be compared to the last counter.
    """

    def __init__(self, program: Program, simulator: Simulator, base_url: str) -> None:
        self.simulator = simulator
        self._program = program
        self._base_url = base_url

    def night(
        self,
        folder: Path,
        *,
        killed_at: At | None = None,
        after: timedelta = timedelta(0),
        only: Sequence[str] = (),
        publish: bool = False,
        time_passes: bool = False,
        **settings: Any,
    ) -> Ran:
        """A night that begins *after* the world's time, into *folder*; *settings* are those of ``imgur()``.

        Where *time_passes*, the world's time goes on while the night waits for credits.
        """
        before = len(self.simulator.requests)
        order = {
            "folder": str(folder),
            "base_url": self._base_url,
            "now": (self.simulator.now() + after).isoformat(),
            "only": only,
            "publish": publish,
            "settings": {"feeds": FEEDS, "start_date": "", "end_date": "", **settings},
            "credentials": {
                "client_id": self.simulator.client_id,
                "client_secret": self.simulator.client_secret,
                "refresh_token": self.simulator.refresh_token,
                "access_token": "",
                "rapidapi_key": "",
            },
            "killed_at": killed_at,
            "sql_dir": str(sql_with("staging/images")),
            "time_passes": time_passes,
        }
        code = self._program.run(order)
        assert code == (-signal.SIGKILL if killed_at else 0), (folder / "said.txt").read_text()
        asked = [request.path for request in self.simulator.requests[before:]]
        return Ran([path for path in asked if "/oauth2/" not in path])


@contextmanager
def lane_of(program: Program, **world: Any) -> Iterator[Lane]:
    """A lane with a world of its own."""
    simulator = Simulator(**(WORLD | world))
    with serve(simulator) as base_url:
        yield Lane(program, simulator, base_url)


@contextmanager
def lanes_of(programs: Sequence[Program], **world: Any) -> Iterator[list[Lane]]:
    """A lane for each program, all with equal worlds."""
    with ExitStack() as stack:
        yield [stack.enter_context(lane_of(program, **world)) for program in programs]


@pytest.fixture
def lane(programs: list[Program]) -> Iterator[Lane]:
    """One lane, for tests that need no more."""
    with lane_of(programs[0]) as one:
        yield one


def over_lanes(lanes: Sequence[Lane], points: Sequence[At], check: Callable[[Lane, At], object]) -> list[str]:
    """What *check* found wrong at any of *points*, with the point; half of them in each lane."""

    def found(share: int) -> list[str]:
        wrong = []
        for point in points[share :: len(lanes)]:
            try:
                problem = check(lanes[share], point)
            except AssertionError as error:  # the other points are worth knowing, too
                problem = error
            if problem:
                wrong.append(f"{point}: {problem}")
        return wrong

    with ThreadPoolExecutor(len(lanes)) as threads:
        return [line for lines in threads.map(found, range(len(lanes))) for line in lines]


# what lies in the files


def rows_of(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()


def work(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the work file."""
    return rows_of(Warehouse(folder / "data").work_file, query)


def landed(folder: Path, *, but_for: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables in the work file, times of reading left out; a row that is there twice is here twice."""
    wanted = {table.name for table in resource_tables().values()} - set(but_for)
    with duckdb.connect(str(Warehouse(folder / "data").work_file), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        made = connection.execute("select table_name from duckdb_tables() where schema_name = 'imgur_raw'")
        return {
            name: sorted(
                connection.execute(
                    f"select columns(lambda name: name not in {TIMES})::varchar from imgur_raw.{name}"
                ).fetchall(),
                key=repr,
            )
            for (name,) in made.fetchall()
            if name in wanted
        }


def differences(got: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> dict[str, Any]:
    """By table: rows that are missing, and rows that are too many."""
    return {
        name: {
            "missing": list((Counter(wanted[name]) - Counter(got[name])).items())[:2],
            "too many": list((Counter(got[name]) - Counter(wanted[name])).items())[:2],
        }
        for name in wanted
        if Counter(got[name]) != Counter(wanted[name])
    }


@dataclass(frozen=True)
class Kept:
    """A reply that the journal holds: what was asked, when it came, and the ids on its page, if it is one."""

    path: str
    received_at: datetime
    ids: tuple[str, ...]


def journal_file(folder: Path) -> Path:
    return Warehouse(folder / "data").work_dir / "paid_replies.duckdb.sqlite"


def kept_in(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the journal, whose files are left as they are."""
    path = journal_file(folder)
    with TemporaryDirectory() as look:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, look)
        with closing(sqlite3.connect(Path(look) / path.name)) as connection:
            return connection.execute(query).fetchall() if path.exists() else []


def bodies_in(folder: Path) -> list[bytes]:
    """The bodies of all replies in the journal, those kept for their ETag as well."""
    rows = kept_in(folder, "select body from replies union all select body from bodies")
    return [zlib.decompress(body) for (body,) in rows]


def journal(folder: Path) -> list[Kept]:
    """The replies that a run has left to the next one."""
    kept = []
    for key, received_at, body in kept_in(
        folder, "select key, received_at, body from replies order by number"
    ):
        data = json.loads(zlib.decompress(body))["data"]
        ids = tuple(str(item["id"]) for item in data) if isinstance(data, list) else ()
        kept.append(Kept(key.split("|", 2)[2].rstrip("?"), datetime.fromisoformat(received_at), ids))
    return kept


# at each request


def kill_and_go_on(lane: Lane, folder: Path, point: At, *, whole: Ran, wanted: dict[str, list[Any]]) -> str:
    """Kill a night at *point* and let another one go on ten minutes later; says what is not as it should be."""
    killed = lane.night(folder, killed_at=point)
    kept = journal(folder)
    began = lane.simulator.now() + SOON
    second = lane.night(folder, after=SOON)
    twice = list((Counter(killed.asked) & Counter(second.asked)).elements())
    times = dict(work(folder, "select id, fetched_at from imgur_raw.images"))
    of_images = [reply for reply in kept if "/me/images/" in reply.path]
    replayed = {item: reply.received_at for reply in of_images for item in reply.ids}
    problems = {
        "asked for otherwise": Counter(whole.asked)
        != Counter(second.asked) + Counter(reply.path for reply in kept),
        "paid twice": (twice if len(twice) > Settings.max_in_flight else []),
        "rows": differences(landed(folder), wanted),
        "times of replayed pages": {item: at for item, at in replayed.items() if times[item] != at},
        "times of pages asked for": {
            item: at for item, at in times.items() if item not in replayed and at < began
        },
        "journal": len(journal(folder)),
    }
    return ", ".join(f"{name}: {problem}" for name, problem in problems.items() if problem)


@pytest.mark.slow
def test_kill__of_a_list_under_way_costs_no_page_twice(lane: Lane, tmp_path: Path) -> None:
    """Killed once three pages are in the journal, the next run asks for the rest only and has every row once."""
    whole = lane.night(tmp_path / "whole", only=("account_images",))

    lane.night(tmp_path / "killed", only=("account_images",), killed_at=("Journal.record", "return", 3))
    kept = journal(tmp_path / "killed")
    second = lane.night(tmp_path / "killed", only=("account_images",), after=SOON)

    assert len(kept) == 3
    assert Counter(second.asked) == Counter(whole.asked) - Counter(reply.path for reply in kept)
    query = "select id, views from imgur_raw.images order by id"
    assert work(tmp_path / "killed", query) == work(tmp_path / "whole", query)
    assert work(tmp_path / "killed", "select count(*), count(distinct id) from imgur_raw.image_metrics") == [
        (110, 110)
    ]


@pytest.mark.slow
def test_kill__at_any_request_loses_no_row_and_no_credit(programs: list[Program], tmp_path: Path) -> None:
    """Killed before a request, before its reply is in the journal or after: the next run ends like one unkilled."""
    with lanes_of(programs, albums=2, posts=20) as lanes:
        whole = lanes[0].night(tmp_path / "whole")
        wanted = landed(tmp_path / "whole")
        requests = range(1, len(whole.asked) + 1)
        points: list[At] = [("Journal.record", "return", number) for number in requests]
        points += [("Journal.record", "call", number) for number in requests[::5]]
        points += [("HTTPTransport.handle_request", "call", number) for number in (1, 2, 6)]

        def check(lane: Lane, point: At) -> str:
            return kill_and_go_on(
                lane, tmp_path / "-".join(map(str, point)), point, whole=whole, wanted=wanted
            )

        assert over_lanes(lanes, points, check) == []


def _page_of(path: str) -> int:
    """The number of the page that *path* asks for; -1 for the count."""
    last = path.partition("?")[0].rpartition("/")[2]
    return int(last) if last.isdecimal() else -1


@pytest.mark.slow
def test_kill__costs_no_more_than_what_was_under_way(programs: list[Program], tmp_path: Path) -> None:
    """Of pages that are asked for four at once, those are paid twice that had not come, and no other."""
    with lane_of(programs[0], images=400, latency=0.1) as lane:
        whole = lane.night(tmp_path / "whole", only=("account_images",))
        killed = lane.night(
            tmp_path / "killed", only=("account_images",), killed_at=("Journal.record", "call", 5)
        )
        kept = journal(tmp_path / "killed")
        second = lane.night(tmp_path / "killed", only=("account_images",), after=SOON)

    asked, once = Counter(killed.asked) + Counter(second.asked), Counter(whole.asked)
    assert once - asked == Counter()
    twice = asked - once
    assert 2 <= twice.total() <= Settings.max_in_flight
    lost = once.keys() - {reply.path for reply in kept}
    # a reply that had overtaken a lost one is older than the page before it, which has to be asked anew
    assert all(_page_of(path) >= min(map(_page_of, lost)) for path in twice)
    query = "select id, views from imgur_raw.images order by id"
    assert work(tmp_path / "killed", query) == work(tmp_path / "whole", query)


# in each phase of the load

ENOUGH = ("account_images", "album_images", "post_comments", "gallery_sections")  # one of each kind of table
IN_THE_LOAD: tuple[At, ...] = (
    ("Journal.seal", "return", 1),
    ("PackageStorage.save_pipeline_state", "call", 1),
    ("FileStorage.rename_tree", "call", 1),  # the extracted package, into its place
    ("FileStorage.rename_tree", "return", 1),
    ("Normalize.run", "call", 1),
    ("DataItemStorage.import_items_file", "return", 4),
    ("LoadStorage.commit_new_load_package", "return", 1),
    ("Load.run", "call", 1),
    ("SqlClientBase.truncate_tables", "return", 1),
    ("PackageStorage.save_pending_transition", "call", 1),  # a table's copy, or merge, is done
    ("PackageStorage.save_pending_transition", "call", 16),
    ("PackageStorage.complete_job", "call", 17),
    ("SqlClientBase.execute_many", "call", 4),  # a table's merge
    ("Load.complete_package", "call", 1),
    ("LoadStorage.complete_load_package", "call", 1),
    ("LoadStorage.complete_load_package", "return", 1),
    ("Journal.confirm", "call", 1),
    ("drop_repetitions", "return", 1),
    ("_clear", "return", 1),  # the relations are gone, and not made again yet
    ("Warehouse._copy_work_file", "return", 1),
    ("finish_draft", "return", 1),
    ("flush", "return", 1),  # the file is about to take its place
    ("flush", "call", 2),  # it has just taken it
    ("Warehouse.complete_publication", "call", 1),
)
IN_DETAIL = ("/3/album/", "/3/gallery/")  # asked for only where something has moved
HISTORY = ("gallery_ranks", "list_sweeps")  # have rows for each run that went through


def whole_published(folder: Path) -> tuple[Any, ...]:
    """What a reader of the published file finds: its runs, its images, and the images of its newest observation."""
    [row] = rows_of(
        Warehouse(folder / "data").published_file,
        "select (select count(*) from imgur_raw.sync_runs), count(*), count(distinct id), max(views), "
        "(select count(*) from staging.images) from imgur_raw.images",
    )
    return row


@pytest.mark.slow
def test_kill__between_two_folders_of_dlt_does_not_stop_every_later_night(lane: Lane, tmp_path: Path) -> None:
    """A package that lies where it was extracted and where it was normalized is made anew of the paid replies."""
    lane.night(
        tmp_path, only=("account_images",), killed_at=("LoadStorage.commit_new_load_package", "return", 1)
    )

    second = lane.night(tmp_path, only=("account_images",), after=SOON)

    assert second.asked == []
    assert work(tmp_path, "select count(*), count(distinct id) from imgur_raw.images") == [(110, 110)]
    assert work(tmp_path, "select count(*) from imgur_raw.sync_runs") == [(1,)]
    assert journal(tmp_path) == []


@pytest.mark.slow
def test_kill__in_any_phase_of_the_load_loses_nothing(programs: list[Program], tmp_path: Path) -> None:
    """Killed while rows are loaded or published, the next run has each reply's rows once; readers see whole files."""
    with lanes_of(programs) as lanes:
        lanes[0].night(tmp_path / "first", only=ENOUGH, publish=True)
        for lane in lanes:
            lane.simulator.advance(timedelta(days=1))
        shutil.copytree(tmp_path / "first", tmp_path / "whole")
        before = whole_published(tmp_path / "whole")
        lanes[0].night(tmp_path / "whole", only=ENOUGH, publish=True)
        after = whole_published(tmp_path / "whole")
        lanes[0].night(tmp_path / "whole", only=ENOUGH, publish=True, after=SOON)
        wanted = landed(tmp_path / "whole", but_for=HISTORY)
        in_the_end = whole_published(tmp_path / "whole")

        def check(lane: Lane, point: At) -> str:
            folder = shutil.copytree(tmp_path / "first", tmp_path / "-".join(map(str, point)))
            killed = lane.night(folder, only=ENOUGH, publish=True, killed_at=point)
            published = whole_published(folder)
            second = lane.night(folder, only=ENOUGH, publish=True, after=SOON)
            repeated = Counter(killed.asked) & Counter(second.asked)
            problems = {
                "published meanwhile": [] if published in (before, after) else published,
                "published in the end": []
                if whole_published(folder)[1:] == in_the_end[1:]
                else "not the rows",
                "rows": differences(landed(folder, but_for=HISTORY), wanted),
                "replayed twice": work(
                    folder,
                    "select feed, position, fetched_at from imgur_raw.gallery_ranks group by all having count(*) > 1",
                ),
                "details paid twice": [
                    path for path in repeated if "comments" in path or "/3/album/" in path
                ],
                "journal": journal(folder),
            }
            return ", ".join(f"{name}: {problem}" for name, problem in problems.items() if problem)

        assert over_lanes(lanes, IN_THE_LOAD, check) == []


# later, twice, and with files lost


def lacking(folder: Path, simulator: Simulator) -> dict[str, list[Any]]:
    """What the world has and the work file has not, by table, and keys that stand there twice."""
    truth = simulator.truth
    own = truth.submissions("me")
    wanted: dict[str, set[tuple[Any, ...]]] = {
        "images(id)": {(image["id"],) for image in truth.account_images()},
        "albums(id)": {(album["id"],) for album in truth.account_albums("me")},
        "posts(id)": {(post["id"],) for post in own},
        "comments(id)": {(comment["id"],) for comment in truth.account_comments("me")},
        "favorites(item_id)": {(item["id"],) for item in truth.favorites()},
        "album_images(album_id, image_id)": {
            (album["id"], image["id"])
            for album in truth.account_albums("me")
            for image in truth.album_images(album["id"])
        },
        "post_comments(id)": {(root["id"],) for post in own for root in truth.post_comments(post["id"])},
    }
    found: dict[str, list[Any]] = {}
    for table, keys in wanted.items():
        name, _, columns = table.rstrip(")").partition("(")
        held = Counter(work(folder, f"select {columns} from imgur_raw.{name}"))
        if bad := [*(keys - held.keys()), *(key for key, number in held.items() if number > 1)]:
            found[table] = bad
    return found


@pytest.mark.slow
def test_kill__run_of_two_hours_later_reads_old_replies_and_new_pages(lane: Lane, tmp_path: Path) -> None:
    """What was replayed keeps its time, what is new is there, and the night after that all is as in truth."""
    folder, world = tmp_path / "night", lane.simulator.world
    lane.night(folder, killed_at=("Journal.record", "return", 14))
    kept = {item: reply.received_at for reply in journal(folder) for item in reply.ids}
    deleted = lane.simulator.truth.account_images()[10]["id"]
    lane.simulator.advance(timedelta(hours=2))
    world.delete_image(deleted)
    new = {world.add_image().id for _ in range(3)}
    began = lane.simulator.now()

    second = lane.night(folder)

    assert lacking(folder, lane.simulator) == {}
    times = dict(work(folder, "select id, fetched_at from imgur_raw.images"))
    assert new <= times.keys()
    assert {image: at for image, at in times.items() if at < began} == {deleted: kept[deleted]}
    assert max(Counter(second.asked).values()) == 1
    assert (
        work(
            folder,
            "select feed, position, fetched_at from imgur_raw.gallery_ranks group by all having count(*) > 1",
        )
        == []
    )
    seen = work(folder, f"select observed_at from imgur_raw.image_metrics where id = '{deleted}'")
    assert seen == [(kept[deleted],)]

    lane.simulator.advance(timedelta(days=1))
    lane.night(folder)

    assert lacking(folder, lane.simulator) == {}
    shown = "select id, views from imgur_raw.images where fetched_at > (select max(fetched_at) - interval 1 hour from imgur_raw.images)"
    assert sorted(work(folder, shown)) == sorted(
        (image["id"], image["views"]) for image in lane.simulator.truth.account_images()
    )


@pytest.mark.slow
def test_kill__replies_of_more_than_a_day_ago_are_left_out(lane: Lane, tmp_path: Path) -> None:
    """A run that comes 25 hours after the kill asks for all that a first run asks for."""
    lane.night(tmp_path / "killed", killed_at=("Journal.record", "return", 14))
    lane.simulator.advance(timedelta(hours=25))

    late = lane.night(tmp_path / "killed")
    first = lane.night(tmp_path / "fresh")

    assert Counter(late.asked) == Counter(first.asked)
    assert differences(landed(tmp_path / "killed"), landed(tmp_path / "fresh")) == {}
    assert journal(tmp_path / "killed") == []


@pytest.mark.slow
def test_kill__again_and_again_pays_for_nothing_twice(lane: Lane, tmp_path: Path) -> None:
    """Killed while reading, while replaying and while reading on: the fourth run ends like one unkilled."""
    whole = lane.night(tmp_path / "whole")
    folder = tmp_path / "killed"
    places: tuple[At, ...] = (
        ("Journal.record", "return", 6),
        ("Journal.replay", "return", 4),
        ("Journal.record", "return", 5),
    )

    runs = [lane.night(folder, killed_at=place, after=number * SOON) for number, place in enumerate(places)]
    last = lane.night(folder, after=3 * SOON)

    asked = Counter(path for run in (*runs, last) for path in run.asked)
    assert (asked - Counter(whole.asked)).total() <= 2 * Settings.max_in_flight
    assert Counter(whole.asked) - asked == Counter()
    assert differences(landed(folder), landed(tmp_path / "whole")) == {}


@pytest.fixture(scope="module")
def second_day(
    programs: list[Program], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lane, Path]]:
    """A lane that has read all once, into the folder that comes with it, a day and an image ago."""
    first = tmp_path_factory.mktemp("first")
    with lane_of(programs[0], albums=2, posts=20) as lane:
        lane.night(first)
        lane.simulator.advance(timedelta(days=1))
        lane.simulator.world.add_image()
        yield lane, first


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [("Journal.record", "return", 8), ("Load.run", "call", 1), ("Journal.confirm", "call", 1)],
    ids=["reading", "before the load", "after the load"],
)
def test_kill__with_files_lost_brings_the_rows_back(
    second_day: tuple[Lane, Path], tmp_path: Path, place: At
) -> None:
    """A pipelines folder or a work file that is gone after the kill costs credits, and no row."""
    lane, first = second_day
    killed = shutil.copytree(first, tmp_path / "killed")
    lane.night(killed, killed_at=place, sweep_share=0.0)
    lacks = {}
    for lost in ("dlt", "imgur_work.duckdb"):
        folder = shutil.copytree(killed, tmp_path / lost)
        path = Warehouse(folder / "data").work_dir / lost
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
            path.with_name(f"{lost}.wal").unlink(missing_ok=True)

        lane.night(folder, after=SOON, sweep_share=0.0)

        lacks[lost] = lacking(folder, lane.simulator)
    assert lacks == {"dlt": {}, "imgur_work.duckdb": {}}


@pytest.mark.slow
def test_kill__leaves_no_secret_in_the_journal(lane: Lane, tmp_path: Path) -> None:
    """After a kill and after the run that followed, the journal's files hold no secret, and are their owner's."""
    simulator = lane.simulator
    hashes = [image["deletehash"] for image in simulator.truth.account_images()]
    hashes += [album["deletehash"] for album in simulator.truth.account_albums("me")]
    secrets = [simulator.client_id, simulator.client_secret, simulator.refresh_token, *hashes]

    def found() -> list[str]:
        files = list(journal_file(tmp_path).parent.glob("paid_replies*"))
        assert files
        assert {oct(file.stat().st_mode)[-3:] for file in files} == {"600"}
        content = b"".join(file.read_bytes() for file in files) + b"".join(bodies_in(tmp_path))
        return [secret for secret in [*secrets, simulator.access_token] if secret.encode() in content]

    lane.night(tmp_path, killed_at=("Journal.confirm", "call", 1))
    assert len(bodies_in(tmp_path)) > 20
    assert found() == []

    lane.night(tmp_path, after=SOON)

    assert found() == []
    assert journal(tmp_path) == []
    assert (
        sum(file.stat().st_size for file in journal_file(tmp_path).parent.glob("paid_replies*")) < 1_000_000
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        ("is_worth_waiting", "call", 1),  # the first round is published
        ("Journal.record", "return", 8),  # in the second round
        ("Journal.confirm", "call", 2),  # the second round is loaded
    ],
    ids=lambda place: f"{place[0]}-{place[2]}",
)
def test_kill__between_and_in_rounds_loses_nothing(
    programs: list[Program], tmp_path: Path, place: At
) -> None:
    """A night of several hours that is killed in any of them is gone on with by the next one, each row once."""
    with lane_of(programs[0], images=250, user_limit=6, seconds_per_request=0.0) as lane:
        only = ("account_images",)
        lane.night(tmp_path, only=only, killed_at=place, time_passes=True, publish=True, feeds=())
        killed = len(lane.simulator.requests)

        lane.night(tmp_path, only=only, time_passes=True, publish=True, feeds=())

        held = rows_of(tmp_path / "data" / "imgur.duckdb", "select id from imgur_raw.images order by id")
        assert held == sorted((image["id"],) for image in lane.simulator.truth.account_images())
        spent = lane.simulator.credits_spent
        pages = 250 // 50 + 1
        rounds_at_most = 2 * 4
        assert spent <= pages + 1 + rounds_at_most + 2, [r.path for r in lane.simulator.requests[killed:]]
        assert not [request for request in lane.simulator.requests if request.status == 429]
