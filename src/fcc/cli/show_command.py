"""`fcc-agents show`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fcc.agents import Chain, GatePolicy, Policy, ReadinessPolicy, Step
from fcc.agents.agent import system_prompt
from fcc.agents.chain import ChainInput
from fcc.cli.output import common_options, paint, print_json, table
from fcc.cli.run_options import run_name
from fcc.errors import NotFoundError
from fcc.evaluations.checks import CheckFile
from fcc.evaluations.rubric import Rubric
from fcc.evaluations.waivers import WaiverFile
from fcc.providers.profile import Profile
from fcc.redaction import printable
from fcc.reports import run_report
from fcc.simulation import RunRecord
from fcc.simulation.run_folder import RUN_ID, find_run, is_under_way
from fcc.wiring import Catalog, open_catalog
from fcc.workspace import KINDS, not_found, show_path


@click.command(
    "show",
    epilog="""\b
Examples:
  fcc-agents show devops-deployment
  fcc-agents show PBD
  fcc-agents show prompts/delivery-pipeline
  fcc-agents show last""",
)
@click.argument("name")
@common_options
def command(name: str, form: str, workspace: Path | None) -> None:
    """Show one thing: a chain, persona, prompt, profile, policy or run.

    NAME is its name; KIND/NAME where several kinds have one of that name. A run is named by its id, by `last`, or by
    its folder.
    """
    catalog = open_catalog(workspace)
    shown = _run(catalog, name) or _rule(name) or _content(catalog, name)
    schema, body, text = shown
    if form == "json":
        print_json(schema, body)
    else:
        click.echo(text().rstrip())


Shown = tuple[str, dict[str, Any], Callable[[], str]]
"""The envelope's schema, its body, and what makes the text."""


def _run(catalog: Catalog, name: str) -> Shown | None:
    runs = catalog.workspace.state / "runs"
    is_id = RUN_ID.fullmatch(name) is not None and (runs / name / "run.json").is_file()
    if not (name == "last" or is_id or Path(name).name == "run.json" or (Path(name) / "run.json").is_file()):
        return None
    folder = find_run(name, runs)
    record = RunRecord.read(folder / "run.json")
    return (
        "fcc.run/1",
        _plain(record),
        lambda: _run_text(record, folder),
    )


def _rule(name: str) -> Shown | None:
    """A rule on what must agree, with an example that breaks it."""
    from fcc.evaluations.contracts import RULES

    rule = next((rule for rule in RULES if rule.id == name), None)
    if rule is None:
        return None
    from fcc.evaluations.contracts.examples import read_examples

    example = next(example for example in read_examples() if example.rule == name)
    files = {source.file: source.text for source in example.failing}
    body = {"rule": {"id": rule.id, "severity": rule.severity, "title": rule.title, "breaks": files}}

    def text() -> str:
        lines = [f"{paint(rule.id, 'bold')}  {rule.severity}", printable(rule.title), "", "This breaks it:"]
        for file, held in files.items():
            marked = {place.line for place in (example.at, example.other) if place and place.file == file}
            numbered = enumerate(held.rstrip("\n").split("\n"), 1)
            shown = [f"{'>' if number in marked else ' '} {number:>3}  {line}" for number, line in numbered]
            lines += ["", file, *shown]
        return "\n".join(lines)

    return "fcc.rule/1", body, text


def _run_text(record: RunRecord, folder: Path) -> str:
    text = run_report(record, show_path(folder), paint, run_name(record.id, folder))
    if record.status == "running" and not is_under_way(folder):
        return text.replace("the run is running.", "the run was killed.")
    return text


def _plain(record: RunRecord) -> dict[str, Any]:
    from pydantic_core import to_jsonable_python

    plain: dict[str, Any] = to_jsonable_python(record)
    plain.pop("schema")
    return plain


def _content(catalog: Catalog, name: str) -> Shown:
    kind, _, rest = name.partition("/")
    kinds: tuple[str, ...] = (kind,) if rest and kind in KINDS else KINDS
    wanted = rest if rest and kind in KINDS else name
    known = {kind: _names(catalog, kind) for kind in kinds}
    having = [kind for kind in kinds if wanted in known[kind]]
    if len(having) > 1:
        choices = " or ".join(f"{kind}/{wanted}" for kind in having)
        raise NotFoundError(f"several things are called {wanted!r}", hint=f"Say which: {choices}")
    if not having:
        every = [other for names in known.values() for other in names]
        raise not_found(
            "chain, persona, prompt, profile, policy or run", wanted, every, hint="See: fcc-agents list"
        )
    return _SHOW[having[0]](catalog, wanted)


