"""The summary of a run, one screen."""

from __future__ import annotations

from collections.abc import Iterator

from nightly.options import Options, RunResult
from nightly.plan_text import came_to

SHOWN = 8  # lines of one kind; a screen has few
IN_RUNS = "in imgur_raw.sync_runs"
IN_RESULTS = "in main.audit_results"


def print_summary(result: RunResult, options: Options, *, seconds: float) -> None:
    """Print what the run did, spent and left pending, and which file to open."""
    if not options.quiet:
        print("\n".join(summary_lines(result, options, seconds=seconds)))


def summary_lines(result: RunResult, options: Options, *, seconds: float) -> Iterator[str]:
    """The lines of the summary, from the most wanted fact to the least."""
    run = result.run
    yield f"Run {result.run_id}: {result.outcome} after {seconds:.0f} s"
    if result.reason:
        yield f"  {result.reason}"
    yield "Rows fetched"
    loaded = [
        (table, count) for table, count in sorted(run.report.rows.items()) if count and table != "list_sweeps"
    ]
    for table, count in loaded:
        yield f"  {table:<18}{count:>9,}"
    if not loaded:
        yield "  none"
    credits = run.meter.credits
    planned = f" of {run.plan.expected:,} planned" if run.plan and run.plan.is_known else ""
    yield f"Credits: {credits.spent:,} spent{planned}{_left(result)}"
    if replays := run.meter.replays.total():
        yield f"  {replays:,} replies that an earlier run had paid for were used again at no credit"
    yield from (f"  {line}" for line in came_to(run))
    if run.rounds > 1:
        yield f"  in {run.rounds} rounds, waiting between them for the hour's credits"
    yield from _listed("Still pending", run.pending, rest=IN_RUNS)
    failures = list(dict.fromkeys(map(str, run.failures)))
    yield from _listed("Could not be read", failures, rest="with -v each is logged")
    yield from _listed("Worth knowing", [*run.report.retirements, *run.report.notes], rest=IN_RUNS)
    yield from _listed("The audits warn", list(result.warnings), rest=IN_RESULTS)
    yield from _publication_lines(result, options)


def _left(result: RunResult) -> str:
    credits = result.run.meter.credits
    windows = (("this hour", credits.user), ("today", credits.client))
    known = [f"{window.remaining:,} of {window.limit:,} left {name}" for name, window in windows if window]
    return ", " + ", ".join(known) if known else ""


def _publication_lines(result: RunResult, options: Options) -> Iterator[str]:
    published = result.publication
    if published is not None:
        yield f"Published {published.path} ({published.size_bytes / 1e6:.1f} MB): open it at any time"
    elif result.problems:
        title = "Not published, the published file stays as it was"
        yield from _listed(title, list(result.problems), rest=f"{IN_RESULTS} of the file with the trouble")
        yield f"  The file with the trouble is {options.warehouse.work_file}"
    elif options.destination != "duckdb":
        yield f"Loaded into {options.destination}: raw tables only, marts and publication are DuckDB's"
    elif not options.publish:
        yield "Not published (--no-publish)"
    else:
        yield "Not published: there is nothing in it yet"


def _listed(title: str, lines: list[str], *, rest: str) -> Iterator[str]:
    """The first of *lines* below their title; *rest* says where the others stand."""
    if lines:
        yield title
        yield from (f"  {line}" for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"  and {len(lines) - SHOWN} more ({rest})"
