"""dlt's part of a run: where rows go, what a crash left, and one package of new ones.

Translates what dlt raises into what a person can act on, and keeps signals
from breaking a load in the middle.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from types import FrameType, TracebackType
from typing import Any, Self

import dlt
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.destination.client import StateInfo, WithStateSync
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationUndefinedEntity
from dlt.common.exceptions import DltException
from dlt.pipeline.exceptions import PipelineStepFailed
from warehouse import RAW_SCHEMA, Warehouse, WarehouseError

from imgur_source.api import Journal
from imgur_source.errors import ConfigurationError, ImgurError
from imgur_source.extract import RunState
from imgur_source.plain_text import plain
from imgur_source.source import StopFlag

logger = logging.getLogger(__name__)

PIPELINE_NAME = "imgur"
DUCKDB = "duckdb"


class StopOnSignal:
    """Ctrl-C and SIGTERM while a run is under way.

    The first one ends the reading cleanly, a second one at once. Once all is
    read, what remains takes seconds and is finished first.
    """

    def __init__(self, stop: StopFlag) -> None:
        self._stop = stop
        self._is_held = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {
            number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hold(self) -> None:
        """Let no signal interrupt what is left of the run."""
        self._is_held = True

    def release(self) -> None:
        """Let a signal end the run again: another round begins."""
        self._is_held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no signal interrupt what is inside."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._is_held:
            print("All is read; what remains is finished first.", file=sys.stderr)
        elif self._stop.is_up:
            raise KeyboardInterrupt
        else:
            print("Stopping after the request under way; what was read is loaded.", file=sys.stderr)
        self._stop.raise_()


@contextmanager
def destination_of(name: str, warehouse: Warehouse) -> Iterator[Any]:
    """The dlt destination *name*; for DuckDB it is the work file, held open for as long."""
    if name == DUCKDB:
        with warehouse.loading() as connection:
            yield dlt.destinations.duckdb(connection)
    else:
        yield name


def pipeline_of(name: str, destination: Any, warehouse: Warehouse) -> dlt.Pipeline:
    """The pipeline into the destination *name*, with a folder of its own: packages must not go astray.

    Raises:
        ConfigurationError: when dlt knows no such destination.
    """
    try:
        return dlt.pipeline(
            PIPELINE_NAME,
            destination=destination,
            dataset_name=RAW_SCHEMA,
            pipelines_dir=str(warehouse.pipelines_dir / name),
        )
    except DltException as error:
        raise ConfigurationError(
            f"--destination {name}: dlt cannot use it ({_first_line(error)})."
        ) from error


def load_pending(pipeline: dlt.Pipeline, run: RunState, signals: StopOnSignal, journal: Journal) -> None:
    """Load the package that a killed run left.

    Rows that the destination refuses are given up, to be fetched again: they
    would stop every later run. A package that does not fit is dropped, and
    the journal brings its rows back.

    Raises:
        WarehouseError: when they could not be loaded for another reason; they are kept.
    """
    if not pipeline.has_pending_data:
        return
    if _is_half_moved(pipeline) or _lacks_earlier_rows(pipeline):
        logger.warning("package of an interrupted run cannot be gone on with, its replies are replayed")
        pipeline.abort_packages()
        run.report.note(
            "A run before this one was interrupted; its rows are made anew of what it had paid for."
        )
        return
    try:
        with signals.held():
            _load(pipeline)
        run.report.note("A run before this one was interrupted; what it had fetched has been loaded first.")
    except PipelineStepFailed as error:
        if not _has_cause(error, DestinationTerminalException):
            raise WarehouseError(
                f"Rows of an interrupted run could not be loaded ({_last_line(error)}). "
                "They are kept, and nothing was asked of Imgur; run again when that is mended."
            ) from error
        logger.warning("rows of an interrupted run given up: %s", _last_line(error))
        pipeline.abort_packages()
        journal.forget_replies()  # from them the same rows would be made once more
        journal.forget_bodies()
        run.report.note("A run before this one left rows that could not be loaded; they are fetched again.")


def _is_half_moved(pipeline: dlt.Pipeline) -> bool:
    """Whether a run was killed as its package was normalized, and not yet gone from where it was extracted.

    dlt would normalize it again, and fail in every later run because the result is there.
    """
    extracted, normalized = pipeline.list_extracted_load_packages(), pipeline.list_normalized_load_packages()
    return not set(extracted).isdisjoint(normalized)


def _lacks_earlier_rows(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is another, or an older one, than the pending package was made for.

    The package brings its state along: its coverage would claim the rows of all runs before it.
    Each package has the version after the one that it went on from.
    """
    try:
        with pipeline.destination_client() as client:
            if not isinstance(client, WithStateSync):
                return False
        stored = _stored_state(pipeline)
    except DltException:
        return False  # loading it will say what is wrong with the destination
    return (stored.version if stored else 0) < pipeline.state["_state_version"] - 1


