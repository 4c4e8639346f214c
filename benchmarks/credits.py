"""Credits that nights spend, beside the fewest that would do.

Nights of an account in which nothing happens but what a scenario says, read from the
simulator by the source's own ``Night``. Nothing is loaded: what a night spends is
decided before. The account's images, albums, submissions and comments are read, and
nothing that hangs on single items.

    python benchmarks/credits.py
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from measuring import print_row

from imgur_source.api import ImgurClient, authenticators, oauth_base_of
from imgur_source.credits import CreditMeter
from imgur_source.extract import LIST_SWEEPS, Batch, Round, RunState, WarehouseFacts
from imgur_source.lists import SourceState
from imgur_source.settings import ImgurCredentials, Settings
from imgur_source.simulator import Simulator

TABLE_OF = {  # in the order in which a night reads them
    "account_images": "images",
    "account_albums": "albums",
    "account_submissions": "posts",
    "account_comments": "comments",
}
GALLERY_PAGE = 60  # items; submissions are a gallery list
PROOF_CREDITS = 3  # the count before and after, and page 0 once more
NIGHTS_OF_BACKFILL = 3
NEW_IMAGES = 60
DAYS = (("quiet night", 0), (f"{NEW_IMAGES} new images", NEW_IMAGES))
TOO_DEAR = 0.001  # of the day's 12,500 credits: then a list of more than
SWEPT_PAGES = 12  # pages is not swept


@dataclass(frozen=True, slots=True)
class Account:
    """What the owner has when a scenario starts, in items.

    Attributes:
        page_size: of account lists: 50 where ``perPage`` is ignored, 100 where it counts.
    """

    images: int
    albums: int
    submissions: int
    comments: int
    page_size: int

    def simulated(self, *, hour_credits: int = 500) -> Simulator:
        """An Imgur that holds it: three images each hour, of one second, and no life of its own."""
        simulator = Simulator(
            images=0,
            albums=0,
            posts=0,
            comments=0,
            per_page="honoured" if self.page_size > 50 else "ignored",
            seconds_per_request=1.0,
            user_limit=hour_credits,
        )
        world, now = simulator.world, simulator.world.now
        images = [world.add_image(at=now - 3600 * (1 + place // 3)) for place in range(self.images)]
        for place in range(self.albums):
            world.add_album(at=now - 3600 * (1 + place), images=images[place : place + 1])
        for place in range(self.submissions):
            world.add_post(images[place].id, at=now - 1800 * (1 + place))
        for place in range(self.comments):
            world.add_comment(images[place % self.submissions].id, at=now - 600 * (1 + place))
        return simulator

    def lists(self) -> dict[str, int]:
        """Items by list."""
        return dict(zip(TABLE_OF, (self.images, self.albums, self.submissions, self.comments), strict=True))


SMALL = Account(images=500, albums=40, submissions=120, comments=150, page_size=50)
LARGE = Account(images=5_000, albums=400, submissions=600, comments=1_000, page_size=50)
ACCOUNTS = tuple(replace(base, page_size=size) for base in (SMALL, LARGE) for size in (50, 100))


@dataclass(frozen=True, slots=True)
class NightCost:
    """What one night spent.

    Attributes:
        requests: by endpoint.
        pages: by list and kind of walk, proofs included.
        is_done: whether everything that was meant to be read was.
        held_before: lists of which nothing waited to be read for the first time when it began.
    """

    requests: Counter[str]
    pages: Counter[tuple[str, str]]
    is_done: bool
    held_before: frozenset[str] = frozenset()

    def spent_on(self, name: str) -> int:
        """Credits that the list *name* took."""
        return self.requests[name] + self.requests[f"{name}_count"]

    def of(self, names: Collection[str]) -> NightCost:
        """The part of it that the lists *names* took."""
        kept = {request for name in names for request in (name, f"{name}_count")}
        return replace(
            self,
            requests=Counter({name: number for name, number in self.requests.items() if name in kept}),
            pages=Counter({walk: number for walk, number in self.pages.items() if walk[0] in names}),
        )

    def first_readings(self) -> NightCost:
        """The part of lists of which something had never been read when the night began.

        What the allowance left for pages that were stored already is no part of it.
        """
        first = self.of({name for name, _ in self.pages} - self.held_before)
        again = Counter({name: pages for (name, kind), pages in first.pages.items() if kind == "refresh"})
        pages = Counter({walk: pages for walk, pages in first.pages.items() if walk[1] != "refresh"})
        return replace(first, requests=first.requests - again, pages=pages)

    def rereadings(self) -> NightCost:
        """The part of lists that were held to their end when the night began."""
        return self.of(self.held_before)


class Clock:
    """The simulator's time: a second passes with each request."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def now(self) -> datetime:
        return self._simulator.now()

    def sleep(self, duration: timedelta) -> None:
        self._simulator.advance(duration)


