"""The nightly job: python pipelines/sync.py

Reads the command line, runs once and prints what it did. Without
arguments it does what .dlt/config.toml says, from any working directory.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
os.environ.setdefault(
    "DLT_PROJECT_DIR", str(PROJECT_DIR)
)  # dlt looks for .dlt/ in the working directory otherwise
os.environ.setdefault(
    "RUNTIME__DLTHUB_TELEMETRY", "false"
)  # the same when the package is used without our config

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_LOCKED = 4
INTERRUPTED = "Interrupted. What was read and not loaded is used by the next run."

try:  # these take a second, in which somebody may press Ctrl-C
    from imgur_source.clock import SystemClock
    from imgur_source.errors import ConfigurationError, ImgurError, SetupError
    from imgur_source.extract import RUN_TABLES, resource_tables
except KeyboardInterrupt:
    print(INTERRUPTED, file=sys.stderr)
    sys.exit(EXIT_FAILED)

GOES_WITH_DEMO = {"demo", "plan", "status", "data_dir", "report", "verbose"}


def parser() -> argparse.ArgumentParser:
    """The command line, with its help."""
    choices = sorted(resource_tables().keys() - RUN_TABLES.keys())
    parser = argparse.ArgumentParser(
        prog="sync.py",
        description="Copy Imgur accounts and gallery feeds into a DuckDB file. "
        "Without arguments it does what .dlt/config.toml says.",
        epilog="Exit codes: 0 done, also when credits or a person ended the run early; "
        "1 something could not be read, loaded or published; "
        "2 wrong usage or set-up, among it a dead login; 4 another run is at work.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--demo",
        action="store_true",
        help="run fourteen days of the job against a simulated Imgur: no account, no internet, "
        "files of its own under <data-dir>/demo; with --plan or --status, say that of the last demo",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--plan", action="store_true", help="say what a run would read and cost; sends no request"
    )
    instead.add_argument(
        "--status",
        action="store_true",
        help="say what is there, what the last runs did and how the credits stand; sends no request",
    )
    add(
        "--only",
        metavar="RESOURCE",
        action="append",
        choices=choices,
        help="read this resource only, parents are taken from what is stored; may be repeated: "
        + ", ".join(choices),
    )
    add(
        "--account",
        metavar="NAME",
        action="append",
        help="read this account instead of the configured ones; may be repeated",
    )
    add("--max-credits", metavar="N", type=_number_of_credits, help="spend at most N credits")
    add(
        "--deadline",
        metavar="TIME",
        help="be done by then: a time of day like 06:00, or a duration like 90m or 2h (default: 8h)",
    )
    add(
        "--since",
        metavar="DATE",
        help="read no further back than to this day (UTC), such as 2024-01-31, instead of start_date",
    )
    add(
        "--until",
        metavar="DATE",
        help="read nothing newer than this day (UTC); what is newer is left to the next run without it",
    )
    add(
        "--full-refresh",
        action="store_true",
        help="forget what is stored of the lists that --only and --account name (all without them) "
        "and read them anew; no history is dropped",
    )
    add(
        "--accept-vanished",
        action="store_true",
        help="publish although many items of a list, or rows of a table, have vanished at once",
    )
    add(
        "--accept-strike-risk",
        action="store_true",
        help="go on in a month in which the application's day was used up three times; "
        "the fifth time blocks it for the rest of the month",
    )
    add("--no-publish", action="store_true", help="load, but leave the published file as it is")
    add(
        "--report",
        action="store_true",
        help="make the engagement report of the published file afterwards: report.html beside it",
    )
    add("--base-url", metavar="URL", help="another server than Imgur's: https, or http on loopback")
    add(
        "--data-dir",
        metavar="DIR",
        type=Path,
        default=PROJECT_DIR / "data",
        help="where everything of this warehouse lies (default: data/ in the project's folder)",
    )
    add(
        "--state-dir",
        metavar="DIR",
        type=Path,
        help="where the login and the credits of the application lie (default: the user's state directory)",
    )
    add(
        "--destination",
        metavar="NAME",
        default="duckdb",
        help="a dlt destination; any other than duckdb gets the raw tables only",
    )
    add("-v", "--verbose", action="count", default=0, help="log the run's story; twice: each request")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(
        level={0: logging.WARNING, 1: logging.INFO}.get(arguments.verbose, logging.DEBUG),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    for chatty in ("httpx", "httpcore", "dlt", "sqlglot", "filelock"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return EXIT_FAILED


def _run(arguments: argparse.Namespace) -> int:
    """What the arguments ask for; returns the exit code."""
    from nightly import Options, demo_folder, demo_options, print_plan, print_status, run_demo, run_job
    from reporting import report_after_run
    from warehouse import RunLockedError, WarehouseError

    data_dir = arguments.data_dir.expanduser().resolve()
    options = Options(
        data_dir=data_dir,
        state_dir=arguments.state_dir,
        only=tuple(arguments.only or ()),
        accounts=tuple(arguments.account) if arguments.account else None,
        max_credits=arguments.max_credits,
        base_url=arguments.base_url,
        destination=arguments.destination,
        since=arguments.since,
        until=arguments.until,
        full_refresh=arguments.full_refresh,
        accept_vanished=arguments.accept_vanished,
        deadline=arguments.deadline,
        accept_strike_risk=arguments.accept_strike_risk,
        publish=not arguments.no_publish,
    )
    try:
        if arguments.demo:
            _refuse_beside_demo(arguments)
        if arguments.demo and (arguments.plan or arguments.status):
            options = demo_options(data_dir)
        if arguments.plan:
            return print_plan(options, clock=SystemClock())
        if arguments.status:
            return print_status(options)
        exit_code = run_demo(data_dir) if arguments.demo else run_job(options, clock=SystemClock()).exit_code
        if arguments.report:
            print(report_after_run(demo_folder(data_dir) if arguments.demo else data_dir))
        return exit_code
    except RunLockedError as locked:
        print(locked, file=sys.stderr)
        return EXIT_LOCKED
    except SetupError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except (ImgurError, WarehouseError) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        what = error.filename or arguments.data_dir
        print(f"{what} cannot be used: {error.strerror or error}.", file=sys.stderr)
        return EXIT_USAGE


def _refuse_beside_demo(arguments: argparse.Namespace) -> None:
    """The demo has settings of its own.

    Raises:
        ConfigurationError: something was said that it would not heed.
    """
    defaults = vars(parser().parse_args([]))
    ignored = [
        f"--{name.replace('_', '-')}"
        for name, value in vars(arguments).items()
        if value != defaults[name] and name not in GOES_WITH_DEMO
    ]
    if ignored:
        raise ConfigurationError(f"--demo has settings of its own and heeds no {', '.join(ignored)}.")


def _number_of_credits(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of credits: it must be 0 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
