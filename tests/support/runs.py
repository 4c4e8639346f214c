"""States of runs, made of the few fields that a test is about."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from imgur_source.clock import SystemClock
from imgur_source.credits import CreditMeter
from imgur_source.extract import RunReport, RunState

TOLD = {field.name for field in fields(RunReport)}


def a_run(**values: Any) -> RunState:
    """A run with *values* in its state or its report, whichever has them, and a meter that counted nothing."""
    report = RunReport(**{name: value for name, value in values.items() if name in TOLD})
    steering = {name: value for name, value in values.items() if name not in TOLD}
    return RunState(CreditMeter(clock=SystemClock()), report, **steering)
