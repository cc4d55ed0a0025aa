"""Personas at work: which chains use one, whether its examples hold, and a first card to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fcc._files import write_text
from fcc.errors import ConfigError, FccError
from fcc.wiring.catalog import Catalog
from fcc.workspace import show_path

if TYPE_CHECKING:
    from fcc.evaluations.constitution_examples import RuleResult

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_CARD = """\
# yaml-language-server: $schema=../.fcc/schemas/persona.json
#
# Who speaks. A model is shown what stands under `riscear`, the deliverables, the
# collaborators and the text of each rule. Be specific: a sentence that fits any
# persona changes nothing.
#
#   fcc-agents persona show {id}     the card, and how each rule is held
#   fcc-agents persona test {id}     tries the examples below
#   fcc-agents persona score {id}    whether the card helps a model
personas:
  - id: {quoted_id}
    name: {name}
    fcc_phase: Create                # Find, Create, Critique, or a phase of your own
    role_title: {name}
    category: own
    riscear:
      role: Says in a sentence or two what this persona does, and for whom.
      inputs:
        - What it works from, one line each
      style: How it writes, such as short sentences with the figure first.
      constraints:
        - What it always does or never does, in the way it works
      expected_output:
        - What an answer consists of, part by part
      archetype: The kind of expert it is, in a few words
      responsibilities:
        - What it answers for
    deliverables:
      - name: The main file
        description: What it holds, and who uses it
    doc_context:
      # Say of each rule how it is held: by code (`check`, `findings`), by a judge
      # (`judged`), or by neither (`words`, and why). Code is best.
      constitution:
        hard_stop:                   # a broken one halts the run, and nobody can waive it
          - rule: Never leave a placeholder where a value belongs
            id: no-placeholder
            check: {{forbids: '\\b(?:TODO|TBD|FIXME|XXX)\\b'}}
            examples:                # whole answers; files stand in fenced blocks
              pass:
                - |
                  The service listens on port 8080.

                  ```yaml path=service.yaml
                  port: 8080
                  ```
              fail:
                - |
                  The service listens on a port that is still open.

                  ```yaml path=service.yaml
                  port: TBD
                  ```
          # Findings of the validators and contracts hold a rule, too; see them
          # with: fcc-agents list rules
          # - rule: Never write a secret into a file; refer to it by its name
          #   id: no-secrets
          #   findings: [secret-*]
          #   examples: {{pass: [...], fail: [...]}}
        mandatory:                   # a broken one blocks, unless it is waived
          - rule: Every figure says what it was measured or taken from
            id: figures-with-source
            judged: Does every figure in the answer say where it comes from?
        preferred:                   # a broken one costs score
          - rule: Leave out what the reader knows already
            words: Nothing in an answer shows what its reader knows.
"""


def chains_using(catalog: Catalog, persona: str) -> dict[str, list[str]]:
    """The chains that are found here and whose own steps a persona speaks, with those steps; invalid ones are passed over."""
    found: dict[str, list[str]] = {}
    for name in catalog.workspace.files("agents"):
        try:
            chain = catalog.chain(name)[0]
        except FccError:
            continue
        steps = [step for step, spec in chain.steps.items() if spec.persona == persona]
        if steps:
            found[name] = steps
    return found


def try_examples(catalog: Catalog, ids: Sequence[str] = ()) -> dict[str, list[RuleResult]]:
    """By persona, every rule tried on its examples; without ids, of all that are found here.

    Raises:
        NotFoundError: there is no such persona.
    """
    from fcc.evaluations.constitution_examples import try_constitution
    from fcc.evaluations.files import workspace_checks

    personas = [catalog.personas.get(id_) for id_ in dict.fromkeys(ids)] or list(catalog.personas)
    checks = workspace_checks(catalog.workspace)
    return {persona.id: try_constitution(persona, checks) for persona in personas}


def new_persona(catalog: Catalog, id_: str, name: str = "") -> Path:
    """A first card in the workspace's `personas/`, with a rule of each kind; gives its file.

    Raises:
        ConfigError: there is no workspace, the id is none, or something has it already; nothing is written.
    """
    root = catalog.workspace.root
    if root is None:
        raise ConfigError("there is no workspace here to put a persona in", hint="Make one: fcc-agents init")
    if _ID.fullmatch(id_) is None:
        raise ConfigError(
            f"{id_!r} is no id", hint="Use letters, digits, `.`, `_` and `-`, at most 64; such as QAE."
        )
    if not name.isprintable():
        raise ConfigError(
            "a name is one line of text", hint="Write it without line breaks and control codes."
        )
    if id_ in catalog.personas:
        raise ConfigError(
            f"there is a persona {id_} already",
            hint=f"See it: fcc-agents persona show {id_}; or choose another id.",
        )
    path = root / "personas" / f"{id_.lower()}.yaml"
    if path.exists():
        raise ConfigError(
            f"{show_path(path)} is there already", hint="Choose another id, or move the file away."
        )
    quoted = json.dumps(name.strip() or id_, ensure_ascii=False)
    write_text(path, _CARD.format(id=id_, quoted_id=json.dumps(id_), name=quoted))
    return path
