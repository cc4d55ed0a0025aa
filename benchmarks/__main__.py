"""`python -m benchmarks`: run them all, or the ones that are named."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path

from benchmarks.measure import has_peer
from benchmarks.report import Table, as_json, machine, show

MODULES = {
    "cold": "cold",
    "steps": "steps",
    "http": "over_http",
    "ledger": "ledger",
    "cassettes": "cassettes",
    "registry": "registry",
    "personas": "personas",
    "bus": "bus",
    "fuzz": "fuzz",
}


def main() -> None:
    """Measure, print a table for each, and write them as JSON where asked. Exits with 0 whatever the figures say."""
    options = _options()
    tables = []
    for name in options.names or MODULES:
        table = _measure(name, options)
        tables.append(table)
        print(show(table), end="\n\n", flush=True)
    if options.json:
        found = {"machine": machine(), "benchmarks": [as_json(table) for table in tables]}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _measure(name: str, options: Namespace) -> Table:
    try:
        table: Table = import_module(f"benchmarks.{MODULES[name]}").measure(options)
    except Exception as error:  # noqa: BLE001 - the others are measured all the same
        return Table(name, f"could not be measured: {type(error).__name__}: {error}")
    if options.peers and not has_peer(options.peers, "agent_framework"):
        table.notes.append(f"{options.peers} has no agent-framework")
    return table


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(MODULES)} [all]")
    parser.add_argument(
        "--rounds",
        type=int,
        help="how often each variant is measured [9 for cold, 15 for steps, else 5 or 7]",
    )
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has agent-framework")
    parser.add_argument("--profile", action="store_true", help="also say where the time goes (cold, steps)")
    parser.add_argument(
        "--model", default="openai/gpt-4.1-mini", help="the model's name (http, ledger) [%(default)s]"
    )
    parser.add_argument(
        "--instructions", action="store_true", help="also count instructions, with valgrind (cold)"
    )
    parser.add_argument(
        "--personas", type=Path, metavar="DIR", help="load this folder's cards (registry, personas)"
    )
    parser.add_argument("--inputs", type=int, help="how many damaged replies (fuzz) [2,000]")
    parser.add_argument("--seed", type=int, default=1, help="from which they are made (fuzz) [%(default)s]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to a file")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in MODULES]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are: {', '.join(MODULES)}")
    return options


if __name__ == "__main__":
    main()
