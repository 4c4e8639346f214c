"""Warehouses made by chance, of nothing but what the loader may leave in ``imgur_raw``.

A ``World`` has the rows of each loaded table, histories as single observations;
``made`` puts them into DuckDB, drops repetitions as the warehouse does after a
load, and makes the relations of ``sql/`` over them. What the marts should then
say is left to ``mart_oracles``.

Times gather where rules have their edges: at midnight, at the same instant, at a
whole age, 36 hours and 7 days apart, and around changes of clocks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from warehouse.audits import add_results
from warehouse.catalog import complete, transaction
from warehouse.files import SOUND_JOINS
from warehouse.pruning import drop_repetitions
from warehouse.relations import SQL_DIR, Parameters, apply

from imgur_source.records.arrow import rows_table
from imgur_source.records.tables import MARKER, TABLES

Row = dict[str, Any]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ZONES = (
    "UTC",
    "America/New_York",
    "Asia/Kathmandu",  # 5:45 ahead
    "Pacific/Apia",  # 13 hours ahead
    "Australia/Lord_Howe",  # changes its clocks by half an hour
    "Europe/Berlin",
    "Pacific/Marquesas",  # 9:30 behind
)
RUNS_AT = (
    datetime(2026, 11, 23, tzinfo=UTC),  # midnight
    datetime(2026, 11, 23, 2, 17, 45, 123456, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),  # New York's clocks go back in half an hour
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),  # and have done so half an hour ago
    datetime(2027, 3, 14, 7, 0, tzinfo=UTC),  # they go forward at this very second
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # and Lord Howe's at this one
    datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
)
FOLLOWED = {1: "Amy", 2: "bob", 3: "Carl"}
LOGIN = 1  # whose lists are called me
STRANGERS = {90: "zoe", 91: "Yves"}
FEEDS = ("hot/viral", "t/cats", "user/rising")
AGES = (1, 3, 6, 12, 24, 48, 72, 168, 336, 720, 1440, 2160)  # hours
LISTED = {
    "account_submissions": "posts",
    "account_images": "images",
    "account_albums": "albums",
    "account_comments": "comments",
}


@dataclass(slots=True)
class World:
    """The rows of a warehouse, and what its relations are made for.

    Attributes:
        rows: by table, observations of histories one by one, in any order.
        session: the time zone of the connection that makes the relations.
    """

    seed: str
    run_at: datetime
    zone: str
    session: str
    followed: dict[int, str]
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})


def random_world(seed: str) -> World:
    """A lawful warehouse, the same for the same *seed*."""
    return _Maker(random.Random(seed), seed).world


class Made:
    """A ``World`` in DuckDB, with the relations made over it."""

    def __init__(self, world: World, connection: duckdb.DuckDBPyConnection) -> None:
        self.world = world
        self.connection = connection

    def rows(self, relation: str) -> list[Row]:
        """All rows of a relation; instants are aware and UTC, whatever zone the session has."""
        columns = self.connection.execute(f"describe {relation}").fetchall()
        instants = {name for name, kind, *_ in columns if kind == "TIMESTAMP WITH TIME ZONE"}
        shown = ", ".join(
            f"{name} at time zone 'UTC' as {name}" if name in instants else name for name, *_ in columns
        )
        found = self.connection.execute(f"select {shown} from {relation}").fetchall()
        names = [name for name, *_ in columns]
        return [
            {
                name: value.replace(tzinfo=UTC) if name in instants and value is not None else value
                for name, value in zip(names, values, strict=True)
            }
            for values in found
        ]


def made(world: World, *, sql_dir: Path = SQL_DIR) -> Made:
    """Load *world* as dlt would, tidy its histories and make the relations."""
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    connection.execute(f"set timezone = '{world.session}'")
    connection.execute(SOUND_JOINS)
    connection.execute("create schema imgur_raw")
    for table in TABLES.values():
        columns = [f'"{field.name}" {field.kind.value}' for field in table.fields]
        columns += [f"{MARKER} boolean"] if table.parent else []
        connection.execute(
            f"create table imgur_raw.{table.name} ({', '.join(columns)}, _dlt_load_id varchar)"
        )
        if world.rows[table.name]:
            connection.register("came", rows_table(table, world.rows[table.name]))
            connection.execute(f"insert into imgur_raw.{table.name} by name select * from came")
            connection.unregister("came")
    with transaction(connection):
        complete(connection)
        add_results(connection)
        drop_repetitions(connection)
    apply(connection, sql_dir, Parameters(world.run_at, world.zone))
    return Made(world, connection)


class _Maker:
    """What is told of a world while it grows."""

    def __init__(self, chance: random.Random, seed: str) -> None:
        self.chance = chance
        run_at = chance.choice(RUNS_AT)
        followed = dict(list(FOLLOWED.items())[: chance.choice((1, 2, 3, 3))])
        if len(followed) == 3 and chance.random() < 0.3:
            followed[3] = followed[2].upper()  # a name that one account has left to the other
        session = chance.choice(("UTC", *ZONES))
        self.world = World(seed, run_at, chance.choice(ZONES), session, followed)
        self.first_night = run_at - chance.choice((2, 9, 40, 120)) * DAY
        self.nights = self._nights()
        self.is_archive = self.maybe(0.4)  # an account that posted most of what it has long ago
        for grow in (
            self._accounts,
            self._posts,
            self._subreddit_posts,
            self._images,
            self._albums,
            self._trees,
            self._own_comments,
            self._feeds,
            self._favorites,
            self._walks,
            self._looks,
            self._runs,
        ):
            grow()

    # chance and time

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def one_of(self, *values: Any) -> Any:
        return self.chance.choice(values)

    def between(self, start: datetime, end: datetime) -> datetime:
        """An instant between the two, often one at which something turns."""
        at = start + self.chance.random() * (end - start)
        turning: datetime = self.one_of(
            at,
            at,
            at.replace(microsecond=0),
            at.replace(minute=0, second=0, microsecond=0),
            at.replace(hour=0, minute=0, second=0, microsecond=0),
            at.replace(hour=12, minute=0, second=0, microsecond=0),
        )
        return min(max(turning, start), end)

    def second(self, start: datetime, end: datetime) -> datetime:
        """The same in whole seconds, as Imgur's own times are."""
        return max(self.between(start, end), start).replace(microsecond=0)

    def add(self, table: str, **row: Any) -> Row:
        self.world.rows[table].append(row)
        return row

    def _nights(self) -> list[datetime]:
        """When runs began: about one a night, some left out, some that crowd."""
        nights, at = [], self.first_night
        while at < self.world.run_at:
            nights.append(at)
            step = self.one_of(DAY, DAY, DAY, 36 * HOUR, 36 * HOUR + SECOND, 2 * HOUR, 3 * DAY, 7 * DAY)
            at += step
        return nights

    def _of(self, owner: int | None, *, is_held: bool = False) -> Row:
        """How a reply shows an owner: with number and name or one of them; neither where *is_held* tells whose it is."""
        names = self.world.followed | STRANGERS
        if owner is None:
            return {"account_id": self.one_of(None, 0), "account_url": None}
        name = names[owner]
        if self.maybe(0.05) and is_held:
            return {"account_id": self.one_of(None, 0), "account_url": None}
        shown: Row = self.one_of(
            *[{"account_id": owner, "account_url": name}] * 3,
            {"account_id": owner, "account_url": None},
            {"account_id": self.one_of(None, 0), "account_url": self.one_of(name, name.upper())},
        )
        return shown

    def _made_at(self) -> datetime:
        """When something came into being: lately, in the time that was watched, or years before."""
        run_at = self.world.run_at
        if self.is_archive and self.maybe(0.8):
            return self.second(run_at - 2000 * DAY, run_at - 99 * DAY)
        starts = (run_at - 2 * DAY, self.first_night, self.first_night - 8 * DAY, run_at - 400 * DAY)
        start = self.one_of(*starts, run_at - 2000 * DAY)
        return self.second(start, run_at)

    def _seen(self, made_at: datetime | None) -> list[datetime]:
        """When something was read: on some nights, and at awkward times; seldom never."""
        if self.maybe(0.06):
            return []
        start = max(self.first_night, made_at or self.first_night)
        times = {
            night + self.chance.random() * HOUR
            for night in self.nights
            if night >= start and self.maybe(self.one_of(0.9, 0.9, 0.3))
        }
        times |= {night for night in self.nights if night >= start and self.maybe(0.1)}
        times |= {self.between(start, self.world.run_at) for _ in range(self.one_of(0, 1, 2))}
        times |= {
            at + self.one_of(36 * HOUR, 36 * HOUR + SECOND, SECOND, HOUR) for at in times if self.maybe(0.05)
        }
        if made_at is not None:
            times |= {made_at + age * HOUR for age in (0, *AGES) if self.maybe(0.1)}
            if self.maybe(0.15):  # the first one when a start is just known, or just not any more
                first_at = made_at + 7 * DAY + self.one_of(timedelta(0), SECOND, -HOUR / 2, HOUR / 2)
                times = {first_at, *(at for at in times if at > first_at)}
        seen = sorted(at for at in times if self.first_night <= at <= self.world.run_at)
        first = self.one_of(*[0] * 6, len(seen) // 2)  # some are followed late
        last = self.one_of(*[len(seen)] * 6, 1, len(seen) // 2)
        return seen[first:last]

    def _some_time_after(self, made_at: datetime | None) -> datetime:
        """When a night may have seen what was made then."""
        return self.between(max(self.first_night, made_at or self.first_night), self.world.run_at)

    def _moved(self, before: int | None, most: int) -> int | None:
        """A counter at the next reading: it stands, grows, seldom falls, and is seldom not shown."""
        if self.maybe(0.02):
            return None
        if before is None:
            return self.chance.randrange(most + 1)
        if self.maybe(0.06):
            return max(0, before - self.chance.randrange(1 + before))
        more: int = self.one_of(0, 0, 1, self.chance.randrange(1 + most))
        return before + more

    # what is followed

    def _accounts(self) -> None:
        for number, name in self.world.followed.items():
            reputation: int | None = self.chance.randrange(-50, 5000)
            seen = self._seen(None) or [self.world.run_at]
            for at in seen:
                self.add("account_metrics", id=number, reputation=reputation, observed_at=at, fetched_at=at)
                if self.maybe(0.6):
                    reputation = (
                        None if self.maybe(0.03) else (reputation or 0) + self.chance.randrange(-30, 90)
                    )
            self.add(
                "accounts",
                id=number,
                url=name,
                reputation=reputation,
                created=self.one_of(None, self.world.run_at - 3000 * DAY),
                fetched_at=seen[-1],
            )

    # posts

    def _posts(self) -> None:
        for number in range(self.one_of(0, 6, 30, 45, 45)):
            owner = self.one_of(*self.world.followed, *self.world.followed, *[LOGIN] * 6, 90, 91, None)
            made_at = None if self.maybe(0.02) else self._made_at()
            post = {"id": f"p{number}", "datetime": made_at, "title": self.one_of(None, f"Post {number}")}
            self._post(post | self._of(owner, is_held=True), owner)

    def _post(self, post: Row, owner: int | None) -> None:
        seen = self._seen(post["datetime"])
        counters = self._post_history(post["id"], seen)
        shown_at = seen[-1] if seen else self._some_time_after(post["datetime"])
        is_listed = owner in self.world.followed and self.maybe(0.9)
        if owner in self.world.followed and not is_listed and post["account_id"] in (None, 0):
            is_listed = True  # or nobody could tell whose it is
        shape = self._format()
        page = "imgur.com/a" if shape["is_album"] else "i.imgur.com"
        self.add(
            "posts",
            **post,
            **shape,
            **counters,
            link=f"http://{page}/{post['id']}",
            fetched_at=shown_at,
        )
        for place, tag in enumerate(self.chance.sample(("cats", "dogs", "art"), self.one_of(0, 1, 1, 2, 3))):
            self.add("post_tags", post_id=post["id"], tag=tag, position=place, fetched_at=shown_at)
        if is_listed:
            self._list("account_submissions", owner, post["id"], post["datetime"], shown_at)
        if self.maybe(0.2):
            self._post_images(post["id"], owner, shown_at)

    def _format(self) -> Row:
        if self.maybe(0.4):
            return {"is_album": True, "images_count": self.one_of(0, 1, 2, 5)}
        moves = self.maybe(0.5)
        return {
            "is_album": False,
            "animated": moves,
            "has_sound": moves and self.maybe(0.5),
            "type": "video/mp4" if moves else "image/png",
        }

    def _post_history(self, post_id: str, seen: Sequence[datetime]) -> Row:
        """Its observations; returns the counters of the last one."""
        most = self.one_of(0, 3, 200, 100_000)
        values: Row = {
            name: self.one_of(0, self.chance.randrange(most + 1)) for name in ("views", "ups", "downs")
        }
        values |= {"comment_count": self.one_of(0, 0, 4), "favorite_count": self.one_of(0, 0, 7)}
        shows_votes = self.maybe(0.85)
        for at in seen:
            if self.maybe(0.65):
                for name, share in (("views", 1), ("ups", 10), ("downs", 40), ("comment_count", 40), ("favorite_count", 40)):  # fmt: skip
                    values[name] = self._moved(values[name], most // share)
            if self.maybe(0.04):
                shows_votes = not shows_votes
            counters = dict(values)
            if not shows_votes or counters["ups"] is None or counters["downs"] is None:
                counters |= {"ups": None, "downs": None}
            is_shown = counters["ups"] is not None
            counters["points"] = counters["ups"] - counters["downs"] if is_shown else None
            counters |= {"score": self.one_of(5, 5, 6), "in_most_viral": self.maybe(0.05)}
            self.add("post_metrics", id=post_id, **counters, observed_at=at, fetched_at=at)
            last = counters
        return last if seen else {}

    def _post_images(self, post_id: str, owner: int | None, at: datetime) -> None:
        for place in range(self.one_of(1, 2, 4)):
            self.add(
                "post_images",
                post_id=post_id,
                image_id=f"i{self.chance.randrange(40)}x{place}",  # may stand in other posts and albums, too
                position=place,
                datetime=self._made_at(),
                views=self.one_of(None, 0, self.chance.randrange(1000)),
                **self._of(self.one_of(*[owner] * 9, 90), is_held=True),
                fetched_at=at,
            )

    def _subreddit_posts(self) -> None:
        held = [row["id"] for row in self.world.rows["posts"]]
        for number in range(self.one_of(0, 3)):
            at = self.between(self.first_night, self.world.run_at)
            self.add(
                "subreddit_posts",
                id=self.chance.choice(held) if held and self.maybe(0.3) and number == 0 else f"s{number}",
                datetime=self._made_at(),
                title="From reddit",
                views=self.chance.randrange(500),
                is_album=False,
                fetched_at=at,
            )

    # images and albums

    def _images(self) -> None:
        for number in range(self.one_of(0, 5, 20)):
            made_at = None if self.maybe(0.02) else self._made_at()
            seen = self._seen(made_at)
            counters = self._image_history(f"i{number}x0", seen)
            shown_at = seen[-1] if seen else self._some_time_after(made_at)
            self.add(
                "images",
                id=f"i{number}x0",
                datetime=made_at,
                title=self.one_of(None, f"Image {number}"),
                **self._of(LOGIN, is_held=True),
                **counters,
                fetched_at=shown_at,
            )
            self._list("account_images", LOGIN, f"i{number}x0", made_at, shown_at)

    def _image_history(self, image_id: str, seen: Sequence[datetime]) -> Row:
        views: int | None = self.one_of(0, 0, self.chance.randrange(900))
        bandwidth: int | None = self.one_of(0, None, self.chance.randrange(10**9))
        for at in seen:
            if self.maybe(0.6):
                views, bandwidth = self._moved(views, 300), self._moved(bandwidth, 10**7)
            self.add(
                "image_metrics", id=image_id, views=views, bandwidth=bandwidth, observed_at=at, fetched_at=at
            )
        return {"views": views, "bandwidth": bandwidth} if seen else {}

    def _albums(self) -> None:
        for number in range(self.one_of(0, 2, 6)):
            owner = self.chance.choice(list(self.world.followed))
            made_at = self._made_at()
            at = self._some_time_after(made_at)
            album = self._published(owner) or f"a{number}"
            size = self.one_of(0, 1, 3, 5)
            self.add(
                "albums",
                id=album,
                title=self.one_of(None, "Album"),
                datetime=made_at,
                views=self.one_of(None, 0, 44),
                images_count=size,
                **self._of(owner),
                fetched_at=at,
            )
            self._list("account_albums", owner, album, made_at, at)
            self._album_images(album, owner, size, at)

    def _published(self, owner: int) -> str | None:
        """A post of *owner* that is one of the albums, too; None where the album is in no gallery."""
        taken = {row["id"] for row in self.world.rows["albums"]}
        names = (owner, self.world.followed[owner])
        free = [
            row["id"]
            for row in self.world.rows["posts"]
            if row["is_album"]
            and row["id"] not in taken
            and (row["account_id"] or row["account_url"]) in names
        ]
        return self.chance.choice(free) if free and self.maybe(0.5) else None

    def _album_images(self, album: str, owner: int, size: int, at: datetime) -> None:
        known = {row["id"]: row for row in self.world.rows["images"]}
        for place in range(size):
            image = f"i{self.chance.randrange(8)}x{place}" if owner == LOGIN else f"{owner}i{self.chance.randrange(6)}x{place}"  # fmt: skip
            made_at = known[image]["datetime"] if image in known else self._image_made_at(image)
            earlier = any(row["image_id"] == image for row in self.world.rows["album_images"])
            seen = [] if owner == LOGIN or earlier else self._seen(made_at)
            counters = self._image_history(image, seen)
            self.add(
                "album_images",
                album_id=album,
                image_id=image,
                position=place,
                datetime=made_at,
                **({"views": self.one_of(None, 0, self.chance.randrange(500))} | counters),
                **self._of(self.one_of(*[owner] * 9, 90), is_held=True),
                fetched_at=at,
            )

    def _image_made_at(self, image: str) -> datetime:
        """The same in every album that shows the image."""
        for row in (*self.world.rows["album_images"], *self.world.rows["post_images"]):
            if row["image_id"] == image:
                return row["datetime"]  # type: ignore[no-any-return]
        return self._made_at()

    # comments

    def _trees(self) -> None:
        for post in self.chance.sample(self.world.rows["posts"], min(6, len(self.world.rows["posts"]))):
            fetched_at = self._some_time_after(post["datetime"])
            place = 0
            for _ in range(self.one_of(0, 1, 4)):
                place = self._thread(post, fetched_at, place)
            # now and then Imgur refuses the next look at a tree
            is_refused = place > 0 and self.maybe(0.2)
            self.add(
                "detail_fetches",
                resource="post_comments",
                item_id=post["id"],
                items=None if is_refused else place,
                fetched_at=self.second(fetched_at, self.world.run_at) if is_refused else fetched_at,
            )

    def _thread(self, post: Row, fetched_at: datetime, place: int) -> int:
        """A root and what is below it; the root is not always held. Returns the next place in the tree."""
        start = post["datetime"] or self.first_night
        times = sorted(self.second(start, fetched_at) for _ in range(self.one_of(1, 2, 7)))
        if len(times) > 1:
            near = (
                times[0] + gap
                for gap in (timedelta(0), HOUR, HOUR + SECOND, DAY, DAY + SECOND)
                if self.maybe(0.3)
            )
            times = sorted([*times, *(at for at in near if at <= fetched_at)])
        first = len(self.world.rows["post_comments"]) * 10 + 1000
        above: list[Row] = []
        for number, at in enumerate(times):
            parent = self.chance.choice(above) if above else None
            row = {
                "id": first + number,
                "post_id": post["id"],
                "parent_id": parent and parent["id"],
                "root_id": first,
                "depth": parent["depth"] + 1 if parent else 0,
                "position": place + number,
                "image_id": post["id"],
                "datetime": None if self.maybe(0.02) else at,
                **self._words(post),
                "fetched_at": fetched_at if self.maybe(0.8) else max(at, fetched_at - DAY),
            }
            above.append(row)
            if number or len(times) == 1 or self.maybe(0.85):
                self.add("post_comments", **row)
        return place + len(times)

    def _words(self, post: Row) -> Row:
        """Who wrote a comment, and what came of it: often the author of the post, sometimes a stub."""
        if self.maybe(0.1):
            return {"author": None, "author_id": self.one_of(None, 0), "deleted": True, "comment": ""}
        shown = self._of(self.one_of(*self.world.followed, *STRANGERS))
        if self.maybe(0.2) and post["account_url"] is not None:
            shown = {name: post[name] for name in ("account_id", "account_url")}
        if self.maybe(0.1):
            shown["account_url"] = None  # the account is gone
        ups = self.one_of(None, 1, self.chance.randrange(30))
        downs = None if ups is None else self.chance.randrange(4)
        return {
            "author": shown["account_url"],
            "author_id": shown["account_id"],
            "deleted": False,
            "comment": "Words",
            "ups": ups,
            "downs": downs,
            "points": None if ups is None or downs is None else ups - downs,
        }

    def _own_comments(self) -> None:
        """What lists of comments show: some of what stands in trees, and some that stands elsewhere."""
        for row in list(self.world.rows["post_comments"]):
            if row["author_id"] in self.world.followed and row["author"] is not None and self.maybe(0.7):
                at = self._some_time_after(row["datetime"])
                shown = {key: row.get(key) for key in ("id", "image_id", "datetime", "author", "author_id", "comment", "ups", "downs", "points", "deleted")}  # fmt: skip
                self.add("comments", **shown, parent_id=row["parent_id"] or 0, fetched_at=at)
                self._list("account_comments", row["author_id"], str(row["id"]), row["datetime"], at)
        for number in range(self.one_of(0, 3)):
            at = self.between(self.first_night, self.world.run_at)
            wrote_at = self.second(self.first_night - DAY, at)
            self.add(
                "comments", id=number + 1, parent_id=self.one_of(0, 9), image_id="elsewhere", datetime=wrote_at,
                author="Amy", author_id=LOGIN, comment="Words", points=self.one_of(None, 3), fetched_at=at,
            )  # fmt: skip
            self._list("account_comments", LOGIN, str(number + 1), wrote_at, at)

    # feeds and favourites

    def _feeds(self) -> None:
        posts = [*(row["id"] for row in self.world.rows["posts"][:12]), "unheld1", "unheld2"]
        for feed in self.chance.sample(FEEDS, self.one_of(0, 1, 3)):
            times = {
                night + self.one_of(timedelta(0), timedelta(minutes=7))
                for night in self.nights
                if self.maybe(0.8)
            }
            for at in sorted(at for at in times if at < self.world.run_at):
                self._reading(feed, at, posts)

    def _reading(self, feed: str, at: datetime, posts: Sequence[str]) -> None:
        """Who stood where: a few posts, on a long feed between others; seldom one twice, seldom nobody."""
        is_complete = self.maybe(0.85)
        shown = self.chance.sample(posts, self.chance.randrange(min(len(posts), 9) + 1))
        if shown and self.maybe(0.15):
            shown.append(shown[0])
        size = self.one_of(len(shown), len(shown) + 4, 75)
        places = self.chance.sample(range(size), len(shown))
        if shown and size > 60 and self.maybe(0.5):
            places[0] = self.one_of(*(place for place in (9, 10, 59, 60) if place not in places))
        others = sorted(set(range(size)) - set(places))
        standing = [*zip(places, shown, strict=True), *((place, f"other{place}") for place in others)]
        end = min(at + self.chance.randrange(300) * SECOND, self.world.run_at)
        for row in self.world.rows["posts"]:
            if row["id"] in shown:
                row["fetched_at"] = max(row["fetched_at"], end)
        for place, post in standing:
            self.add("gallery_ranks", feed=feed, observed_at=at, position=place, post_id=post, fetched_at=end)
        self.add(
            "list_sweeps", list=feed, started_at=at, ended_at=end, kind="feed", pages=1, items=size,
            is_complete=is_complete, is_proved=False, fetched_at=end,
        )  # fmt: skip

    def _favorites(self) -> None:
        for number in range(self.one_of(0, 3)):
            at = self.between(self.first_night, self.world.run_at)
            self.add(
                "favorites", account_id=LOGIN, item_id=f"f{number}", position=number, kind="album",
                datetime=self._made_at(), views=3, item_account_url="zoe", item_account_id=90, fetched_at=at,
            )  # fmt: skip
            self._list("account_favorites", LOGIN, f"f{number}", None, at)

    # lists

    def _list(
        self, resource: str, owner: int | None, item: str, item_at: datetime | None, at: datetime
    ) -> None:
        """Have the list of *owner* show an item, last at *at* or before."""
        assert owner is not None
        name = self.world.followed[owner].lower()
        names = self.one_of(("me",), ("me",), ("me", name)) if owner == LOGIN else (name,)  # followed as both
        start = max(self.first_night, min(at, item_at or at))
        for place, owned in enumerate(names):
            seen = at if place == 0 and (resource != "account_submissions" or self.maybe(0.7)) else self.between(start, at)  # fmt: skip
            self.add(
                "list_items", list=f"{resource}/{owned}", item_id=item, datetime=item_at, fetched_at=seen
            )

    def _walks(self) -> None:
        """Walks over each list on some nights; what they covered often ends at an item."""
        items: dict[str, list[Row]] = {}
        for row in self.world.rows["list_items"]:
            items.setdefault(row["list"], []).append(row)
        for name, rows in items.items():
            for night in self.nights:
                if self.maybe(0.4):
                    self._walk(name, rows, night)

    def _walk(self, name: str, rows: Sequence[Row], night: datetime) -> None:
        started_at = self.one_of(night, night, self.chance.choice(rows)["fetched_at"])
        if any(
            row["list"] == name and row["started_at"] == started_at for row in self.world.rows["list_sweeps"]
        ):
            return
        kind = self.one_of("sweep", "sweep", "head", "refresh", "gap")
        times = [row["datetime"] for row in rows if row["datetime"] is not None]
        ends = sorted(self.one_of(*times, night) if times else night for _ in range(2))
        is_complete = self.maybe(0.8)
        self.add(
            "list_sweeps",
            list=name,
            started_at=started_at,
            ended_at=started_at + self.chance.randrange(900) * SECOND,
            kind=kind,
            pages=2,
            items=self.one_of(0, 5),
            newest_at=None if kind in ("sweep", "head") else ends[1],
            oldest_at=None if kind == "sweep" else ends[0],
            is_complete=is_complete,
            is_proved=is_complete and self.maybe(0.4),
            fetched_at=started_at,
        )

    def _looks(self) -> None:
        for row in list(self.world.rows["list_items"]):
            if self.maybe(0.08):
                times = {self.between(row["fetched_at"], self.world.run_at) for _ in range(self.one_of(1, 2))}
                for at in times:
                    self.add(
                        "item_looks", list=row["list"], item_id=row["item_id"], looked_at=at,
                        is_gone=self.maybe(0.5), fetched_at=at,
                    )  # fmt: skip

    # books

    def _runs(self) -> None:
        for number, night in enumerate(self.nights):
            run_id = f"{night:%Y%m%dT%H%M%S}-{number}"
            charges = self._charges(run_id, night)
            is_published = self.maybe(0.8)
            if self.maybe(0.95):  # of a run that was killed there are only charges
                self.add(
                    "sync_runs",
                    run_id=run_id,
                    started_at=night,
                    ended_at=night + self.chance.randrange(9000) * SECOND,
                    outcome=self.one_of("done", "done", "stopped", "failed"),
                    resources=json.dumps(["account_images"]),
                    rounds=self.one_of(1, 2),
                    credits_planned=self.one_of(None, 0, 12),
                    credits_spent=sum(row["credits"] for row in charges),
                    client_credits_left=self.one_of(None, 0, self.chance.randrange(12500)),
                    rows_loaded=self.one_of(None, json.dumps({"images": 5, "posts": 2})),
                    owed=self.one_of("[]", json.dumps(["a", "b"])),
                    notes=self.one_of("[]", json.dumps(["a"])),
                    publication="published" if is_published else self.one_of("kept", "off", None),
                    published_at=night + HOUR if is_published else None,
                    fetched_at=night,
                )

    def _charges(self, run_id: str, night: datetime) -> list[Row]:
        endpoints = ("account_images", "account_albums", "gallery", "oauth2")
        return [
            self.add(
                "credit_charges",
                run_id=run_id,
                endpoint=endpoint,
                credits=0 if endpoint == "oauth2" else self.chance.randrange(9),
                requests=(requests := self.chance.randrange(9)),
                unchanged=self.chance.randrange(requests + 1),
                replays=self.one_of(0, 0, 3),
                rows_new=self.one_of(None, 0, self.chance.randrange(60)),
                rows_refreshed=self.one_of(None, 0, self.chance.randrange(60)),
                fetched_at=night,
            )
            for endpoint in self.chance.sample(endpoints, self.chance.randrange(len(endpoints) + 1))
        ]


def utc_day(at: datetime) -> date:
    """The UTC day that *at* falls on."""
    return at.astimezone(UTC).date()


def by_id(rows: Iterable[Row], key: str = "id") -> dict[Any, list[Row]]:
    """*rows* by their *key*, in their order."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found
