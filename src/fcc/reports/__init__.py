"""What people look at, made from records. Other reports than a run's are imported from their own files."""

from fcc.reports.text import run_report

__all__ = ["run_report"]
