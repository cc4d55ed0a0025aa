"""Tasks on which a persona's card is tried: the steps of chains that it speaks, and texts of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fcc import _yaml
from fcc.agents.flow import GatePolicy, GateRule
from fcc.errors import ConfigError, FccError
from fcc.providers.base import Message, ResponseFormat
from fcc.simulation import RunRecord, StepRecord
from fcc.simulation.preview import CHARACTERS_PER_TOKEN
from fcc.wiring.backends import DETERMINISTIC
from fcc.wiring.catalog import Catalog
from fcc.wiring.personas import chains_using
from fcc.workspace import show_path


class Task(NamedTuple):
    """One thing that a model is asked."""

    item: str
    """`chain/step`, or a file's name; tasks of one item, such as one for each environment, count as one."""
    messages: tuple[Message, ...]
    """What follows the system prompt."""
    form: ResponseFormat | None = None
    reply_tokens: int | None = None
    """About how many an answer may take; None where nothing is known."""

    @property
    def text(self) -> str:
        """What is asked for."""
        return self.messages[0].content


class Tasks(NamedTuple):
    """Every task, and what could not be made one."""

    tasks: tuple[Task, ...]
    notes: tuple[str, ...] = ()


def tasks_of(
    catalog: Catalog,
    persona: str,
    chain: str | None = None,
    step: str | None = None,
    files: Sequence[Path] = (),
) -> Tasks:
    """The tasks in these files; of a chain, the steps that the persona speaks; with neither, those of every chain.

    A step's task is the one that it has in a run of the stand-in, with the hand-offs of that run.

    Raises:
        ConfigError: there is none.
    """
    tasks = [task for path in files for task in _in_file(path)]
    notes: list[str] = []
    if chain is not None or step is not None or not files:
        found, notes = _of_chains(catalog, persona, chain, step)
        tasks += found
    if not tasks:
        where = f"the chain {chain!r}" if chain else "no chain that is known here"
        said = f"{where} asks nothing of {persona}" if chain else f"{where} asks anything of {persona}"
        raise ConfigError(
            "; ".join([said + (f" at a step {step!r}" if step else ""), *notes]),
            hint="Give tasks of your own: --task FILE.",
        )
    return Tasks(tuple(tasks), tuple(notes))


def _in_file(path: Path) -> Iterator[Task]:
    """The task that a file is; of a YAML file, each of the texts in its list."""
    shown = show_path(path)
    if path.suffix not in {".yaml", ".yml"}:
        texts: list[object] = [_yaml.read_text(path, shown)]
    else:
        data = _yaml.read(path, shown).data
        texts = data if isinstance(data, list) else [None]
    for number, text in enumerate(texts, start=1):
        if not (isinstance(text, str) and text.strip()):
            raise ConfigError(f"{shown} holds no task", hint="Write a text, or in YAML a list of texts.")
        name = shown if len(texts) == 1 else f"{shown}#{number}"
        yield Task(name, (Message("user", text),))


def _of_chains(
    catalog: Catalog, persona: str, chain: str | None, step: str | None
) -> tuple[list[Task], list[str]]:
    tasks: list[Task] = []
    notes: list[str] = []
    for name, spoken in _chains(catalog, persona, chain).items():
        steps = [one for one in spoken if step in (None, one)]
        if not steps:
            continue
        try:
            record = _by_the_stand_in(catalog, name)
        except FccError as error:
            if chain is not None:
                raise
            notes.append(f"{name}: {error.message.splitlines()[0]}")
            continue
        asked = [one for one in record.steps if (one.step or one.name) in steps and one.calls]
        tasks += [_of_step(name, one) for one in asked]
        missing = [one for one in steps if one not in {item.step or item.name for item in asked}]
        notes += [f"{name}/{one}: the stand-in's run does not come to it" for one in missing]
    return tasks, notes


def _chains(catalog: Catalog, persona: str, chain: str | None) -> dict[str, list[str]]:
    if chain is None:
        return chains_using(catalog, persona)
    made = catalog.chain(chain)[0]
    return {chain: [name for name, step in made.steps.items() if step.persona == persona]}


def _by_the_stand_in(catalog: Catalog, chain: str) -> RunRecord:
    from fcc.wiring.preparing import RunRequest, prepare

    everybody_agrees = GatePolicy(rules=(GateRule(allow="true"),))
    request = RunRequest(chain, model=DETERMINISTIC, approvals=everybody_agrees, workspace=catalog.workspace)
    return prepare(request).go_sync()


def _of_step(chain: str, step: StepRecord) -> Task:
    request = step.calls[0].request
    reply = step.calls[0].reply
    tokens = len(reply.text) // CHARACTERS_PER_TOKEN if reply is not None else None
    after_system = tuple(message for message in request.messages if message.role != "system")
    return Task(f"{chain}/{step.step or step.name}", after_system, request.response_format, tokens)
