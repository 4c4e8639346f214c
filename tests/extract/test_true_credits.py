"""A plan made before Imgur has told of any credits, and what becomes of it with the first reply."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from credits import Account

from imgur_source.simulator import Simulator
from tests.support.warehouses import Lab

LISTS = ("account_images", "account_comments")


def test_plan__is_made_anew_once_the_first_reply_tells_of_few_credits(tmp_path: Path) -> None:
    """With an hour of 20 credits a full scan of 17 pages does not take every run: all comments are read."""
    account = Account(images=800, albums=1, submissions=40, comments=330, page_size=50)
    simulator = account.simulated(hour_credits=20)
    lab = Lab(tmp_path, simulator)
    wanted = {record["id"] for record in simulator.truth.account_comments()}
    assert len(wanted) == 330

    for _ in range(8):
        run = lab.run(only=LISTS)
        assert run.plan is not None
        assert run.plan.budget.credits is not None
        assert run.plan.budget.credits <= 20  # the true ones, not the 500 that were assumed
        simulator.advance(timedelta(days=1))

    landed = {row[0] for row in lab.rows("select id from imgur_raw.comments")}
    assert wanted - landed == set()
    assert all(request.status == 200 for request in simulator.requests)


def test_plan__that_was_made_from_true_credits_is_followed(tmp_path: Path) -> None:
    """Where the first reply tells nothing new, what was planned is what is done."""
    simulator = Simulator(seed=5, images=120, albums=0, posts=0, per_page="ignored")
    lab = Lab(tmp_path, simulator)

    run = lab.run(only=("account_images",))

    assert run.plan is not None
    assert run.plan.budget.an_hour == 500
    assert run.pending == []
    assert lab.rows("select count(*) from imgur_raw.images") == [(120,)]