def _names(catalog: Catalog, kind: str) -> list[str]:
    if kind == "personas":
        return catalog.personas.ids
    return list(catalog.workspace.files(kind))  # type: ignore[arg-type] # one of KINDS


def _chain(catalog: Catalog, name: str) -> Shown:
    chain = catalog.whole_chain(name)
    return "fcc.chain/1", {"chain": chain.model_dump(mode="json")}, lambda: _chain_text(chain)


def _given(spec: ChainInput) -> str:
    """What becomes of an input that is not given."""
    if spec.default is not None:
        return f"[{spec.default}]"
    return f"[the newest run of {spec.chain}]" if spec.chain else "(must be given)"


def _chain_text(chain: Chain) -> str:
    inputs = [
        (key, spec.type, f"{spec.description} {_given(spec)}".strip()) for key, spec in chain.inputs.items()
    ]
    steps = [(key, _who(step), _asks(step), _flow(step)) for key, step in chain.steps.items()]
    policy = chain.readiness if isinstance(chain.readiness, str) else "in the chain"
    lines = [
        paint(f"{chain.name}, version {chain.version}", "bold"),
        click.wrap_text(printable(chain.description), 80),
        "",
    ]
    lines += [
        "Inputs",
        *(table(inputs) or ["  none"]),
        "",
        "Steps",
        *table(steps),
        "",
        *_environments(chain),
        f"Readiness policy: {policy}",
    ]
    return "\n".join(lines)


def _environments(chain: Chain) -> list[str]:
    if not chain.environments:
        return []
    rows = [
        (name, "; ".join(f"{key} = {value}" for key, value in spec.inputs.items()) or "the inputs as given")
        for name, spec in chain.environments.items()
    ]
    return ["Environments, in order", *table(rows), ""]


def _who(step: Step) -> str:
    return step.persona or ("gate" if step.is_gate else "rehearsal")


def _asks(step: Step) -> str:
    if step.rehearse is not None:
        number = len(step.rehearse.scenarios)
        return f"{number} scenarios" if number > 1 else step.rehearse.scenarios[0]
    if step.approve is not None:
        return "a person approves"
    if step.gate is not None:
        return f"policy {step.gate}" if isinstance(step.gate, str) else "policy in the chain"
    return step.prompt or "(task in the chain)"


def _flow(step: Step) -> str:
    """What steers a step, in words."""
    parts = [f"needs {', '.join(step.needs)}"] if step.needs else []
    parts += [f"inputs from {step.inputs_from}"] if step.inputs_from else []
    parts += [f"on {step.on}"] if step.on else []
    parts += [f"when {step.when}"] if step.when else []
    parts += [f"for each of {step.foreach}"] if isinstance(step.foreach, str) else []
    parts += [f"for each of {len(step.foreach)} items"] if isinstance(step.foreach, tuple) else []
    parts += [f"until {step.until.condition} (again {step.until.rounds} times)"] if step.until else []
    parts += ["once"] if step.once else []
    return "; ".join(parts)


def persona_shown(catalog: Catalog, name: str, *, as_prompt: bool = False) -> Shown:
    """A persona's card as people read it; or as a model is shown it."""
    from fcc.reports.persona import persona_card, persona_json
    from fcc.wiring.personas import chains_using

    persona = catalog.personas.get(name)
    chains = chains_using(catalog, persona.id)

    def text() -> str:
        if as_prompt:
            return printable(system_prompt(catalog.prompts.get("system"), persona))
        more = f"What a model is shown: fcc-agents persona show {persona.id} --prompt"
        return f"{persona_card(persona, chains, paint)}\n\n{more}"

    return "fcc.persona/1", persona_json(persona, chains), text


def _prompt(catalog: Catalog, name: str) -> Shown:
    template = catalog.prompts.get(name)
    head = {"name": name, "version": template.version, "description": template.description}
    body = {"prompt": head | {"variables": list(template.variables or ()), "text": template.text}}
    title = paint(f"{name}, version {template.version}", "bold")
    variables = ", ".join(template.variables or ()) or "none"
    return (
        "fcc.prompt/1",
        body,
        lambda: (
            f"{title}\n{printable(template.description)}\nVariables: {variables}\n\n{printable(template.text)}"
        ),
    )


