"""The nightly job: rounds of reading, loading, checking and publishing, and what a person is told of them."""

from nightly.demo import demo_folder, demo_options, run_demo
from nightly.options import Options, RunResult
from nightly.run import print_plan, run_job
from nightly.status import print_status

__all__ = [
    "Options",
    "RunResult",
    "demo_folder",
    "demo_options",
    "print_plan",
    "print_status",
    "run_demo",
    "run_job",
]
