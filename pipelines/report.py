"""The engagement report: python pipelines/report.py

Executes notebooks/engagement_report.ipynb over the published file, and writes
what it shows as one HTML file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reporting import DATABASE, ReportError, ReportSetupError, default_data_dir, write_report

LONGEST_PERIOD = 36_500  # days
EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


def parser() -> argparse.ArgumentParser:
    """The command line, with its help."""
    parser = argparse.ArgumentParser(
        prog="report.py",
        description="Make an engagement report of the published file: one HTML file that needs no internet.",
        epilog="Exit codes: 0 done; 1 the report could not be made; "
        "2 wrong usage, or nothing is published: something else has to be said or done first.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--out",
        metavar="FILE",
        type=Path,
        help="the file to write (default: report.html beside the published file)",
    )
    add(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="where the published file lies (default: data/ in the project's folder, or data/demo/ where "
        "only the demo was run)",
    )
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--account",
        metavar="NAME",
        help="report on this followed account (default: the first of the settings)",
    )
    whose.add_argument("--all-accounts", action="store_true", help="report on all followed accounts together")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--days", metavar="N", type=_number_of_days, help="length of the period (default: 30)"
    )
    length.add_argument(
        "--start", metavar="DATE", help="first day of the period (UTC), such as 2026-11-01, instead of --days"
    )
    add(
        "--end",
        metavar="DATE",
        help="last day of the period (UTC), at most the day of the data "
        "(default: the last one that was over when the data was read)",
    )
    add(
        "--timezone",
        metavar="NAME",
        help="show times, hours and weekdays in this zone, such as Europe/Berlin "
        "(default: the setting report_timezone)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    arguments = parser().parse_args(argv)
    data_dir = (arguments.data_dir or default_data_dir()).expanduser().resolve()
    try:
        print(f"Reading {data_dir / DATABASE}")
        print(write_report(data_dir, out=arguments.out, parameters=_parameters(arguments)))
    except ReportSetupError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except ReportError as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        print(f"{error.filename} cannot be used: {error.strerror or error}.", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        print("Interrupted. There is no new report.", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_DONE


def _parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the command line says, under the names of the notebook's first cell."""
    said = {
        "ACCOUNT": arguments.account,
        "DAYS": arguments.days,
        "START": arguments.start,
        "END": arguments.end,
        "TIMEZONE": arguments.timezone,
    }
    chosen = {name: value for name, value in said.items() if value is not None}
    return chosen | ({"ACCOUNT": None} if arguments.all_accounts else {})


def _number_of_days(text: str) -> int:
    try:
        days = int(text)
    except ValueError:
        days = 0
    if not 1 <= days <= LONGEST_PERIOD:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of days: it must be from 1 to {LONGEST_PERIOD}"
        )
    return days


if __name__ == "__main__":
    sys.exit(main())
