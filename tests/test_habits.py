"""The house's habits, held by machine where a linter does not."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

import fcc

PACKAGE = Path(fcc.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.relative_to(PACKAGE).parts)
PURE = [
    "agents/_flow_checks.py",
    "agents/expression.py",
    "agents/handoff.py",
    "agents/including.py",
    "agents/order.py",
    "agents/plan.py",
    "agents/units.py",
    "collaboration/gates.py",
    "evaluations/_answer.py",
    "evaluations/_cuts.py",
    "evaluations/_judge_prompt.py",
    "evaluations/_matching.py",
    "evaluations/_request.py",
    "evaluations/_words.py",
    "evaluations/constitutions.py",
    "evaluations/environments.py",
    "evaluations/handoffs.py",
    "evaluations/mutation.py",
    "evaluations/persona_score.py",
    "evaluations/rehearsal/cluster/cluster.py",
    "evaluations/rehearsal/promql/promql.py",
    "evaluations/rehearsal/shell/script.py",
    "evaluations/requirements.py",
    "evaluations/text.py",
    "evaluations/tracing.py",
    "providers/cassettes/miss.py",
    "providers/cassettes/secrets.py",
    "providers/deterministic/_defect.py",
    "providers/deterministic/sample.py",
    "providers/keys.py",
    "providers/schema.py",
    "reports/_content.py",
    "reports/calibration.py",
    "reports/diff.py",
    "reports/evaluation.py",
    "reports/evaluation_markdown.py",
    "reports/gate.py",
    "reports/github.py",
    "reports/junit.py",
    "reports/mutation.py",
    "reports/persona.py",
    "reports/persona_examples.py",
    "reports/persona_score.py",
    "reports/plan.py",
    "reports/sarif.py",
    "reports/text.py",
    "reports/tracing.py",
    "simulation/artifacts.py",
    "simulation/budget.py",
    "simulation/causes.py",
    "simulation/delivery.py",
    "simulation/diff.py",
    "simulation/facts.py",
    "simulation/judging.py",
    "simulation/kinds.py",
    "simulation/material.py",
    "simulation/preview.py",
    "simulation/prompting.py",
    "simulation/reassess.py",
    "simulation/recorded.py",
    "simulation/resolved.py",
    "simulation/seal.py",
    "simulation/structured.py",
    "simulation/tiers.py",
    "simulation/verdict.py",
    "simulation/verify.py",
    "simulation/world.py",
]
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_root_names_are_few_sorted_and_there() -> None:
    """At most twenty, in order, each of which can be imported."""
    assert len(fcc.__all__) <= 20
    assert fcc.__all__ == sorted(fcc.__all__)
    for name in fcc.__all__:
        assert getattr(fcc, name) is not None
    with pytest.raises(AttributeError):
        _ = fcc.nothing_of_that_name


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=lambda p: p.parent.name)
def test_init_files_re_export_and_define_nothing(path: Path) -> None:
    """No class or function is made in an `__init__.py`, but for the lazy door of the root; `__all__` is kept."""
    made = {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert made <= ({"__getattr__", "__dir__"} if path.parent == PACKAGE else set())
    package = ".".join(["fcc", *path.parent.relative_to(PACKAGE).parts])
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", []):
        assert hasattr(module, name)
    assert sorted(getattr(module, "__all__", [])) == getattr(module, "__all__", [])


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_fit_in_a_head(path: Path) -> None:
    """At most 400 lines a file and 60 a function."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("name", PURE)
def test_the_core_is_pure(name: str) -> None:
    """Planning, hand-off, keys, verdicts and texts take data and give data: no await, clock, file or network."""
    module = tree(PACKAGE / name)
    assert not [node for node in ast.walk(module) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {(node.module or "").split(".")[0] for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    assert (
        imported & {"time", "random", "os", "socket", "asyncio", "datetime", "uuid", "secrets", "pathlib"}
        == set()
    )


def test_every_broad_except_says_why() -> None:
    """`except Exception` stands nowhere without a reason on its line."""
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = "BaseException" if node.type is None else getattr(node.type, "id", "")
                if caught in {"Exception", "BaseException"}:
                    assert "  # " in lines[node.lineno - 1], f"{path}:{node.lineno}"


def test_no_python_in_the_workspace_folders(repository: Path) -> None:
    """The five root folders hold content only."""
    for kind in ("agents", "personas", "prompts", "providers", "evaluations"):
        assert not list((repository / kind).rglob("*.py"))
        assert [path for path in (repository / kind).iterdir() if path.suffix in {".yaml", ".j2"}]


def test_no_registry_host_in_pinned_versions(repository: Path) -> None:
    """Development versions are pinned by number alone."""
    text = (repository / "constraints.txt").read_text() + (repository / "pyproject.toml").read_text()
    assert "://" not in text.replace("https://json-schema.org", "")
    assert "--hash" not in text
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert "litellm>=1.84,<2" in project["dependencies"]
    assert "vcrpy>=8.2.1" in project["dependencies"]
