"""Rules about a model that is trained: features and their columns, figures and what they must reach, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fcc.evaluations.contracts._lookup import listed
from fcc.evaluations.contracts._ml import (
    Column,
    Digest,
    Feature,
    Measure,
    Named,
    Report,
    Sliced,
    Target,
    Use,
)
from fcc.evaluations.contracts.facts import Facts
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place


def _defined(facts: Facts) -> Iterator[Clash]:
    features = facts.of(Feature)
    names = {feature.name for feature in features}
    for use in facts.of(Use):
        if features and use.name not in names:
            yield Clash(
                use.place,
                f"{use.by} names the feature `{use.name}`, which is not defined; defined are {listed(names)}",
                "Define it, or leave it out.",
                features[0].place,
            )


def _sourced(facts: Facts) -> Iterator[Clash]:
    columns = facts.of(Column)
    known = _paths(columns) | {column.table for column in columns}
    known |= {feature.name for feature in facts.of(Feature)}
    for feature in facts.of(Feature):
        for source, place in feature.sources:
            if columns and source not in known:
                yield Clash(
                    place,
                    f"the feature `{feature.name}` is made from `{source}`, which the data contract does not have",
                    "Name a column of the contract, as table.column, or add it there.",
                    columns[0].place,
                )


def _targeted(facts: Facts) -> Iterator[Clash]:
    """What is predicted is a column of the contract, and the one that was asked for."""
    columns, asked = facts.of(Column), str(facts.context.inputs.get("target") or "")
    wanted = asked if "measured" in facts.context.inputs else ""
    for target in facts.of(Target):
        named = {name for source in target.sources for name in (source, source.rpartition(".")[2])}
        if named and wanted and wanted not in named:
            yield Clash(
                target.place,
                f"the target is made from {listed(target.sources)}, but `{wanted}` was asked for",
                "Predict what was asked for; where that is no column of the tables, ask for another one.",
            )
        elif columns and named and not named & _paths(columns):
            yield Clash(
                target.place,
                f"the target is made from {listed(target.sources)}, which the data contract does not have",
                "Name a column of the contract, as table.column, or add it there.",
                columns[0].place,
            )


def _leaks(facts: Facts) -> Iterator[Clash]:
    """Features against the target of their own file; without one, against the only one that there is."""
    targets = {target.place.file: target for target in reversed(facts.of(Target))}
    alone = next(iter(targets.values())) if len({target.name for target in targets.values()}) == 1 else None
    for feature in facts.of(Feature):
        target = targets.get(feature.place.file, alone)
        if target is not None:
            paths = {target.name, *target.sources, *_wanted(facts)}
            place = next((at for source, at in feature.sources if source in paths), None)
            if place or feature.name == target.name.rpartition(".")[2]:
                yield _leak(feature.name, place or feature.place, target)
    for use in facts.of(Use):
        target = targets.get(use.place.file, alone)
        if target is not None and use.name == target.name.rpartition(".")[2]:
            yield _leak(use.name, use.place, target)


def _wanted(facts: Facts) -> set[str]:
    """The target that the inputs name."""
    asked = str(facts.context.inputs.get("target") or "")
    return {asked} if "." in asked else set()


def _leak(feature: str, place: Place, target: Target) -> Clash:
    return Clash(
        place,
        f"the feature `{feature}` is made from the target `{target.name}`: it knows the answer",
        "Leave it out: at the time of a prediction the target is not known.",
        target.place,
    )


def _personal(facts: Facts) -> Iterator[Clash]:
    allowed = facts.context.inputs.get("personal_allowed")
    permitted = set(map(str, allowed)) if isinstance(allowed, list | tuple) else set()
    closed = {column for column in facts.of(Column) if column.personal and not permitted & _paths([column])}
    by_path = {f"{column.table}.{column.name}": column for column in closed}
    single = _single(facts.of(Column))
    for feature in facts.of(Feature):
        for source, place in feature.sources:
            column = by_path.get(source) or (single.get(source) if single.get(source) in closed else None)
            if column is not None:
                yield Clash(
                    place,
                    f"the feature `{feature.name}` is made from `{column.table}.{column.name}`, which is personal data",
                    "Leave it out; where a law allows it, name the column in the input personal_allowed.",
                    column.place,
                )


def _paths(columns: list[Column]) -> set[str]:
    return {name for column in columns for name in (column.name, f"{column.table}.{column.name}")}


def _single(columns: list[Column]) -> Mapping[str, Column]:
    """The columns by name, of those that one table has alone."""
    found: dict[str, Column] = {}
    twice = set()
    for column in columns:
        twice |= {column.name} & found.keys()
        found.setdefault(column.name, column)
    return {name: column for name, column in found.items() if name not in twice}


class _Known(NamedTuple):
    """A model's name and version, and who says so."""

    model: str
    version: str
    by: str
    place: Place | None


