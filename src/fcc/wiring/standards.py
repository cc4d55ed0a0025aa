"""By what outputs are judged: the workspace's checks and waivers, and the constitutions of those who answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from fcc.agents import Plan
from fcc.evaluations.files import workspace_checks, workspace_waivers
from fcc.workspace import Workspace

if TYPE_CHECKING:
    from fcc.evaluations.assessor import EvidenceAssessor
    from fcc.evaluations.checks import OwnCheck
    from fcc.evaluations.waivers import Waiver


class Standards(NamedTuple):
    """What a workspace judges by."""

    checks: tuple[OwnCheck, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    @classmethod
    def of(cls, workspace: Workspace) -> Standards:
        """Those of a workspace.

        Raises:
            InvalidFileError: one of its files of checks or waivers is invalid.
        """
        return cls(workspace_checks(workspace), workspace_waivers(workspace))

    def assessor(self, plan: Plan, ignored: Sequence[str] = (), *, advise: bool = False) -> EvidenceAssessor:
        """What judges the outputs of a plan's personas, by the waivers that hold today."""
        from fcc.evaluations.assessor import EvidenceAssessor

        waiving = None
        if self.waivers:
            from fcc.evaluations.waivers import Waiving

            waiving = Waiving(self.waivers, datetime.now(UTC).date())
        constitutions = {planned.persona.id: planned.persona.constitution for planned in plan.steps}
        return EvidenceAssessor(
            self.checks, ignored, constitutions=constitutions, waiving=waiving, advise=advise
        )