def agree_on_state(pipeline: dlt.Pipeline, run: RunState, journal: Journal) -> None:
    """Take over what the destination knows of earlier runs, so that coverage never claims rows it lacks.

    An older work file that was put back under the same pipelines folder knows
    less than the folder does: the folder's state is dropped then.

    Raises:
        WarehouseError: when the destination cannot be reached.
    """
    try:
        pipeline.sync_destination()
        stored = _stored_state(pipeline)
    except ConfigurationException as error:
        raise ConfigurationError(f"The destination is not configured ({_first_line(error)}).") from error
    except PipelineStepFailed as error:
        raise _translated(error) from error
    ours = pipeline.state["_state_version"]
    if stored is not None and stored.version < ours:
        logger.warning("state that the destination lacks was dropped ours=%d stored=%d", ours, stored.version)
        run.report.note("The work file is older than the last run; what it lacks is read again.")
        journal.forget_bodies()  # what they stood for may be among what is lacking
        pipeline.drop()
        pipeline.sync_destination()


def state_of(pipeline: dlt.Pipeline) -> dict[str, Any]:
    """What the source has left in dlt's state, that of the destination where there is none here.

    Raises:
        WarehouseError: when the destination cannot be reached.
    """
    try:
        if not pipeline.state.get("sources"):
            pipeline.sync_destination()
    except PipelineStepFailed as error:
        raise _translated(error) from error
    found: dict[str, Any] = pipeline.state.get("sources", {}).get(PIPELINE_NAME, {})
    return deepcopy(found)


def _stored_state(pipeline: dlt.Pipeline) -> StateInfo | None:
    """The state that the destination keeps; None where nothing was ever loaded into it."""
    with pipeline.destination_client() as client:
        try:
            return client.get_stored_state(PIPELINE_NAME) if isinstance(client, WithStateSync) else None
        except DestinationUndefinedEntity:
            return None


def read_and_load(pipeline: dlt.Pipeline, source: Any, signals: StopOnSignal, journal: Journal) -> None:
    """Fetch and load one package; what Imgur refused stands in the run afterwards.

    Raises:
        SetupError: when there was nothing to begin with; no request was made then.
        WarehouseError: when the rows could not be read or loaded.
    """
    try:
        pipeline.extract(source, loader_file_format="parquet")
        signals.hold()
        _load(pipeline)
    except ConfigurationException as error:
        raise ConfigurationError(f"The destination is not configured ({_first_line(error)}).") from error
    except PipelineStepFailed as error:
        translated = _translated(error)
        if isinstance(translated, WarehouseError) and error.step == "extract":
            journal.forget_replies()  # what could not be read would break the next run in the same way
            journal.forget_bodies()
        raise translated from error


def _load(pipeline: dlt.Pipeline) -> None:
    """Normalize and load what is pending, in a thread of its own.

    There dlt does not install signal handlers of its own, which would end a
    load in the middle. Not ``run()``: that compares with the destination
    first, and an empty one wipes the package.
    """

    def work() -> None:
        pipeline.activate()
        pipeline.normalize()
        pipeline.load(raise_on_failed_jobs=True)

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(work).result()


def _translated(error: PipelineStepFailed) -> BaseException:
    """What *error* means to a person, told by its cause and its step."""
    for cause in _causes(error):
        if isinstance(cause, ImgurError | KeyboardInterrupt):
            return cause
        if isinstance(cause, ConfigurationException):
            return ConfigurationError(f"The destination is not configured ({_first_line(cause)}).")
    why = _last_line(error)
    if error.step == "sync":
        return WarehouseError(f"The destination cannot be reached ({why}). Nothing was asked of Imgur.")
    if error.step == "extract":
        logger.error("unexpected error while reading", exc_info=error)
        return WarehouseError(f"The reading broke off ({why}); nothing was loaded. Please report it.")
    return WarehouseError(
        f"The rows could not be loaded ({why}). "
        "They are kept; the next run tries again, and gives them up if the destination refuses them."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in _causes(error))


def _first_line(error: BaseException) -> str:
    lines = (plain(line) for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)


def _last_line(error: BaseException) -> str:
    """What went wrong in the end, without dlt's advice around it."""
    return _first_line(list(_causes(error))[-1])
