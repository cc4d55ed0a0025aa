"""The defects that the deterministic provider can seed, to see which of them gates, validators and contracts catch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fcc import _yaml
from fcc.errors import NotFoundError
from fcc.providers.deterministic._defect import Category, Defect
from fcc.providers.deterministic._defects_docs import DOCS
from fcc.providers.deterministic._defects_infrastructure import INFRASTRUCTURE
from fcc.providers.deterministic._defects_ml import ML
from fcc.providers.deterministic._defects_monitoring import MONITORING
from fcc.providers.deterministic._defects_pipeline import PIPELINE
from fcc.providers.deterministic._defects_promotion import PROMOTION
from fcc.providers.deterministic._defects_reply import REPLY
from fcc.providers.deterministic._defects_rollback import ROLLBACK

DEFECTS: Mapping[str, Defect] = MappingProxyType(
    {
        defect.id: defect
        for defect in sorted(
            (*REPLY, *PIPELINE, *INFRASTRUCTURE, *MONITORING, *PROMOTION, *DOCS, *ML, *ROLLBACK),
            key=lambda d: d.id,
        )
    }
)
"""Every defect by its id, in alphabetical order."""


def defects_of(chain: str) -> tuple[Defect, ...]:
    """The defects that are made for a chain; for one that none is made for, those of the built-in one."""
    own = tuple(defect for defect in DEFECTS.values() if defect.chain == chain)
    return own or defects_of("devops-deployment")


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


__all__ = ["DEFECTS", "Category", "Defect", "defects_of", "find_defect"]
