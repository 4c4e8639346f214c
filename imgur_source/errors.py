"""Every error of the package, sorted by what happens next.

    ImgurError
    ├── SetupError              a person acts, the run ends (exit 2)
    │   ├── ConfigurationError      a setting is wrong or missing
    │   ├── LoginExpiredError       the tokens are dead: log in again
    │   ├── ApplicationRefusedError the client id is unknown, revoked or missing
    │   └── BlockedRegionError      this address or country may not ask
    ├── CreditsExhaustedError   the night ends early and cleanly (exit 0)
    │   └── OverCapacityError       the hidden limit per address
    ├── StoppedError            somebody asked the run to stop (exit 0)
    ├── ReplayEndedError        what an earlier run paid for is through, the rest is asked for
    ├── TransientError          the client tries again
    ├── NotFoundError           the row, or the list, is gone
    ├── PrivateError            the row, or the list, is not for us
    ├── RefusedError            Imgur answered no, and asking again won't help
    └── WireShapeError          the reply is not what Imgur has ever sent

An error keeps its facts as attributes, and its last sentence says what to do.
None of them ever holds a key or a token.
"""

from __future__ import annotations


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
    """Imgur does not accept the client id (or the RapidAPI key)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Imgur refused the application ({reason}). Check client_id in .dlt/secrets.toml "
            "under [sources.imgur.credentials]; an id that was bundled with a public tool may be revoked."
        )


class BlockedRegionError(SetupError):
    """The content network refuses this address or country, whatever is asked."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Imgur refuses requests from this network ({reason}). "
            "It is about the address or country, not about the request: run from another network."
        )


class CreditsExhaustedError(ImgurError):
    """No further request may be sent in this run; what was fetched is kept."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"No further request in this run: {reason}. What was read is kept.")


class OverCapacityError(CreditsExhaustedError):
    """Imgur says "over capacity": its hidden limit per address, not a lack of capacity.

    Recorded with status 403, 500 and 1203 while the credit headers elsewhere
    showed room (docs/imgur-api.md: hidden limit).
    """

    def __init__(self, reason: str = 'Imgur answered "over capacity", its hidden limit per address') -> None:
        super().__init__(f"{reason}; wait at least ten minutes, often an hour, before the next run")


class StoppedError(ImgurError):
    """Somebody asked the run to stop (Ctrl-C, SIGTERM)."""

    def __init__(self) -> None:
        super().__init__("Stopped on request. What was read is kept.")


class ReplayEndedError(ImgurError):
    """Only replies of the journal were wanted, and it holds none for this request."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        super().__init__(f"{endpoint}: the journal holds no further reply. The rest has to be asked for.")


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