def _named(facts: Facts) -> Iterator[Clash]:
    """Every file against what was asked for; without that, against the first file that says it."""
    found = facts.of(Named)
    reference = _asked(facts)
    if reference is None and _several(facts):
        return
    for one in found:
        reference = reference or _Known(one.model, one.version, one.by, one.place)
        version = one.version and reference.version and one.version != reference.version
        if one.model == reference.model and not version:
            continue
        said = f"`{one.model}`" if one.model != reference.model else f"version {one.version} of `{one.model}`"
        meant = f"`{reference.model}`" if one.model != reference.model else f"version {reference.version}"
        other = reference.place or next((item.place for item in found if item.model == reference.model), None)
        yield Clash(
            one.place if one.model != reference.model else one.version_place,
            f"{one.by} is about {said}, but {reference.by} is about {meant}",
            "Use one name and one version of the model everywhere.",
            other,
        )


def _several(facts: Facts) -> bool:
    """Whether the files are about several models: then two of one sort have different names."""
    names: dict[str, set[str]] = {}
    for one in facts.of(Named):
        names.setdefault(one.by, set()).add(one.model)
    return any(len(several) > 1 for several in names.values())


def _asked(facts: Facts) -> _Known | None:
    """The model of the inputs, where a training is asked for."""
    inputs = facts.context.inputs
    model, version = inputs.get("model"), inputs.get("version")
    if "measured" not in inputs or not isinstance(model, str):
        return None
    return _Known(model, version if isinstance(version, str) else "", "what was asked for", None)


def _reached(facts: Facts) -> Iterator[Clash]:
    """Nothing that is approved, or not decided on, is below what it has to reach."""
    if any(_rejects(report) for report in facts.of(Report)):
        return
    inputs = facts.context.inputs
    yield from _decided_without(facts)
    for measure in facts.of(Measure):
        asked = _least(inputs, "group_minimum") if measure.group else None
        if measure.name == inputs.get("metric") and not measure.group:
            asked = _least(inputs, "minimum")
        least = max((it for it in (asked, measure.minimum) if it is not None), default=None)
        what = f"{measure.name or 'the metric'} of {measure.group}" if measure.group else measure.name
        if least is not None and measure.value < least:
            yield Clash(
                measure.place,
                f"{what} is {measure.value:g} in {measure.by}, below the {least:g} that it has to reach",
                "Reject the model, or train a better one.",
            )
        elif asked is not None and measure.minimum is not None and measure.minimum < asked:
            yield Clash(
                measure.place,
                f"{what} has to reach {measure.minimum:g} in {measure.by}, but {asked:g} was asked for",
                "Use the minimum that was asked for.",
            )


def _decided_without(facts: Facts) -> Iterator[Clash]:
    """A report that approves, and has no figure of the metric that decides."""
    metric, inputs = facts.context.inputs.get("metric"), facts.context.inputs
    named = {(it.place.file, it.name) for it in facts.of(Measure) if not it.group}
    for report in facts.of(Report) if "minimum" in inputs and isinstance(metric, str) else ():
        if (report.place.file, metric) not in named:
            yield Clash(
                report.place,
                f"the validation report approves without `{metric}`, which decides",
                "Measure it on data held out, or reject the model.",
            )


