"""Everything that is found in a workspace and among the built-ins, by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcc import _yaml
from fcc.agents import Chain, Plan, Policy, make_plan, read_policy
from fcc.agents.plan import check_name
from fcc.errors import NotFoundError
from fcc.personas import PersonaRegistry
from fcc.prompts import PromptLibrary
from fcc.simulation import Backend
from fcc.workspace import Workspace, not_found, show_path

if TYPE_CHECKING:
    from fcc.providers.profile import Profile


@dataclass(frozen=True)
class Catalog:
    """Everything that is found in a workspace and among the built-ins, read when it is first asked for."""

    workspace: Workspace

    @cached_property
    def personas(self) -> PersonaRegistry:
        """The built-in personas, overlaid by the workspace's."""
        return PersonaRegistry.from_workspace(self.workspace)

    @cached_property
    def prompts(self) -> PromptLibrary:
        """The built-in prompts, overlaid by the workspace's."""
        return PromptLibrary(self.workspace)

    def policy(self, name: str) -> Policy:
        """The policy of that name: of readiness, or of a gate."""
        return read_policy(self.workspace.get("evaluations", name).path)

    def profile(self, name: str) -> Profile | None:
        """The profile of that name; None where there is none."""
        file = self.workspace.files("providers").get(name)
        if file is None:
            return None
        from fcc.providers.profile import Profile

        return Profile.from_file(file.path)

    def backend(self, model: str) -> Backend:
        """What answers for a model: `deterministic`, a profile's name, a plugin's, or a LiteLLM model string.

        Raises:
            NotFoundError: the name is a near miss of one that is known here.
        """
        from fcc.wiring.backends import make_backend

        return make_backend(model, self.profile(model), lambda: self)

    def plan(self, chain: str | Path | Chain) -> Plan:
        """The plan of a chain, given itself, by name, or as the path of its file.

        Raises:
            NotFoundError: there is no such chain.
            InvalidFileError: the chain, or something that it names, is wrong; every problem with its place.
        """
        made, document = (chain, None) if isinstance(chain, Chain) else self.chain(chain)
        return make_plan(
            made,
            persona=self.personas.get,
            prompt=self.prompts.get,
            policy=self.policy,
            included=self.chain,
            scenario=self.scenario,
            document=document,
        )

    def whole_chain(self, chain: str) -> Chain:
        """The chain of that name, with the steps of those that it includes; errors as `plan`."""
        from fcc.agents.including import expand

        return expand(*self.chain(chain), self.chain)[0]

    def scenario(self, name: str) -> Mapping[str, Any]:
        """What the scenario of that name says, as JSON.

        Raises:
            NotFoundError: there is no such file.
            InvalidFileError: it is wrong, or no scenario.
        """
        from fcc.evaluations.rehearsal.scenario import read_scenario

        if name not in (known := self.workspace.files("evaluations")):
            raise not_found("scenario", name, list(known), hint="See them all: fcc-agents list evaluations")
        found: Mapping[str, Any] = read_scenario(self.workspace.get("evaluations", name).path).model_dump(
            mode="json"
        )
        return found

    def path_of(self, chain: object) -> Path | None:
        """The file of a chain, by its path or its name; None for a built-in one, or one that was given itself."""
        if not isinstance(chain, str | Path):
            return None
        if Path(chain).is_file():
            return Path(chain)
        file = self.workspace.files("agents").get(str(chain))
        return file.path if file is not None and not file.builtin else None

    def chain(self, chain: str | Path) -> tuple[Chain, _yaml.Document]:
        """A chain and the document it was read from, by name or by path (`.yaml`, or with a `/` in it)."""
        text = str(chain)
        if isinstance(chain, Path) or text.endswith((".yaml", ".yml")) or os.sep in text:
            path = Path(chain)
            if not path.is_file():
                raise NotFoundError(f"there is no chain file {text}", hint="Check the path; or name a chain.")
            document = _yaml.read(path, show_path(path))
            return _yaml.build(Chain, document), document
        file = self.workspace.get("agents", text)
        document = _yaml.read(file.path, file.shown)
        made = _yaml.build(Chain, document)
        check_name(made, document, file.name)
        return made, document


def open_catalog(workspace: Workspace | Path | str | None = None) -> Catalog:
    """The catalog of a workspace; by default, of the nearest one at or above the working directory."""
    if isinstance(workspace, Workspace):
        return Catalog(workspace)
    return Catalog(Workspace.find() if workspace is None else Workspace.at(Path(workspace)))
