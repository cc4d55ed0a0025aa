"""The registry: every persona, found by id, category or phase."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fcc import _yaml
from fcc._check import KNOWN_GOOD
from fcc.errors import ConfigError, InvalidFileError, Problem
from fcc.personas.persona import Persona
from fcc.workspace import Workspace, content_paths, log_overlay, not_found, show_path

if TYPE_CHECKING:
    from fcc.personas.reading import ReadingReport


class PersonaRegistry:
    """A sized, iterable collection of personas, in the order in which they were given.

    Raises:
        ConfigError: two personas have one id.
    """

    report: ReadingReport | None = None
    """What a lenient reading came to; None where the registry was made otherwise."""

    def __init__(self, personas: Iterable[Persona] = ()) -> None:
        self._by_id: dict[str, Persona] = {}
        for persona in personas:
            if persona.id in self._by_id:
                raise ConfigError(
                    f"two personas have the id {persona.id!r}", hint="Give each an id of its own."
                )
            self._by_id[persona.id] = persona

    @classmethod
    def from_yaml_directory(cls, path: str | Path, *, strict: bool = True) -> PersonaRegistry:
        """The personas of every YAML file in a folder (not in its sub-folders), in the order of file names.

        A file is a mapping with a list under `personas:`. A mapping without that key is no persona file and is
        passed over with a logged warning, as long as it doesn't have a key that looks like a misspelling of it.

        With `strict=False` nothing in a file is fatal, as suits other people's persona files: unknown keys are kept
        aside, slips are mended, what can't be used is passed over, and `report` says all of it.

        Raises:
            InvalidFileError: unknown keys, wrong types, ids given twice; all at once, with file, line and column.
            ConfigError: there is no such folder.
        """
        folder = Path(path)
        if not folder.is_dir():
            what = "is a file, not a folder" if folder.exists() else "does not exist"
            raise ConfigError(f"the persona folder {show_path(folder)} {what}", hint="Check the path.")
        if strict:
            return cls.from_yaml_files(*content_paths(folder, ".yaml"))
        from fcc.personas.lenient import read_leniently

        found, report = read_leniently(folder)
        registry = cls(found.values())
        registry.report = report
        return registry

    @classmethod
    def from_yaml_files(cls, *paths: Path) -> PersonaRegistry:
        """The personas of these files, in order; errors as `from_yaml_directory`."""
        return cls(_Files().read(paths).personas.values())

    @classmethod
    def from_workspace(cls, workspace: Workspace) -> PersonaRegistry:
        """The built-in personas, overlaid by the workspace's; where both have an id, the workspace's, logged."""
        merged: dict[str, Persona] = {}
        origin: dict[str, Path] = {}
        faults: list[Problem] = []
        for folder, builtin in workspace.folders("personas"):
            files = _Files(KNOWN_GOOD if builtin else None)
            try:
                files.read(content_paths(folder, ".yaml"))
            except InvalidFileError as error:
                faults += error.problems
            for id_, persona in files.personas.items():
                if id_ in merged:
                    log_overlay("persona", id_, origin[id_], files.origin[id_])
                merged[id_], origin[id_] = persona, files.origin[id_]
        if faults:
            raise InvalidFileError(faults)
        return cls(merged.values())

    def get(self, id_: str) -> Persona:
        """The persona with that id.

        Raises:
            NotFoundError: there is none; the nearest ids are suggested.
        """
        found = self._by_id.get(id_)
        if found is None:
            raise not_found("persona", id_, list(self._by_id), hint="See them all: fcc-agents list personas")
        return found

    def by_category(self, category: str) -> list[Persona]:
        """The personas of a category, such as `devops`."""
        return [persona for persona in self if persona.category == category]

    def by_phase(self, phase: str) -> list[Persona]:
        """The personas of a phase, such as `create`, in whatever case."""
        return [persona for persona in self if persona.phase == phase.lower()]

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return list(self._by_id)

    def __getitem__(self, id_: str) -> Persona:
        return self.get(id_)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id

    def __iter__(self) -> Iterator[Persona]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        return f"<PersonaRegistry of {len(self)}: {', '.join(self._by_id)}>"


class _Files:
    """Reads persona files one after the other and keeps every problem for the end."""

    def __init__(self, context: dict[str, bool] | None = None) -> None:
        self._context = context
        self.personas: dict[str, Persona] = {}
        self.origin: dict[str, Path] = {}
        self._place: dict[str, Problem] = {}
        self._faults: list[Problem] = []

    def read(self, paths: Iterable[Path]) -> _Files:
        for path in paths:
            try:
                document = _yaml.read(path, show_path(path))
                entries = self._entries(document)
            except InvalidFileError as error:
                self._faults += error.problems
                continue
            for index, entry in enumerate(entries):
                self._add(document, path, index, entry)
        if self._faults:
            raise InvalidFileError(self._faults)
        return self

    def _entries(self, document: _yaml.Document) -> list[Any]:
        data = document.data
        if not isinstance(data, dict):
            what = "the file is empty" if data is None else "a persona file is a mapping"
            raise InvalidFileError([document.problem((), f"{what}; write a list under `personas:`")])
        if "personas" not in data:
            return self._pass_over(document)
        for key in data:
            if key != "personas":
                self._faults.append(document.problem((key,), f"unknown key `{key}`; known here: personas"))
        if not isinstance(data["personas"], list) or not data["personas"]:
            raise InvalidFileError(
                [document.problem(("personas",), "`personas` must be a list of at least one")]
            )
        return data["personas"]

    def _pass_over(self, document: _yaml.Document) -> list[Any]:
        for key in difflib.get_close_matches("personas", document.data, n=1, cutoff=0.8):
            raise InvalidFileError(
                [document.problem((key,), f"unknown key `{key}`; did you mean `personas`?")]
            )
        from fcc._log import get_logger

        get_logger("fcc.personas").warning("not a persona file: it has no `personas:`", file=document.name)
        return []

    def _add(self, document: _yaml.Document, path: Path, index: int, entry: Any) -> None:
        base = ("personas", index)
        try:
            persona = Persona.model_validate(entry, context=self._context)
        except ValidationError as error:
            self._faults += _yaml.problems(Persona, document, error, base)
            return
        here = document.problem((*base, "id"), "")
        if persona.id in self.personas:
            first = self._place[persona.id]
            what = f"the id {persona.id!r} is taken by the persona at {first.file}:{first.line}"
            self._faults.append(document.problem((*base, "id"), what))
            return
        self.personas[persona.id], self.origin[persona.id] = persona, path
        self._place[persona.id] = here
