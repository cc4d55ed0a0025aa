"""Every check tried on its examples: the workspace's own, and the rules that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from fcc.errors import ConfigError
from fcc.evaluations.checks import ExampleResult, OwnCheck, read_checks
from fcc.evaluations.files import workspace_checks
from fcc.wiring.catalog import Catalog


class SelfTest(NamedTuple):
    """What the examples of checks came to."""

    results: tuple[ExampleResult, ...]
    without: tuple[str, ...]
    """The checks that have no example, or only of one sort: nothing shows that they work."""


def try_checks(catalog: Catalog, path: Path | None = None) -> SelfTest:
    """The examples of the checks in a file; without one, of the whole workspace's, and of the built-in contracts.

    Raises:
        ConfigError: there is no such file.
        InvalidFileError: a file of checks is invalid.
    """
    if path is not None and not path.is_file():
        raise ConfigError(
            f"there is no file {path}", hint="Name a file of checks, or none for the workspace's."
        )
    own: tuple[OwnCheck, ...] = read_checks(path) if path is not None else workspace_checks(catalog.workspace)
    results = [result for check in own for result in check.self_test()]
    if path is None:
        from fcc.evaluations.contracts.examples import try_rules

        results += try_rules()
    untried = [
        check.name for check in own if not (check.check.examples.passing and check.check.examples.failing)
    ]
    return SelfTest(tuple(results), tuple(untried))
