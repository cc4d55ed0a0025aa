"""Seeded defects: each spoils its one deliverable, for any inputs of the chain, and nothing else."""

import ast
import asyncio
import json
import re
from collections import Counter
from typing import get_args

import pytest
import yaml  # noqa: TID251 - artifacts are judged by the plain parser
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.errors import ConfigError, NotFoundError, ProviderError, RateLimitError, UnavailableError
from fcc.providers.base import Message, ModelRequest, ResponseFormat, Sampling
from fcc.providers.deterministic import DeterministicProvider
from fcc.providers.deterministic.defects import Category, defects_of
from fcc.providers.keys import call_key

DEFECTS = {defect.id: defect for defect in defects_of("devops-deployment")}
PROMPT = "Write what was asked for, and nothing else."
OTHERS = [
    {"model": "fraud_model_v3", "framework": "PyTorch", "serving": "Flask", "target": "Amazon EKS",
     "latency": "< 250ms p95", "availability": "99.95%"},
    {"model": "m", "serving": "MLflow", "target": "our own cluster", "latency": "< 2 seconds p99.9", "availability": "99%"},
    {"model": "a_long_name_" * 9, "serving": "BentoML", "target": "AKS", "latency": "", "availability": ""},
]  # fmt: skip
NAMES = st.text("abcXYZ019_-. ():'\"é", min_size=1, max_size=30)
INPUTS = st.fixed_dictionaries(
    {},
    optional={
        "model": NAMES,
        "framework": st.sampled_from(["scikit-learn", "PyTorch", "xgboost", "LightGBM"]),
        "serving": st.sampled_from(["FastAPI", "Flask + gunicorn", "BentoML", "MLflow", "our own server"]),
        "target": st.sampled_from(["Kubernetes (GKE)", "Amazon EKS", "AKS", "bare metal"]),
        "latency": st.builds(
            "< {}{} p{}".format, st.integers(1, 900), st.sampled_from(["ms", "s"]), st.integers(50, 99)
        ),
        "availability": st.integers(90_000, 99_999).map(lambda part: f"{part / 1000}%"),
    },
)


def step_of(defect):
    return "stories" if defect.step == "requirements" else defect.step


def spoilt(defect, reply):
    """The reply with the defect; None where no reply comes."""
    try:
        return defect.apply(reply, PROMPT)
    except ProviderError:
        return None


def parse(path, body):
    if path.endswith(".json"):
        json.loads(body)
    elif path.endswith(".py"):
        ast.parse(body)
    elif path.endswith((".yaml", ".yml")) and "/templates/" not in path:
        list(yaml.safe_load_all(body))


def parse_all(made):
    for path, body in made.items():
        parse(path, body)


def reply_to(text, defect="", **options):
    request = ModelRequest((Message("user", text),), **options)
    return asyncio.run(DeterministicProvider(defect).complete(request))


def test_there_are_enough_of_every_kind():
    """Ids are plain and in order; every category and every step has some, and the classes asked for are there."""
    assert list(DEFECTS) == sorted(DEFECTS)
    assert all(id_ == defect.id and re.fullmatch(r"[a-z0-9-]+", id_) for id_, defect in DEFECTS.items())
    assert len(DEFECTS) >= 32
    assert min(Counter(defect.category for defect in DEFECTS.values()).values()) >= 3
    assert {defect.category for defect in DEFECTS.values()} == set(get_args(Category))
    assert min(Counter(defect.step for defect in DEFECTS.values()).values()) >= 8
    assert {
        "wrong-port", "latest-tag", "secret-in-env", "probe-missing", "cut-off-yaml", "order-in-comment",
        "rate-limit", "empty-reply",
    } <= set(DEFECTS)  # fmt: skip


@pytest.mark.parametrize("changes", [{}, *OTHERS], ids=["default", "flask", "mlflow", "long"])
def test_each_spoils_the_one_reply_that_holds_its_deliverable(run_chain, changes):
    """Of the four replies one is concerned, and it is changed, or does not come."""
    replies = run_chain(fenced=True, **changes)
    for defect in DEFECTS.values():
        assert [step for step, text in replies.items() if defect.concerns(text)] == [step_of(defect)]
        text = spoilt(defect, replies[step_of(defect)])
        assert (text is None) <= (defect.category == "outage")
        assert text != replies[step_of(defect)]


@settings(max_examples=40, deadline=None)
@given(changes=INPUTS, data=st.data())
def test_each_applies_whatever_the_inputs(run_chain, changes, data):
    """Names, servers, clouds and service levels make no difference to whether a defect can be seeded."""
    defect = data.draw(st.sampled_from(list(DEFECTS.values())))
    replies = run_chain(fenced=True, **changes)
    assert defect.concerns(replies[step_of(defect)])
    assert spoilt(defect, replies[step_of(defect)]) != replies[step_of(defect)]


