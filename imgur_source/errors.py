"""Every error of the package, sorted by what happens next.

    ImgurError
    ├── SetupError              a person acts, the run ends (exit 2)
    │   ├── ConfigurationError      a setting is wrong or missing
    │   ├── LoginExpiredError       the tokens are dead: log in again
    │   ├── ApplicationRefusedError the client id is unknown, revoked or missing
    │   ├── GatewayRefusedError     the commercial gateway does not accept its key or plan
    │   ├── BlockedRegionError      this country may not ask
    │   └── BlockedAddressError     this address has a bad name with the content network
    ├── CreditsExhaustedError   the run ends early and cleanly (exit 0)
    │   ├── HourSpentError          Imgur says so: the hour of this address
    │   ├── DaySpentError           Imgur says so: the application's day, a strike
    │   ├── PostRequestsSpentError Imgur says so: the hour's POST requests
    │   ├── GatewayLimitError       the commercial gateway's own limit
    │   ├── UnknownLimitError       a 429 that does not say what it is about
    │   └── OverCapacityError       the hidden limit per address
    ├── StoppedError            somebody asked the run to stop (exit 0)
    │   └── DeadlineError           its time is over
    ├── ReplayEndedError        what an earlier run paid for is through, the rest is asked for
    ├── AllowanceSpentError     the plan's share of one list is spent, the next thing is read
    ├── TransientError          the client tries again
    ├── NotFoundError           the row, or the list, is gone
    ├── PrivateError            the row, or the list, is not for us
    ├── RefusedError            Imgur answered no, and asking again won't help
    └── WireShapeError          the reply is not what Imgur has ever sent

An error keeps its facts as attributes, and its last sentence says what to do.
None of them ever holds a key or a token.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self


class ImgurError(Exception):
    """Root of everything this package raises on purpose."""


class SetupError(ImgurError):
    """A person has to act before another request makes sense."""


class ConfigurationError(SetupError):
    """A setting is missing or cannot be used; raised before the first request."""


class LoginExpiredError(SetupError):
    """The access token is dead and could not be refreshed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The Imgur login no longer works ({reason}). Run: python pipelines/login.py")


class ApplicationRefusedError(SetupError):
    """Imgur does not accept the client id."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Imgur refused the application ({reason}). Check client_id in .dlt/secrets.toml "
            "under [sources.imgur.credentials]; an id that was bundled with a public tool may be revoked."
        )


class GatewayRefusedError(SetupError):
    """The commercial gateway does not let requests through to Imgur."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The commercial gateway refused the request ({reason}). Check rapidapi_key in "
            ".dlt/secrets.toml under [sources.imgur.credentials], and that its plan holds Imgur's API."
        )


class BlockedRegionError(SetupError):
    """Imgur refuses this country, whatever is asked."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Imgur refuses requests from this country ({reason}). "
            "It is about the place, not about the request: run from a network in another one."
        )


class BlockedAddressError(SetupError):
    """The content network refuses this address, whatever is asked: it has a bad name there."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Imgur's content network refuses requests from this address ({reason}). "
            "It is about the address, not about the request: run from another network, without a VPN."
        )


class CreditsExhaustedError(ImgurError):
    """No further request may be sent for now; what was fetched is kept.

    As it is, it comes from our own books; what Imgur itself refuses has a class of its own.

    Attributes:
        until: when credits return; None where waiting does not help in this run.
        is_backfill_floor: whether only backfill is at its end, and what is new may still be asked.
    """

    advice = "What was read is kept."

    def __init__(
        self,
        reason: str,
        *,
        until: datetime | None = None,
        advice: str | None = None,
        is_backfill_floor: bool = False,
    ) -> None:
        self.reason = reason
        self.until = until
        self.is_backfill_floor = is_backfill_floor
        when = "in this run" if until is None else "for now"
        super().__init__(f"No further request {when}: {reason}. {advice or self.advice}")

    def returning(self, until: datetime) -> Self:
        """The same, with the instant when credits return."""
        return type(self)(self.reason, until=until)


class HourSpentError(CreditsExhaustedError):
    """Imgur says that the hour of this address is used up; no harm is done."""


