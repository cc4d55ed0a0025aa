"""The table of environments and what differs between them."""

from __future__ import annotations

from fcc.evaluations.promotion import Promotion, Stage, Unlike, Varying
from fcc.reports.environments import environments_lines, not_meant, rows_of

LONG = "a-name-that-is-much-longer-than-any-that-somebody-would-give-to-something"
STAGES = (
    Stage("dev", "nobody was asked", 0.92, 0, 1, "READY"),
    Stage("staging", f"refused by {LONG}", None, 0, 0, "NO VERDICT"),
    Stage(f"production-{LONG}", "", None, 0, 0, "NOT REACHED"),
)
INPUTS = (
    Varying("domain", (f"{LONG}.example.com", "b.example.com"), 1),
    Varying("owner", ("a\x1b[31m", "b"), 0),
)
PLACES = (
    Unlike("artifacts/staging.x/k8s/web.yaml", 3, "Deployment spec.replicas", "1", "2", ("replicas",)),
    Unlike("artifacts/staging.x/run.sh", 7, "", "a", "", ()),
)


def test_the_table_fits_eighty_columns_and_steers_no_terminal() -> None:
    """Names are cut, values are wrapped, and escapes are gone."""
    lines = environments_lines(Promotion(STAGES, INPUTS, PLACES), verbose=True)
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in "".join(lines)
    assert "  What differs, in dev, staging:" in lines
    assert "    1 place differs and should not" in lines


def test_what_is_another_environments_is_counted() -> None:
    """Places that hold another environment's value are told beside those that differ."""
    assert not_meant(Promotion(STAGES, (), (), 2)) == "2 places hold what is another environment's"
    assert not_meant(Promotion(STAGES, INPUTS, PLACES, 1)).startswith(
        "1 place differs and should not; 1 place holds"
    )
    assert Promotion(STAGES, (), (), 2).cleared(str.upper).mixed_up == 2


def test_every_place_is_told_where_asked() -> None:
    """With the file and line, both values, and the inputs or that it was not meant."""
    text = " ".join(" ".join(environments_lines(Promotion(STAGES, INPUTS, PLACES), verbose=True)).split())
    assert "artifacts/staging.x/k8s/web.yaml:3: Deployment spec.replicas: 1 → 2 (replicas)" in text
    assert "artifacts/staging.x/run.sh:7: a → nothing (not meant)" in text
    assert "web.yaml" not in " ".join(environments_lines(Promotion(STAGES, INPUTS, PLACES)))


def test_an_environment_that_was_not_reached_has_no_figures() -> None:
    """Dashes stand for what there is not; a single environment differs from nothing."""
    assert rows_of(Promotion(STAGES, (), ()))[2][1:] == ("–", "–", "–", "–", "NOT REACHED")
    assert len(environments_lines(Promotion(STAGES[:1], (), ()))) == 2
    assert not_meant(Promotion(STAGES, (), ())) == "Nothing else differs."
