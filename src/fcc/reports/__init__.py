"""What people look at, made from records."""

from fcc.reports.diff import diff_report
from fcc.reports.gate import gate_report
from fcc.reports.plan import plan_report
from fcc.reports.text import run_report

__all__ = ["diff_report", "gate_report", "plan_report", "run_report"]