class DaySpentError(CreditsExhaustedError):
    """Imgur says that the application's day is used up: a strike, and five block it for the month.

    Attributes:
        is_told_in_words: whether its words say so, and no header that the ledger has read.
    """

    is_told_in_words = False
    advice = (
        "What was read is kept. Something else spends under this client id, "
        "or the limit has changed: look at python pipelines/sync.py --status"
    )


class PostRequestsSpentError(CreditsExhaustedError):
    """Imgur says that the hour's POST requests are used up; only token refreshes are some of ours."""


class GatewayLimitError(CreditsExhaustedError):
    """The commercial gateway refuses for now: its own limit, which Imgur knows nothing of."""

    advice = "What was read is kept. If it lasts, look at the limits of your plan at the gateway."


class UnknownLimitError(CreditsExhaustedError):
    """Imgur answered 429 and did not say which limit it is about."""


class OverCapacityError(CreditsExhaustedError):
    """Imgur says "over capacity": its hidden limit per address, not a lack of capacity.

    Recorded with status 403, 500 and 1203 while the credit headers elsewhere
    showed room (docs/imgur-api.md: hidden limit).
    """

    def __init__(
        self,
        reason: str = 'Imgur answered "over capacity", its hidden limit per address',
        *,
        until: datetime | None = None,
        advice: str | None = None,
        is_backfill_floor: bool = False,
    ) -> None:
        how_long = f"{until:%H:%M} UTC" if until else "ten minutes, often an hour, before the next run"
        super().__init__(
            f"{reason}; wait {'until' if until else 'at least'} {how_long}",
            until=until,
            advice=advice,
            is_backfill_floor=is_backfill_floor,
        )
        self.reason = reason


class StoppedError(ImgurError):
    """Somebody asked the run to stop (Ctrl-C, SIGTERM)."""

    def __init__(self, reason: str = "Stopped on request") -> None:
        super().__init__(f"{reason}. What was read is kept.")


class DeadlineError(StoppedError):
    """The run has come to its deadline; what was fetched is kept."""

    def __init__(self) -> None:
        super().__init__("The deadline has come")


class ReplayEndedError(ImgurError):
    """Only replies of the journal were wanted, and it holds none for this request."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        super().__init__(f"{endpoint}: the journal holds no further reply. The rest has to be asked for.")


class AllowanceSpentError(ImgurError):
    """What the plan grants one list in this run is spent; the rest of it is left to another run."""

    def __init__(self) -> None:
        self.reason = "what the plan grants it in this run is spent"
        super().__init__(f"No further request for this list: {self.reason}.")


class TransientError(ImgurError):
    """The request may work when it is sent again."""

    def __init__(self, endpoint: str, reason: str, *, attempts: int = 1) -> None:
        self.endpoint = endpoint
        self.reason = reason
        self.attempts = attempts
        super().__init__(
            f"{endpoint}: {reason} ({attempts} attempt{'s' if attempts > 1 else ''}). "
            "Usually passes by itself; the next run reads it again."
        )


class NotFoundError(ImgurError):
    """The thing asked for does not exist, or no longer."""

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint = endpoint
        self.reason = reason
        super().__init__(f"{endpoint}: not found ({reason}).")


class PrivateError(ImgurError):
    """The thing asked for exists, but is not shown to this login."""

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint = endpoint
        self.reason = reason
        super().__init__(f"{endpoint}: not shown to this login ({reason}).")


class RefusedError(ImgurError):
    """Imgur answered with an error that asking again does not cure."""

    def __init__(self, endpoint: str, status: int, reason: str) -> None:
        self.endpoint = endpoint
        self.status = status
        self.reason = reason
        super().__init__(f"{endpoint}: refused with status {status} ({reason}).")


class WireShapeError(ImgurError):
    """A reply has a shape that Imgur has never been seen to send."""

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint = endpoint
        self.reason = reason
        super().__init__(
            f"{endpoint}: a reply of an unknown shape ({reason}). "
            "Imgur may have changed: please report it with the endpoint's name."
        )
