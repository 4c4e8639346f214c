"""A notebook over the published file becomes one HTML page that needs no network."""

from reporting.notebook import (
    DATABASE,
    ReportError,
    ReportSetupError,
    default_data_dir,
    report_after_run,
    write_report,
)

__all__ = [
    "DATABASE",
    "ReportError",
    "ReportSetupError",
    "default_data_dir",
    "report_after_run",
    "write_report",
]
