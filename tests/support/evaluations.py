"""Evaluations as tests need them: one that looks real, and random ones with hostile content."""

from __future__ import annotations

from hypothesis import strategies as st

from fcc.evaluations.evaluation import CheckedFile, Coverage, CriterionResult, Evaluation
from fcc.evaluations.validation import Validation
from fcc.simulation import Finding
from fcc.simulation.verdict import AreaVerdict, Place

HOSTILE = (
    "",
    "plain words",
    "k8s/deployment.yaml",
    "two\nlines\r\nand three",
    "::error file=x,line=1::not ours",
    "\n::stop-commands::x",
    "##[error]not ours",
    "]]><failure message='x'/>",
    "<script>alert(1)</script> & <b>bold</b>",
    "| a | b |\n|---|---|",
    "` ``` `code` **bold** [link](http://evil.example) ![image](https://evil.example/x.png)",
    "@octocat #1 GH-2 octo/repo#3 www.evil.example http://evil.example a@evil.example deadbeef1",
    "# heading\n- item\n1. item\n> quote\n---",
    "\x1b[31mred\x1b[0m\x00\x07\x85\u2028\u2029\u202eevil\ufffe\uffff",
    "lone \ud800 and \udfff",
    "a%0A::error::b 100%, c:d",
    "../../etc/passwd",
    "/absolute/path with spaces/ä.yaml",
    "C:\\windows\\path.yaml",
    "w" * 200,
    "deep/" * 40 + "file.yaml",
)

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
)
lines = st.integers(-1, 5_000)
scores = st.none() | st.floats(0, 1)
places = st.builds(Place, texts, lines)
findings = st.builds(
    Finding,
    rule=texts,
    severity=st.sampled_from(["error", "warning", "advice"]),
    message=texts,
    file=texts,
    line=lines,
    hint=texts,
    related=st.lists(places, max_size=2).map(tuple),
)
validations = st.builds(
    Validation,
    kind=texts,
    valid=st.sampled_from([True, False, None]),
    findings=st.lists(findings, max_size=2).map(tuple),
    reason=texts,
)


def _tuples(items: st.SearchStrategy, most: int) -> st.SearchStrategy:
    return st.lists(items, max_size=most).map(tuple)


evaluations = st.builds(
    Evaluation,
    subject=texts,
    source=st.sampled_from(["run", "file", "folder"]),
    decision=st.sampled_from(["APPROVED", "BLOCKED", "NO VERDICT"]),
    reasons=_tuples(texts, 3),
    files=_tuples(st.builds(CheckedFile, texts, validations), 4),
    findings=_tuples(findings, 8),
    areas=_tuples(
        st.builds(AreaVerdict, texts, scores, st.sampled_from(["READY", "NEEDS WORK", "NO VERDICT"])), 3
    ),
    overall=scores,
    criteria=_tuples(
        st.builds(
            CriterionResult,
            name=texts,
            weight=st.floats(0, 1),
            source=st.sampled_from(["findings", "text", "coverage", "judge"]),
            value=scores,
            level=texts,
            reason=texts,
            advisory=st.booleans(),
        ),
        3,
    ),
    coverage=_tuples(st.builds(Coverage, texts, texts, st.booleans(), texts, lines, texts), 3),
    unchecked=_tuples(texts, 2),
    judge=st.dictionaries(texts, st.one_of(texts, st.floats(), st.none(), st.booleans()), max_size=2),
    chain=texts,
)

SERVICE = Finding(
    "service-port",
    "error",
    "the Service sends traffic to port 8080, where no container listens",
    "k8s/service.yaml",
    12,
    "Set targetPort to 8000.",
    (Place("k8s/deployment.yaml", 31),),
)
SCHEMA = Finding("k8s-schema", "error", "replicas: 'two' is no integer", "k8s/deployment.yaml", 7)
OLD = tuple(Finding("old-action", "advice", f"action {n} is old", "ci.yaml", n) for n in range(1, 9))
CUT = Finding("text-truncated", "warning", "the text looks broken: it is cut off", "outputs/monitoring.md")

GOOD = Evaluation(
    "20260101-120000-abcd",
    "run",
    "APPROVED",
    ("every area scored at least 0.50",),
    files=tuple(CheckedFile(f"k8s/{n}.yaml", Validation("kubernetes", valid=True)) for n in range(20)),
    areas=(AreaVerdict("pipeline", 0.92, "READY"), AreaVerdict("monitoring", 0.88, "READY")),
    overall=0.9,
    chain="devops-deployment",
)
BAD = Evaluation(
    "deploy",
    "folder",
    "BLOCKED",
    ("k8s/service.yaml:12: the Service sends traffic to port 8080 [service-port]",),
    files=(
        CheckedFile("k8s/service.yaml", Validation("kubernetes", valid=True)),
        CheckedFile("k8s/deployment.yaml", Validation("kubernetes", valid=False, findings=(SCHEMA,))),
        CheckedFile("t.yaml", Validation("helm_template", None, reason="helm is not installed")),
    ),
    findings=(*OLD, CUT, SERVICE, SCHEMA),
    areas=(AreaVerdict("pipeline", 0.55, "NEEDS WORK"), AreaVerdict("monitoring", None, "NO VERDICT")),
    criteria=(
        CriterionResult("agreement", 0.5, "findings", 0.5, "one side is wrong", "2 errors"),
        CriterionResult("clarity", 0.2, "judge", None, "", "the judge did not answer", advisory=True),
    ),
    coverage=(
        Coverage("REQ-1", "automated packaging", met=True, file="ci.yaml", line=3, area="pipeline"),
        Coverage("REQ-2", "rollback within 5 minutes", met=False, area="monitoring"),
    ),
    unchecked=("Helm templates need helm: see https://helm.sh",),
    judge={"model": "openai/gpt-4o", "prompt_hash": "a" * 64, "calibrated": False, "agreement": 0.8333},
)
EMPTY = Evaluation("notes", "folder", "NO VERDICT", ("nothing was there that could be evaluated",))