class Readings:
    """Nights in a row that only read: what a night remembers and finds is kept here instead of a warehouse.

    Args:
        lists: what is read.
        settings: as for ``imgur()``.
    """

    def __init__(
        self,
        folder: Path,
        simulator: Simulator,
        *,
        lists: Sequence[str] = tuple(TABLE_OF),
        **settings: Any,
    ) -> None:
        self.simulator = simulator
        self.lists = tuple(lists)
        self._settings = {
            "accounts": ["me"],
            "feeds": [],
            "feed_pages": 1,
            "base_url": None,
            "post_details": "own",
            "request_timeout_seconds": 30.0,
            "state_dir": folder,
            **settings,
        }
        self._state: dict[str, Any] = {}
        self._held: dict[str, set[Any]] = {name: set() for name in self.lists}

    def run(self, *, max_credits: int | None = None) -> NightCost:
        """One night, and the day after it."""
        pages: Counter[tuple[str, str]] = Counter()
        memory = SourceState(self._state, fetched={})
        held_before = {
            name for name in self.lists if memory.of_list(f"{name}/me").is_whole(is_sorted=True, since=None)
        }
        for batch in self._batches(max_credits):
            for name in self.lists:
                if name in batch:
                    self._held[name].update(batch[name].column("id").to_pylist())
            for walk in batch[LIST_SWEEPS].to_pylist() if LIST_SWEEPS in batch else ():
                pages[walk["list"].partition("/")[0], walk["kind"]] += walk["pages"]
        self.simulator.advance(timedelta(days=1))
        return NightCost(
            requests=self._run.meter.requests,
            pages=pages,
            is_done=self._run.ended is None,
            held_before=frozenset(held_before),
        )

    def missing(self) -> int:
        """Items of the simulator's that no night has found."""
        return missing(self.simulator, self._held)

    def _batches(self, max_credits: int | None) -> Iterator[Batch]:
        clock = Clock(self.simulator)
        settings = Settings.of(max_credits=max_credits, **self._settings)
        logins = authenticators(credentials_of(self.simulator), settings=settings, clock=clock)
        client = ImgurClient(
            base_url=settings.base_url,
            oauth_url=oauth_base_of(settings.base_url),
            public=logins.public,
            login=logins.login,
            meter=CreditMeter(clock=clock, max_credits=max_credits),
            clock=clock,
            timeout=timedelta(seconds=settings.request_timeout_seconds),
            user_agent="benchmark",
            should_stop=lambda: False,
            transport=httpx.MockTransport(self.simulator),
        )
        self._run = RunState(client.meter)
        with closing(client):
            yield from Round(
                client,
                settings,
                clock,
                self._run,
                frozenset({*self.lists, LIST_SWEEPS}),
                WarehouseFacts(),
                SourceState(self._state, fetched={}),
            ).batches()


def credentials_of(simulator: Simulator) -> ImgurCredentials:
    """What its application and its owner hold."""
    return ImgurCredentials(
        client_id=simulator.client_id,
        client_secret=simulator.client_secret,
        refresh_token=simulator.refresh_token,
    )


