"""What builds a documentation site: MkDocs' configuration, its pinned packages, and the CI job."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.text import fence, fill, quote, section
from fcc.providers.deterministic.writers.docs_plan import PAGES, given, product

_MKDOCS = """\
site_name: @{product}
site_description: @{description}@{repository}
docs_dir: docs
strict: true
theme:
  name: mkdocs
nav:
@{nav}
plugins:
  - search
markdown_extensions:
  - admonition
  - toc:
      permalink: true
validation:
  omitted_files: warn
  absolute_links: warn
  unrecognized_links: warn
  anchors: warn
"""
_PACKAGES = """\
mkdocs==1.6.1
"""
_WORKFLOW = """\
name: docs
on:
  pull_request:
    paths: [docs/**, mkdocs.yml, requirements-docs.txt, .github/workflows/docs.yaml]
  push:
    branches: [main]
    paths: [docs/**, mkdocs.yml, requirements-docs.txt, .github/workflows/docs.yaml]
permissions:
  contents: read
concurrency: docs-${{ github.ref }}
jobs:
  build:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v6
      - uses: actions/setup-python@v6
        with: {python-version: "3.12", cache: pip, cache-dependency-path: requirements-docs.txt}
      - run: pip install -r requirements-docs.txt
      - run: mkdocs build --strict --site-dir site
      - uses: actions/upload-pages-artifact@v5
        if: github.event_name == 'push'
        with: {path: site}
  publish:
    if: github.event_name == 'push'
    needs: [build]
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions: {pages: write, id-token: write}
    environment: {name: github-pages, url: "${{ steps.publish.outputs.page_url }}"}
    steps:
      - id: publish
        uses: actions/deploy-pages@v5
"""


def write_site(brief: Brief) -> str:
    """The site's configuration with its navigation, what it is built with, and the job that builds it strictly."""
    name, repository = product(brief), given(brief, "repository")
    nav = [f"  - {quote(page.title or 'Home')}: {page.path.removeprefix('docs/')}" for page in PAGES]
    config = fill(
        _MKDOCS,
        product=quote(name),
        description=quote(f"Documentation of {name}"),
        repository=f"\nrepo_url: {quote(repository)}" if repository.startswith("https://") else "",
        nav="\n".join(nav),
    )
    note = (
        f"`mkdocs.yml` names {len(PAGES)} pages in the order of the plan. The build is strict: a link, an anchor or a nav "
        "entry that leads nowhere stops it, on a pull request before anybody merges."
    )
    job = "`build` runs on each change of a page and on main; `publish` needs it, and alone may write to the pages."
    return "\n\n".join(
        [
            section("Documentation site", note, fence("yaml", "mkdocs.yml", config)),
            fence("text", "requirements-docs.txt", _PACKAGES),
            section("CI job", job, fence("yaml", ".github/workflows/docs.yaml", _WORKFLOW)),
        ]
    )


WRITERS: Mapping[str, Callable[[Brief], str]] = {"docs-site": write_site}
