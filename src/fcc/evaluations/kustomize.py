"""Which files of a set are patches of a kustomization: parts of objects, which no API server is given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import basename, dirname, join, normpath
from typing import Any

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.evaluations.contracts import Source

_NAMES = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


def patches(sources: Iterable[Source]) -> frozenset[str]:
    """The files that kustomizations among the sources name as patches (kubectl.docs.kubernetes.io/references/kustomize)."""
    return frozenset(
        normpath(join(dirname(source.file), path))
        for source in sources
        if basename(source.file) in _NAMES
        for path in _named(source.text)
    )


def _named(text: str) -> Iterator[str]:
    try:
        documents = _yaml.parse_all(text, "")
    except InvalidFileError:
        return
    for document in documents:
        held: dict[str, Any] = document.data if isinstance(document.data, dict) else {}
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            for patch in held.get(key) or () if isinstance(held.get(key), list) else ():
                path = patch.get("path") if isinstance(patch, dict) else patch
                if isinstance(path, str) and "\n" not in path:
                    yield path
