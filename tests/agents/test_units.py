"""Units: what steps unfold to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.agents import Chain, Unit, unfold
from fcc.errors import ConfigError
from fcc.wiring import open_catalog

STEP = {"persona": "JUS", "task": "t"}


def units(chain: dict[str, Any], **inputs: Any) -> dict[str, Unit]:
    plan = open_catalog().plan(Chain.model_validate({"name": "c", **chain}))
    return {unit.name: unit for unit in unfold(plan, plan.chain.resolve_inputs(inputs))}


def test_a_plain_chain_has_a_unit_for_each_step() -> None:
    """Nothing unfolds where there is nothing to unfold."""
    found = units({"steps": {"a": STEP, "b": {**STEP, "needs": ["a"]}}})
    assert {name: unit.needs for name, unit in found.items()} == {"a": (), "b": ("a",)}
    assert found["b"].place == "b/0"


def test_items_are_named_by_what_they_are() -> None:
    """A plain word names itself, anything else its hash; a repeated one is numbered; who needs the step needs them all."""
    listed = ["eu", "a b", {"k": 1}, "eu", 3]
    found = units(
        {"inputs": {"regions": {"type": "list"}}, "steps": {
            "a": {**STEP, "foreach": "inputs.regions"}, "b": {**STEP, "needs": ["a"]}}},
        regions=listed,
    )  # fmt: skip
    names = list(found)[:-1]
    assert names[0] == "a.eu"
    assert names[3] == "a.eu~2"
    assert names[4] == "a.3"
    assert found["b"].needs == tuple(names)
    assert [found[name].value for name in names] == listed
    assert found["a.eu"].place == "a/eu"


@given(
    st.lists(
        st.one_of(st.integers(), st.text(max_size=5), st.dictionaries(st.text(max_size=2), st.integers())),
        unique_by=repr,
        max_size=6,
    ),
    st.randoms(),
)
def test_another_order_of_the_list_renames_no_item(items: list[Any], random) -> None:
    """An item's place in a run hangs on the item, not on where it stands in the list."""
    chain = {"inputs": {"x": {"type": "list"}}, "steps": {"a": {**STEP, "foreach": "inputs.x"}}}
    before = {repr(unit.value): unit.place for unit in units(chain, x=items).values()}
    shuffled = random.sample(items, len(items))
    assert {repr(unit.value): unit.place for unit in units(chain, x=shuffled).values()} == before


ENVIRONMENTS = {
    "inputs": {"replicas": {"type": "integer", "default": 1}, "regions": {"type": "list", "default": ["eu"]}},
    "environments": {
        "dev": {},
        "staging": {"inputs": {"replicas": 2}},
        "production": {"inputs": {"replicas": 4, "regions": ["eu", "us"]}, "approve": {"question": "Go?"}},
    },
    "steps": {
        "stories": {**STEP, "once": True},
        "infra": {**STEP, "needs": ["stories"]},
        "check": {**STEP, "needs": ["infra"], "foreach": "inputs.regions"},
    },
}


def test_environments_come_one_after_the_other() -> None:
    """Each step once in each, but for those that are `once`; a gate before each but the first, on all of the one before."""
    found = units(ENVIRONMENTS)
    assert list(found) == [
        "stories", "dev.infra", "dev.check.eu", "staging", "staging.infra", "staging.check.eu", "production",
        "production.infra", "production.check.eu", "production.check.us",
    ]  # fmt: skip
    assert found["staging"].needs == ("dev.infra", "dev.check.eu")
    assert found["staging"].leaves == "dev"
    assert found["staging.infra"].needs == ("staging", "stories")
    assert found["production"].approve.question == "Go?"
    assert found["staging.infra"].place == "staging.infra/0"


def test_a_gate_before_the_first_environment_is_made_where_it_is_asked_for() -> None:
    """The first environment has a gate only with `gate` or `approve`."""
    chain = {**ENVIRONMENTS, "environments": {"dev": {"approve": {"question": "Start?"}}, "prod": {}}}
    assert units(chain)["dev.infra"].needs == ("dev", "stories")


def test_an_empty_list_makes_no_unit() -> None:
    """What needs a step without items does not wait for it."""
    found = units({"steps": {"a": {**STEP, "foreach": []}, "b": {**STEP, "needs": ["a"]}}})
    assert {name: unit.needs for name, unit in found.items()} == {"b": ()}


def test_too_many_units_are_refused() -> None:
    """A list that is too long is one message, not a machine that stands still."""
    with pytest.raises(ConfigError, match="10,001 units of work"):
        units({"steps": {"a": {**STEP, "foreach": list(range(10_001))}}})