def missing(simulator: Simulator, held: Mapping[str, Collection[Any]]) -> int:
    """Items of the owner's lists whose ids are not *held*, by list."""
    truth = simulator.truth
    listed = {
        "account_images": truth.account_images,
        "account_albums": truth.account_albums,
        "account_submissions": truth.submissions,
        "account_comments": truth.account_comments,
    }
    return sum(len({record["id"] for record in listed[name]()}.difference(ids)) for name, ids in held.items())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario came to.

    Attributes:
        pages: by list: pages that hold items, which is the bare number.
        least: by list: the fewest credits that do what is asked of a night.
        missing: items that no night has found.
    """

    account: Account
    scenario: str
    nights: tuple[NightCost, ...]
    pages: dict[str, int]
    least: dict[str, int]
    missing: int

    def spent_on(self, name: str) -> int:
        """Credits that the list *name* took over all nights."""
        return sum(cost.spent_on(name) for cost in self.nights)

    @property
    def spent(self) -> int:
        """Credits of all lists and nights."""
        return sum(map(self.spent_on, self.least))

    def over(self) -> dict[str, int]:
        """Credits by list beyond what it may cost; empty where the bound is held."""
        beyond = {name: self.spent_on(name) - most(least) for name, least in self.least.items()}
        return {name: credits for name, credits in beyond.items() if credits > 0}

    def row(self) -> tuple[str, ...]:
        """Its line of the table, as ``COLUMNS``."""
        return (
            f"{self.account.images:,}",
            str(self.account.page_size),
            self.scenario,
            str(sum(self.pages.values())),
            str(sum(self.least.values())),
            str(self.spent),
            str(self.missing),
            self.kinds(),
        )

    def kinds(self) -> str:
        """Requests by kind of walk, and those for counts."""
        walked: Counter[str] = Counter()
        for cost in self.nights:
            for (_, kind), pages in cost.pages.items():
                walked[kind] += pages
            walked["count"] += sum(cost.requests[f"{name}_count"] for name in self.least)
        return ", ".join(f"{number} {kind}" for kind, number in walked.most_common() if number)


@dataclass(frozen=True, slots=True)
class Price:
    """The fewest requests for a list of *items*.

    Attributes:
        is_counted: whether Imgur has a count of it, so that a long walk can be proved.
    """

    items: int
    page_size: int
    is_counted: bool = True

    @property
    def pages(self) -> int:
        """Pages that hold items."""
        return math.ceil(self.items / self.page_size)

    def sweep(self) -> int:
        """All pages and the empty one, for Imgur has no other end, and the proof where the walk is long."""
        return self.pages + 1 + self.proof(self.pages)

    def proof(self, pages: int) -> int:
        """What a walk of so many *pages* takes to prove itself."""
        return PROOF_CREDITS if self.is_counted and pages >= Settings.proof_pages else 0

    def backfill(self, nights: int, *, is_proved: bool) -> int:
        """A first load in pieces, the last of them with a proof or without.

        Each later night reads page 0, for something may have come, and the page where the
        night before left off, for only that shows that nothing lies between.
        """
        return self.pages + 1 + (PROOF_CREDITS if is_proved else 0) + 2 * (nights - 1)

    def held(self, *, is_swept: bool, reread: int) -> int:
        """A quiet night of a list that is held: a sweep, or the front and so many pages *reread*."""
        return self.sweep() if is_swept else self.head() + reread

    def head(self, *, new: int = 0) -> int:
        """The pages that *new* items fill, and the first one that shows a held item."""
        return new // self.page_size + 1

    def refresh(self) -> int:
        """The pages that a night reads again so that each has its turn within the greatest age."""
        return math.ceil(self.pages / Settings.greatest_age_days)


def prices(account: Account, *, more_images: int = 0) -> dict[str, Price]:
    """The price of each list."""
    return {
        name: Price(
            items + (more_images if name == "account_images" else 0),
            GALLERY_PAGE if name == "account_submissions" else account.page_size,
            is_counted=name != "account_submissions",
        )
        for name, items in account.lists().items()
    }


def ordinary_nights(folder: Path, account: Account) -> Iterator[Outcome]:
    """A first load, a night after a quiet day, and one after a day with new images; all lists are swept."""
    nights = Readings(folder, account.simulated())
    price = prices(account)
    first = {name: listed.sweep() for name, listed in price.items()}
    yield _outcome(account, "first load", nights, [nights.run()], price, first)
    for scenario, new in DAYS:
        upload(nights.simulator, new)
        price = prices(account, more_images=new)
        least = {name: listed.sweep() for name, listed in price.items()}
        yield _outcome(account, scenario, nights, [nights.run()], price, least)


def dear_nights(
    folder: Path, account: Account, *, lists: Sequence[str] = tuple(TABLE_OF)
) -> Iterator[Outcome]:
    """The same nights where a list of more than 12 pages is too dear to be swept."""
    nights = Readings(folder, account.simulated(), lists=lists, sweep_share=TOO_DEAR)
    nights.run()
    for scenario, new in DAYS:
        upload(nights.simulator, new)
        price = prices(account, more_images=new)
        least = {
            name: (listed.head(new=new if name == "account_images" else 0) + listed.refresh())
            if listed.pages > SWEPT_PAGES
            else listed.sweep()
            for name, listed in price.items()
            if name in lists
        }
        yield _outcome(account, f"{scenario}, too dear to sweep", nights, [nights.run()], price, least)


def interrupted(
    folder: Path, account: Account, *, lists: Sequence[str] = tuple(TABLE_OF)
) -> tuple[Outcome, Outcome]:
    """A first load of *lists* with an allowance for which three nights are enough; nothing new comes.

    Returns:
        what the lists took until each was held to its end, and what those that were held took on the
        nights after that: an allowance is spent to the end, and what is held is then read again.
    """
    nights = Readings(folder, account.simulated(), lists=lists)
    price = {name: listed for name, listed in prices(account).items() if name in lists}
    allowance = allowance_for(price)
    costs = [nights.run(max_credits=allowance) for _ in range(NIGHTS_OF_BACKFILL)]
    scenario = f"backfill of {_named(lists)}, {allowance} credits a night for {NIGHTS_OF_BACKFILL} nights"
    first = [cost.first_readings() for cost in costs]
    again = [cost.rereadings() for cost in costs]
    least_first = {name: _least_first(first, name, listed) for name, listed in price.items()}
    least_again = {name: _least_again(again, name, listed) for name, listed in price.items()}
    return (
        _outcome(account, scenario, nights, first, price, least_first),
        _outcome(account, "the same nights: what was held, again", nights, again, price, least_again),
    )


def _least_first(costs: Sequence[NightCost], name: str, listed: Price) -> int:
    """The fewest credits for a first load in as many pieces as the list was read in."""
    parts = [cost for cost in costs if cost.spent_on(name)]
    is_proved = bool(parts) and parts[-1].requests[f"{name}_count"] > 0
    return listed.backfill(len(parts), is_proved=is_proved) if parts else 0


def _least_again(costs: Sequence[NightCost], name: str, listed: Price) -> int:
    """The fewest credits for what these nights read of a held list: all of it, or its front and a part."""
    return sum(
        listed.held(is_swept=cost.pages[name, "sweep"] > 0, reread=cost.pages[name, "refresh"])
        for cost in costs
        if cost.spent_on(name)
    )


def _named(lists: Sequence[str]) -> str:
    return "all lists" if len(lists) == len(TABLE_OF) else " and ".join(map(TABLE_OF.__getitem__, lists))


def allowance_for(price: Mapping[str, Price]) -> int:
    """Credits a night with which a backfill that stays within the bound takes three nights at most."""
    nights = NIGHTS_OF_BACKFILL
    least = [
        listed.backfill(nights, is_proved=listed.proof(listed.pages // nights) > 0)
        for listed in price.values()
    ]
    return math.ceil(sum(map(most, least)) / nights)


def most(least: int) -> int:
    """What a list may cost: 2 % and 2 credits more than the *least*."""
    return math.floor(1.02 * least + 2)


def upload(simulator: Simulator, new: int) -> None:
    """*new* images, spread over the last 20 hours."""
    for place in range(new):
        simulator.world.add_image(at=simulator.world.now - 72_000 * (new - place) // new)


def _outcome(
    account: Account,
    scenario: str,
    nights: Readings,
    costs: list[NightCost],
    price: dict[str, Price],
    least: dict[str, int],
) -> Outcome:
    pages = {name: price[name].pages for name in least}
    return Outcome(account, scenario, tuple(costs), pages, least, nights.missing())


def outcomes(account: Account) -> Iterator[Outcome]:
    """Every scenario of *account*."""
    with tempfile.TemporaryDirectory() as folder:
        yield from ordinary_nights(Path(folder) / "ordinary", account)
        for lists in (["account_images"], list(TABLE_OF)):
            parts = interrupted(Path(folder) / str(len(lists)), account, lists=lists)
            yield from (part for part in parts if part.spent)
        if account.images > SWEPT_PAGES * account.page_size:
            yield from dear_nights(Path(folder) / "dear", account)


COLUMNS = ("images", "page", "scenario", "pages", "least", "spent", "missing", "requests by kind")


def main() -> int:
    """Measure and print a table in Markdown; 1 where a list took more than it may, or an item is missing."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print_row(*COLUMNS)
    print_row(*["---"] * len(COLUMNS))
    beyond, lacking = [], 0
    for account in ACCOUNTS:
        for outcome in outcomes(account):
            print_row(*outcome.row())
            beyond += [(outcome, name, credits) for name, credits in outcome.over().items()]
            lacking += outcome.missing
    print()
    for outcome, name, credits in beyond:
        print(
            f"- {name} of {outcome.account.images:,} images by {outcome.account.page_size}, "
            f"{outcome.scenario}: {outcome.spent_on(name)} credits instead of {outcome.least[name]}, "
            f"{credits} beyond the bound."
        )
    return 1 if beyond or lacking else 0


if __name__ == "__main__":
    sys.exit(main())