def _profile(catalog: Catalog, name: str) -> Shown:
    profile = Profile.from_file(catalog.workspace.get("providers", name).path)
    return "fcc.profile/1", {"profile": profile.model_dump(mode="json")}, lambda: _profile_text(name, profile)


def _profile_text(name: str, profile: Profile) -> str:
    key = "none named"
    if profile.api_key_env:
        key = f"{profile.api_key_env} ({'set' if os.environ.get(profile.api_key_env) else 'not set'})"
    sampling = {key: value for key, value in profile.sampling.model_dump().items() if value not in (None, ())}
    rows = [
        ("model", profile.model),
        ("server", profile.api_base or "the model's own"),
        ("key from", key),
        ("sampling", ", ".join(f"{key} {value}" for key, value in sampling.items()) or "the model's own"),
        ("one attempt", f"at most {profile.timeout:g} s"),
        ("attempts", f"at most {profile.attempts}, none begun after {profile.retry_for:g} s"),
    ]
    return "\n".join([paint(name, "bold"), printable(profile.description), *table(rows)])


def _policy(catalog: Catalog, name: str) -> Shown:
    from fcc.evaluations.files import read_evaluation

    found = read_evaluation(catalog.workspace.get("evaluations", name).path)
    if isinstance(found, ReadinessPolicy | GatePolicy):
        return "fcc.policy/1", {"policy": found.model_dump(mode="json")}, lambda: _policy_text(name, found)
    if isinstance(found, CheckFile):
        body = {"checks": found.model_dump(mode="json", exclude_defaults=True)["checks"]}
        return "fcc.checks/1", body, lambda: _checks_text(name, found)
    if isinstance(found, WaiverFile):
        body = {"waivers": found.model_dump(mode="json", exclude_defaults=True)["waivers"]}
        return "fcc.waivers/1", body, lambda: _waivers_text(name, found)
    if not isinstance(found, Rubric):
        scenario = found.model_dump(mode="json")
        text = _scenario_text(name, found.description, scenario)
        return "fcc.scenario/1", {"scenario": scenario}, lambda: text
    return "fcc.rubric/1", {"rubric": found.model_dump(mode="json")}, lambda: _rubric_text(name, found)


def _checks_text(name: str, found: CheckFile) -> str:
    rows = [
        (identifier, check.severity, ", ".join(check.kinds) or check.files or "all files", check.message)
        for identifier, check in found.checks.items()
    ]
    return "\n".join([paint(name, "bold"), printable(found.description), *table(rows)])


def _waivers_text(name: str, found: WaiverFile) -> str:
    rows = [
        (waiver.rule, waiver.files or "all files", f"until {waiver.expires}", waiver.owner, waiver.reason)
        for waiver in found.waivers
    ]
    return "\n".join([paint(name, "bold"), printable(found.description), *table(rows)])


def _scenario_text(name: str, description: str, scenario: dict[str, Any]) -> str:
    rows = [
        (key, str(value)) for part in ("failure", "load", "expect") for key, value in scenario[part].items()
    ]
    return "\n".join([paint(name, "bold"), printable(description), *table(rows)])


def _rubric_text(name: str, rubric: Rubric) -> str:
    rows = [
        (
            criterion.name,
            f"{criterion.weight:g}",
            criterion.evidence,
            criterion.question or criterion.description,
        )
        for criterion in rubric.criteria
    ]
    return "\n".join([paint(name, "bold"), printable(rubric.description), *table(rows)])


def _policy_text(name: str, policy: Policy) -> str:
    if isinstance(policy, GatePolicy):
        rules = [(rule.outcome, f"{rule.condition}  {rule.reason}".rstrip()) for rule in policy.rules]
        rules.append((policy.otherwise or "deny", "otherwise"))
        return "\n".join([paint(name, "bold"), printable(policy.description), *table(rules)])
    rows = [
        ("READY", f"an area that scores at least {policy.ready_at:.2f}"),
        ("APPROVED", f"every area scores at least {policy.approve_at:.2f}"),
    ]
    return "\n".join([paint(name, "bold"), printable(policy.description), *table(rows)])


_SHOW: dict[str, Callable[[Catalog, str], Shown]] = {
    "agents": _chain,
    "personas": persona_shown,
    "prompts": _prompt,
    "providers": _profile,
    "evaluations": _policy,
}
