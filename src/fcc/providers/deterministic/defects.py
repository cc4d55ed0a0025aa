"""The defects that the deterministic provider can seed, to see which of them gates, validators and contracts catch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fcc import _yaml
from fcc.errors import NotFoundError
from fcc.providers.deterministic._defect import Category, Defect
from fcc.providers.deterministic._defects_infrastructure import INFRASTRUCTURE
from fcc.providers.deterministic._defects_monitoring import MONITORING
from fcc.providers.deterministic._defects_pipeline import PIPELINE
from fcc.providers.deterministic._defects_reply import REPLY

DEFECTS: Mapping[str, Defect] = MappingProxyType(
    {
        defect.id: defect
        for defect in sorted((*REPLY, *PIPELINE, *INFRASTRUCTURE, *MONITORING), key=lambda d: d.id)
    }
)
"""Every defect by its id, in alphabetical order."""


def find_defect(id_: str) -> Defect:
    """The defect of that id.

    Raises:
        NotFoundError: there is none.
    """
    if id_ not in DEFECTS:
        raise NotFoundError(
            f"no seeded defect is called {id_!r}{_yaml.suggestion(id_, list(DEFECTS))}",
            hint="See what each does: fcc-agents evaluate --mutate.",
        )
    return DEFECTS[id_]


__all__ = ["DEFECTS", "Category", "Defect", "find_defect"]
