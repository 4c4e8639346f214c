"""Imgur's credits: an hour's window per user, a day's per application, and strikes.

A window opens with its first charged request and closes a fixed time later, unless
an option says otherwise. A request which is refused costs nothing.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from imgur_source.simulator.world import DAY, HOUR

ResetStyle = Literal["epoch", "seconds", "constant"]
WindowStyle = Literal["fixed", "midnight", "sliding"]

STRIKES_UNTIL_BLOCKED = 5  # days a month on which an application may use up its credits
POST_LIMIT = 1250  # POST requests per hour; counted apart from credits


@dataclass
class Window:
    """*limit* credits within *length* seconds.

    Attributes:
        style: ``fixed``: from the first one on; ``midnight``: from a multiple of the length on, which for a
            day is midnight in UTC; ``sliding``: of the last ones, each comes back by itself.
    """

    limit: int
    length: int
    style: WindowStyle = "fixed"
    opened: int | None = None
    spent: int = 0
    charges: deque[int] = field(default_factory=deque)  # when, of a window that slides

    def settle(self, now: int) -> None:
        """Close the window when its time is over."""
        if self.style == "sliding":
            while self.charges and now >= self.charges[0] + self.length:
                self.charges.popleft()
            self.opened, self.spent = (self.charges[0] if self.charges else None), len(self.charges)
        elif self.opened is not None and now >= self.opened + self.length:
            self.opened, self.spent = None, 0

    def charge(self, now: int, count: int = 1) -> None:
        """Take *count* credits."""
        if self.opened is None:
            self.opened = now - now % self.length if self.style == "midnight" else now
        self.spent += count
        if self.style == "sliding":
            self.charges.extend([now] * count)

    @property
    def remaining(self) -> int:
        """Credits left."""
        return max(0, self.limit - self.spent)

    def resets_at(self, now: int) -> int:
        """Return when the credits come back; for a window not open yet, as if it opened now."""
        return (now if self.opened is None else self.opened) + self.length


class Limits:
    """The credits of one application used from one address."""

    def __init__(
        self,
        *,
        user_limit: int,
        client_limit: int,
        reset_style: ResetStyle,
        user_window: WindowStyle = "fixed",
        client_window: WindowStyle = "fixed",
        plan_limit: int | None = None,
    ) -> None:
        self.user = Window(user_limit, HOUR, user_window)
        self.client = Window(client_limit, DAY, client_window)
        self.plan = None if plan_limit is None else Window(plan_limit, DAY)
        self.posts = Window(POST_LIMIT, HOUR)
        self.spent = 0
        self._reset_style = reset_style
        self._strikes: Counter[str] = Counter()  # by month

    def charge(self, now: int) -> bool:
        """Take a credit from both windows, or say False when one of them, or the month, has none."""
        self._settle(now)
        windows = [window for window in (self.user, self.client, self.plan) if window is not None]
        if self.is_blocked(now) or not all(window.remaining for window in windows):
            return False
        for window in windows:
            window.charge(now)
        self.spent += 1
        if not self.client.remaining:
            self._strikes[_month(now)] += 1
        return True

    def spend_elsewhere(self, count: int, *, now: int) -> None:
        """Let others use *count* credits of hour and day under the same id, as far as there are any."""
        self._settle(now)
        self.user.charge(now, min(count, self.user.remaining))
        self.client.charge(now, min(count, self.client.remaining))

    def charge_post(self, now: int) -> dict[str, str]:
        """Count a POST request and return the headers that tell about it."""
        self.posts.settle(now)
        self.posts.charge(now)
        return {
            "X-Post-Rate-Limit-Limit": str(self.posts.limit),
            "X-Post-Rate-Limit-Remaining": str(self.posts.remaining),
            "X-Post-Rate-Limit-Reset": str(self.posts.resets_at(now) - now),
        }

    def strikes(self, now: int) -> int:
        """Return how many times this month the day's credits were used up."""
        return self._strikes[_month(now)]

    def is_blocked(self, now: int) -> bool:
        """Say whether the application is shut out until the month ends."""
        return self.strikes(now) >= STRIKES_UNTIL_BLOCKED

    def add_strikes(self, count: int, *, now: int) -> None:
        """Put *count* strikes on this month's record, as if the days had been used up earlier."""
        self._strikes[_month(now)] += count

    def leave(self, *, now: int, user: int | None = None, client: int | None = None) -> None:
        """Let only so many credits remain in the open windows, as if others had spent the rest."""
        self._settle(now)
        for window, left in ((self.user, user), (self.client, client)):
            if left is not None:
                window.opened = now if window.opened is None else window.opened
                window.spent = window.limit - left

    def headers(self, now: int) -> dict[str, str]:
        """Return the rate headers, with the reset in the configured style."""
        self._settle(now)
        if self.plan is not None:  # all that was ever seen of the gateway's
            return {
                "X-RateLimit-Requests-Limit": str(self.plan.limit),
                "X-RateLimit-Requests-Remaining": str(self.plan.remaining),
            }
        reset = self.user.resets_at(now)
        resets = {"epoch": reset, "seconds": reset - now, "constant": self.user.length}
        headers = {
            "X-RateLimit-UserLimit": str(self.user.limit),
            "X-RateLimit-UserRemaining": str(self.user.remaining),
            "X-RateLimit-UserReset": str(resets[self._reset_style]),
            "X-RateLimit-ClientLimit": str(self.client.limit),
            "X-RateLimit-ClientRemaining": str(self._client_remaining(now)),
        }
        if self._reset_style != "epoch":
            headers["X-RateLimit-ClientReset"] = "86400"  # recorded in 2025 as this constant
        return headers

    def record(self, now: int) -> dict[str, int]:
        """Return the data of ``/3/credits``, whose reset is always an epoch."""
        self._settle(now)
        return {
            "UserLimit": self.user.limit,
            "UserRemaining": self.user.remaining,
            "UserReset": self.user.resets_at(now),
            "ClientLimit": self.client.limit,
            "ClientRemaining": self._client_remaining(now),
        }

    def _client_remaining(self, now: int) -> int:
        return 0 if self.is_blocked(now) else self.client.remaining

    def _settle(self, now: int) -> None:
        for window in (self.user, self.client, self.plan):
            if window is not None:
                window.settle(now)


def _month(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")