@pytest.mark.parametrize("changes", [{}, OTHERS[0]], ids=["default", "other"])
def test_a_defect_of_a_file_leaves_all_others_alone(run_chain, files, changes):
    """What disagrees or is bad practice stands in one file, which is as readable as before."""
    replies = run_chain(fenced=True, **changes)
    for defect in DEFECTS.values():
        if defect.category not in {"agreement", "practice"}:
            continue
        before, after = files(replies[step_of(defect)]), files(spoilt(defect, replies[step_of(defect)]))
        assert before.keys() == after.keys()
        changed = [path for path in before if before[path] != after[path]]
        assert len(changed) == 1, defect.id
        parse(changed[0], after[changed[0]])


@pytest.mark.parametrize(
    "id_", ["cut-off-yaml", "workflow-tab", "dashboard-json", "logging-json", "exporter-syntax"]
)
def test_a_file_that_is_to_be_unreadable_is(run_chain, files, id_):
    """A plain parser refuses the file that was broken."""
    made = files(spoilt(DEFECTS[id_], run_chain()[DEFECTS[id_].step]))
    with pytest.raises((yaml.YAMLError, ValueError, SyntaxError)):
        parse_all(made)


def test_what_is_asked_for_and_lost_is_gone(run_chain, files):
    """Nothing of a lost stage, story, file or alert is left in its place."""
    replies = run_chain()
    workflow = files(spoilt(DEFECTS["stage-missing"], replies["pipeline"]))[".github/workflows/pipeline.yaml"]
    jobs = yaml.safe_load(workflow)["jobs"]
    assert "security-scan" not in jobs
    assert {job["needs"][0] for job in jobs.values() if "needs" in job} <= jobs.keys()
    assert len(re.findall("^### US-", spoilt(DEFECTS["story-lost"], replies["stories"]), re.MULTILINE)) == 3
    assert "scripts/rollback.sh" not in files(spoilt(DEFECTS["rollback-missing"], replies["monitoring"]))
    assert "ModelDrift" not in spoilt(DEFECTS["drift-alert-missing"], replies["monitoring"])


def test_a_defect_that_would_change_nothing_is_refused():
    """A reply without what is to be spoilt raises an error that names the defect; so does seeding it twice."""
    with pytest.raises(ConfigError, match="wrong-port does not apply"):
        DEFECTS["wrong-port"].apply("nothing of the kind")
    with pytest.raises(ConfigError, match="prompt-echo does not apply"):
        DEFECTS["prompt-echo"].apply("nothing of the kind")


def test_a_clean_provider_is_as_it_was(complete, steps):
    """Without a defect the identity and the model's name stay as recordings have them."""
    assert DeterministicProvider().identity == DeterministicProvider("").identity == "deterministic/1"
    assert complete(steps["monitoring"]).model == "deterministic"


def test_a_provider_with_a_defect_says_so(steps):
    """Identity, call key and the reply's model name the defect; only the reply that it concerns is another one."""
    request = ModelRequest((Message("user", steps["infrastructure"]),))
    plain, other = DeterministicProvider(), DeterministicProvider(defect="wrong-port")
    assert other.identity == "deterministic/1:wrong-port"
    assert call_key(request, plain.identity) != call_key(request, other.identity)
    assert reply_to(steps["infrastructure"], "wrong-port").model == "deterministic:wrong-port"
    assert reply_to(steps["infrastructure"], "wrong-port").text != reply_to(steps["infrastructure"]).text
    assert reply_to(steps["monitoring"], "wrong-port").text == reply_to(steps["monitoring"]).text


def test_an_unknown_defect_is_a_mistake_in_the_setup():
    """The message suggests the nearest id."""
    with pytest.raises(NotFoundError, match="did you mean `wrong-port`"):
        DeterministicProvider(defect="wrong-prot")


@pytest.mark.parametrize(
    ("id_", "step", "error", "status"),
    [("rate-limit", "infrastructure", RateLimitError, 429), ("timeout", "monitoring", UnavailableError, 408)],
)
def test_an_outage_is_the_error_that_a_live_model_would_raise(steps, id_, step, error, status):
    """The step's reply does not come, with the status of HTTP; the others do."""
    with pytest.raises(error) as caught:
        reply_to(steps[step], id_)
    assert caught.value.status == status
    assert reply_to(steps["pipeline"], id_).text


def test_the_echo_is_of_the_prompt(steps):
    """The reply is what was asked, word for word; the empty one is empty."""
    assert reply_to(steps["stories"], "prompt-echo").text == steps["stories"]
    assert reply_to(steps["pipeline"], "empty-reply").text == ""


def test_limits_and_schemas_hold_with_a_defect(steps):
    """A spoilt reply is cut at `max_tokens` like any other, and JSON that was asked for stays clean."""
    cut = reply_to(steps["pipeline"], "needs-unknown", sampling=Sampling(max_tokens=50))
    assert (len(cut.text), cut.finish_reason) == (200, "length")
    asked = {"response_format": ResponseFormat({"type": "object", "properties": {"a": {"type": "string"}}})}
    assert (
        reply_to(steps["pipeline"], "needs-unknown", **asked).text
        == reply_to(steps["pipeline"], **asked).text
    )