def _least(inputs: Mapping[str, Any], name: str) -> float | None:
    value = inputs.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rejects(report: Report) -> bool:
    return report.decision not in {"approve", "approved", ""}


def _measured(facts: Facts) -> Iterator[Clash]:
    """Every figure against what was measured; without that, against the report."""
    if _several(facts):
        return
    known: dict[tuple[str, str], tuple[float, str, Place | None]] = {}
    for measure in facts.of(Measure):
        if measure.by == "the validation report":
            known.setdefault((measure.name, measure.group), (measure.value, measure.by, measure.place))
    for name, group in (("measured", False), ("groups", True)):
        given = facts.context.inputs.get(name)
        for key, value in given.items() if isinstance(given, Mapping) else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                known["" if group else key, key if group else ""] = (float(value), "what was measured", None)
    for measure in facts.of(Measure):
        key = ("" if measure.group else measure.name, measure.group)
        value, by, place = (
            known.get(key) or known.get((measure.name, measure.group)) or (measure.value, "", None)
        )
        if value != measure.value:
            yield Clash(
                measure.place,
                f"{measure.group or measure.name} is {measure.value:g} in {measure.by}, but {value:g} in {by}",
                "Report what was measured, to the digit.",
                place,
            )


def _sliced(facts: Facts) -> Iterator[Clash]:
    """Every group that was measured, or that the training tells apart, stands in the report."""
    groups = [measure.group for measure in facts.of(Measure) if measure.group]
    asked = facts.context.inputs.get("groups")
    wanted = (
        list(map(str, asked)) if isinstance(asked, Mapping) and "measured" in facts.context.inputs else []
    )
    for report in facts.of(Report)[:1] if not _several(facts) else ():
        missing = [group for group in wanted if group not in groups]
        if missing:
            yield Clash(
                report.place,
                f"the validation report says nothing of {listed(missing)}, which was measured",
                "Add a slice for each group that was measured.",
            )
        for column in facts.of(Sliced) if not missing else ():
            if not any(group.startswith(f"{column.column}=") for group in groups):
                yield Clash(
                    report.place,
                    f"the validation report has no slice by `{column.column}`, by which the training tells groups apart",
                    "Add a slice for each group.",
                    column.place,
                )


def _digests(facts: Facts) -> Iterator[Clash]:
    """What is handed over is what the training run wrote."""
    asked = facts.context.inputs.get("artifact_digest")
    for digest in facts.of(Digest) if isinstance(asked, str) else ():
        if digest.text != asked:
            yield Clash(
                digest.place,
                f"the hand-over names the model {digest.text}, but the training run wrote {asked}",
                "Hand over the model that was validated, by its digest.",
            )


def _approved(facts: Facts) -> Iterator[Clash]:
    for report in facts.of(Report):
        if _rejects(report):
            yield Clash(
                report.place,
                f"the model is not approved: the validation report decides `{report.decision}`",
                "Read the reasons in the report, and train again.",
            )


RULES = (
    rule("feature-defined", "error", "Features that are used are defined", _defined),
    rule("feature-source", "error", "Features are made from columns of the data contract", _sourced),
    rule("target-asked", "error", "What is predicted is the column that was asked for", _targeted),
    rule("feature-leak", "error", "No feature is made from the target", _leaks),
    rule("feature-personal", "error", "No feature is made from personal data", _personal),
    rule("model-named", "error", "Model and version are the same everywhere", _named),
    rule("metric-reached", "error", "What is approved reaches what it has to", _reached),
    rule("metric-measured", "error", "Figures are those that were measured", _measured),
    rule("artifact-digest", "error", "The model that is handed over is the one that was trained", _digests),
    rule("slice-reported", "error", "Each group that was measured is reported", _sliced),
    rule("model-approved", "error", "The validation approves the model", _approved),
)
