"""The pytest plugin: `fcc_run`, `fcc_cassette`, the marker `fcc_cassette`, and `--fcc-record`.

It is loaded in every pytest run of an environment that has the package, so it imports nothing but pytest before a test
asks for it.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fcc.providers.cassettes import Deck
    from fcc.simulation import RunRecord

_MARKER = "fcc_cassette"

_MODES = ("none", "once", "drifted", "all")

_FAILED = pytest.StashKey[bool]()

_MARKER_HELP = (
    "fcc_cassette(path=None, record=None, door='metadata', allow_unused=False, allow_shapes=False, allow_hosts=()): answer the models of "
    "this test from a cassette, cassettes/<module>/<test>.yaml beside it, and block the network."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fcc-record` and `--fcc-force`."""
    group = parser.getgroup("fcc", "fcc-agents: recorded replies")
    group.addoption(
        "--fcc-record",
        choices=_MODES,
        default="none",
        help="What is recorded: none (the default), once (where there is no cassette yet), drifted (what a cassette does"
        " not hold any more), all.",
    )
    group.addoption("--fcc-force", action="store_true", help="Record although CI is set in the environment.")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse to record in CI."""
    config.addinivalue_line("markers", _MARKER_HELP)
    if config.getoption("--fcc-record") == "none" or config.getoption("--fcc-force"):
        return
    from fcc.wiring.cassettes import in_ci

    if in_ci():
        raise pytest.UsageError(
            "--fcc-record: nothing is recorded where CI is set in the environment; where this is meant, add --fcc-force"
        )


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test with the marker has the fixture, whether it names it or not."""
    names = getattr(item, "fixturenames", None)
    if item.get_closest_marker(_MARKER) is not None and names is not None and _MARKER not in names:
        names.insert(0, _MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a miss as its message, without the way through the library; note for the fixture whether a test passed."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = not report.passed
    error = call.excinfo.value if call.excinfo is not None else None
    if report.failed and type(error).__name__ == "CassetteMissError":
        report.longrepr = str(error)
    return report


@pytest.fixture
def fcc_cassette(request: pytest.FixtureRequest) -> Iterator[Deck]:
    """The cassette of this test, in use: every run in the test is answered from it, or recorded to it."""
    options, node = _options(request), request.node
    path = _path(node, options["path"])
    deck = _deck(path, _mode(request, options, path), options, node.nodeid)
    with _in_use(deck, options["allow_hosts"]):
        yield deck
    failed = node.stash.get(_FAILED, True)
    if deck.records:
        _save(deck, failed=failed)
    elif not failed:
        _check_played(deck, allow_unused=options["allow_unused"])


@pytest.fixture
def fcc_run(request: pytest.FixtureRequest) -> Iterator[Callable[..., RunRecord]]:
    """`fcc.run`, with the test's cassette where it has one, and without a network where nothing is recorded."""
    import fcc

    if _MARKER in request.fixturenames or request.node.get_closest_marker(_MARKER) is not None:
        request.getfixturevalue(_MARKER)
        yield fcc.run
        return
    from fcc.testing.network import block_network

    with block_network():
        yield fcc.run


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    known: dict[str, Any] = {
        "path": None, "record": None, "door": "metadata", "allow_unused": False, "allow_shapes": False,
        "allow_hosts": (),
    }  # fmt: skip
    marker = request.node.get_closest_marker(_MARKER)
    if marker is None:
        return known
    given = {**dict(zip(known, marker.args, strict=False)), **marker.kwargs}
    unknown = sorted(set(given) - set(known))
    if unknown or len(marker.args) > 1:
        pytest.fail(
            f"@pytest.mark.fcc_cassette takes a path and {', '.join(list(known)[1:])}; "
            f"not {', '.join(unknown) or 'several paths'}",
            pytrace=False,
        )
    return known | given


def _mode(request: pytest.FixtureRequest, options: dict[str, Any], path: Path) -> str:
    """What is recorded; refused in CI where only the marker asks for it, as the option is before any test."""
    from fcc.wiring.cassettes import in_ci

    mode = str(options["record"])
    for name, known in (("record", (None, *_MODES)), ("door", ("metadata", "wire"))):
        if options[name] not in known:
            pytest.fail(
                f"@pytest.mark.fcc_cassette({name}={options[name]!r}): {name} is one of {', '.join(map(str, known))}",
                pytrace=False,
            )
    if options["record"] is None:
        return str(request.config.getoption("--fcc-record"))
    records = mode in {"drifted", "all"} or (mode == "once" and not path.is_file())
    if records and in_ci() and not request.config.getoption("--fcc-force"):
        pytest.fail(
            f"@pytest.mark.fcc_cassette(record={mode!r}): nothing is recorded where CI is set in the environment; where "
            "this is meant, add --fcc-force",
            pytrace=False,
        )
    return mode


def _path(node: Any, given: str | Path | None) -> Path:
    """The cassette of a test: the one that its marker names, relative to the test's folder, or one by its own name.

    A name that had to be changed for a file ends in a part of its hash: no two tests of a module share a cassette.
    """
    if given is not None:
        return Path(node.path).parent / given
    name = ".".join(name for name in (getattr(node.cls, "__qualname__", ""), node.name) if name)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    if plain != name:
        plain = f"{plain[:100]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return Path(node.path).parent / "cassettes" / Path(node.path).stem / f"{plain}.yaml"


def _deck(path: Path, mode: Any, options: dict[str, Any], test: str) -> Deck:
    from fcc.errors import FccError
    from fcc.providers.cassettes import Deck

    again = f"pytest --fcc-record={'drifted' if path.is_file() else 'once'} {shlex.quote(test)}"
    failure = ""
    try:
        shapes = bool(options["allow_shapes"])
        return Deck(path, mode, door=options["door"], again=again, empty_ok=True, allow_shapes=shapes)
    except FccError as error:
        failure = str(error)
    pytest.fail(failure, pytrace=False)


def _save(deck: Deck, *, failed: bool) -> None:
    """Write what was recorded; a test that failed may not have asked for everything, and replaces no whole cassette."""
    from fcc.errors import FccError
    from fcc.providers.cassettes.saving import save_now

    failure = (
        ""
        if deck.whole
        else "the recording is not complete: a model did not answer everything that it was asked"
    )
    try:
        beside = failed and deck.mode == "all" and deck.path.is_file()
        save_now(deck, complete=deck.whole and not beside, keep_unused=failed)
    except FccError as error:
        failure = str(error)
    if failure:
        pytest.fail(failure, pytrace=False)


def _check_played(deck: Deck, *, allow_unused: bool) -> None:
    from fcc.workspace import show_path

    shown = show_path(deck.path)
    if deck.misses:
        pytest.fail(f"the test went on after a miss:\n{deck.misses[0]}", pytrace=False)
    if deck.unused and not allow_unused:
        calls = "\n".join(f"  {call.id}, answered by {call.backend}" for call in deck.unused)
        pytest.fail(
            f"{shown} holds replies that this test did not ask for:\n{calls}\n"
            f"Drop them: {deck.again}\nOr allow them: @pytest.mark.fcc_cassette(allow_unused=True)",
            pytrace=False,
        )


def _in_use(deck: Deck, allow_hosts: Any) -> Any:
    from contextlib import ExitStack

    from fcc.providers.cassettes import use_deck
    from fcc.testing.network import block_network

    stack = ExitStack()
    if not deck.records:
        stack.enter_context(block_network(allow_hosts))
    stack.enter_context(use_deck(deck))
    return stack
