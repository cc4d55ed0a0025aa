"""Defects of the pipeline: the workflow and the artifacts that it says it leaves."""

from __future__ import annotations

import re

from fcc.providers.deterministic._defect import Defect, File, times

_WORKFLOW = File("pipeline", r"\.github/workflows/pipeline\.yaml")
_ARTIFACTS = File("pipeline", r"release/artifacts\.yaml")
_SCAN_JOB = r"^  (?P<job>[a-z0-9-]*(?:scan|security)[a-z0-9-]*):\n(?:    .*\n|\n)*"


def _without_scan(text: str, _prompt: str) -> str:
    """The workflow without the job that scans; what needed that one needs what it needed."""
    job = re.search(_SCAN_JOB, text, re.MULTILINE)
    if job is None:
        return text
    before = re.search(r"needs: (\[[a-z0-9-]*\])", job[0])
    rest = text[: job.start()] + text[job.end() :]
    return rest.replace(f"[{job['job']}]", before[1] if before else "[]")


def _last_needs_first(text: str, _prompt: str) -> str:
    """The workflow whose last job waits for the first one only."""
    first = re.search(r"^jobs:\n  ([a-z0-9-]+):$", text, re.MULTILINE)
    head, needs, tail = text.rpartition("    needs: [")
    return text if first is None or not needs else f"{head}{needs}{first[1]}{tail[tail.index(']') :]}"


PIPELINE: tuple[Defect, ...] = (
    _WORKFLOW.defect(
        "image-repository",
        "agreement",
        "The workflow builds an image that no Deployment runs.",
        r'^(  IMAGE: ".+)"$',
        r'\1-build"',
    ),
    _WORKFLOW.defect(
        "workflow-deployment",
        "agreement",
        "The workflow rolls out a Deployment that does not exist.",
        r"^(  DEPLOYMENT: .+)$",
        r"\1-web",
    ),
    _WORKFLOW.defect(
        "workflow-script",
        "agreement",
        "The workflow calls a script that nobody wrote.",
        r"scripts/blue-green\.sh",
        "scripts/switch-over.sh",
    ),
    _WORKFLOW.defect(
        "canary-limit",
        "agreement",
        "The canary may fail for more requests than the SLA allows.",
        r"(<= )([0-9.]+)(?='$)",
        times(20),
        note="The limit stands in a program within a script, in a form of this workflow's own.",
    ),
    _WORKFLOW.defect(
        "needs-unknown",
        "invalid",
        "A job needs a job that is not there.",
        r"needs: \[([a-z0-9-]+)\]",
        r"needs: [\1-all]",
    ),
    Defect(
        "needs-order",
        "agreement",
        "pipeline",
        "Production is rolled out without waiting for staging and canary.",
        r"path=\.github/workflows/",
        _last_needs_first,
    ),
    Defect(
        "stage-missing",
        "completeness",
        "pipeline",
        "The security scan that was asked for is not in the workflow.",
        r"path=\.github/workflows/",
        _without_scan,
    ),
    _WORKFLOW.defect("runs-on-missing", "invalid", "A job has no runner.", r"^    runs-on: .*\n", ""),
    _WORKFLOW.defect(
        "expression-broken", "invalid", "An expression is not closed.", r"(\$\{\{ github\.\w+ \})\}", r"\1"
    ),
    _WORKFLOW.defect(
        "uses-and-run",
        "invalid",
        "A step has both `uses` and `run`.",
        r"^(      - )(uses: actions/checkout@.*)$",
        r"\1run: ls" + "\n        " + r"\2",
    ),
    _WORKFLOW.defect(
        "workflow-trigger",
        "invalid",
        "The workflow is started by an event that GitHub does not have.",
        r"^  pull_request:$",
        "  pull_requests:",
    ),
    _WORKFLOW.defect(
        "workflow-quote",
        "invalid",
        "A shell step of the workflow does not close a quote.",
        r"--timeout=(\d+s)$",
        r'--timeout="\1',
    ),
    _WORKFLOW.defect(
        "workflow-tab",
        "invalid",
        "The workflow is indented with a tab, which YAML forbids.",
        r"^    runs-on:",
        "\truns-on:",
    ),
    _WORKFLOW.defect(
        "secret-in-workflow",
        "practice",
        "A password stands in the workflow.",
        r"^(          password: ).*$",
        r"\1Vq7-hT2x-Lp94-mZ",
    ),
    _WORKFLOW.defect(
        "write-all",
        "practice",
        "The workflow's token may write everything.",
        r"^permissions:\n  contents: read$",
        "permissions: write-all",
    ),
    _ARTIFACTS.defect(
        "artifact-reference",
        "agreement",
        "The list of artifacts names another version of the image than the one that is deployed.",
        r'(reference: "[^"]+:[^":]+)"',
        r'\1-rc1"',
    ),
    _ARTIFACTS.defect(
        "artifact-producer",
        "agreement",
        "An artifact is said to come from a job that the workflow does not have.",
        r"(kind: container-image, produced_by: )[a-z0-9-]+",
        r"\1publish-image",
        note="The list of artifacts has a form of its own, which no rule reads.",
    ),
)
