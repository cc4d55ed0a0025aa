"""MkDocs' configuration: the settings that there are, and the shape of the navigation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._reading import kind_of, near, one_mapping
from fcc.evaluations.validators.check import error, line_of, warning
from fcc.simulation import Finding

Path = tuple[str | int, ...]

SETTINGS = frozenset(
    [
        "INHERIT", "copyright", "dev_addr", "docs_dir", "draft_docs", "edit_uri", "edit_uri_template", "exclude_docs",
        "extra", "extra_css", "extra_javascript", "extra_templates", "hooks", "markdown_extensions", "mdx_configs", "nav",
        "not_in_nav", "plugins", "remote_branch", "remote_name", "repo_name", "repo_url", "site_author",
        "site_description", "site_dir", "site_name", "site_url", "strict", "theme", "use_directory_urls", "validation",
        "watch",
    ]
)  # fmt: skip
"""Every setting of MkDocs 1.6: https://www.mkdocs.org/user-guide/configuration/."""

_TEXTS = ("docs_dir", "repo_url", "site_description", "site_dir", "site_name", "site_url")
_LISTS = ("extra_css", "extra_javascript", "hooks", "watch")
_LISTS_OR_MAPPINGS = ("markdown_extensions", "plugins")
_DEEPEST = 20


def check(text: str) -> Iterator[Finding]:
    """The findings on a configuration: what MkDocs refuses is an error, a setting that it does not know a warning."""
    document, findings = one_mapping(text, "mkdocs-syntax", "a configuration of MkDocs")
    yield from findings
    if document is None:
        return
    data: dict[str, Any] = document.data
    if not data.get("site_name") and "INHERIT" not in data:
        yield error("mkdocs-setting", "`site_name` is missing", 1, "Give the site a name.")
    for name in data:
        if name not in SETTINGS:
            what = f"MkDocs has no setting `{name}`{near(name, sorted(SETTINGS))}"
            yield warning("mkdocs-setting", what, line_of(document, (name,)), "A strict build stops at it.")
    yield from _types(document, data)
    nav = data.get("nav")
    if nav is not None:
        if isinstance(nav, list) and nav:
            yield from _nav(document, nav, ("nav",))
        elif not (isinstance(nav, list | dict) and nav):
            yield _wrong(document, ("nav",), "`nav` is a list of pages", nav)


def _types(document: _yaml.Document, data: dict[str, Any]) -> Iterator[Finding]:
    for names, types, wanted in (
        (_TEXTS, (str,), "a text"),
        (_LISTS, (list,), "a list"),
        (_LISTS_OR_MAPPINGS, (list, dict), "a list or a mapping"),
        (("theme",), (str, dict), "a name or a mapping with `name`"),
        (("strict", "use_directory_urls"), (bool, str), "true or false"),
    ):
        for name in names:
            value = data.get(name)
            if value is not None and not isinstance(value, types) and not _from_environment(value):
                yield _wrong(document, (name,), f"`{name}` is {wanted}", value)


def _from_environment(value: Any) -> bool:
    """Whether it may be a value that a tag such as `!ENV` takes from elsewhere: a list of names, and a default."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _nav(document: _yaml.Document, items: list[Any], path: Path) -> Iterator[Finding]:
    for index, item in enumerate(items):
        here = (*path, index)
        if isinstance(item, str):
            continue
        if not isinstance(item, dict) or len(item) != 1:
            yield _wrong(
                document,
                here,
                "an entry of `nav` is a path, or one `Title: path` or `Title: [entries]`",
                item,
            )
            continue
        title, value = next(iter(item.items()))
        if isinstance(value, list) and len(here) <= _DEEPEST:
            yield from _nav(document, value, (*here, title))
        elif not (isinstance(value, str) and value.strip()):
            yield _wrong(
                document, (*here, title), f"the entry {title!r} leads to a path or a list of entries", value
            )


def _wrong(document: _yaml.Document, path: Path, what: str, value: Any) -> Finding:
    found = f"a mapping of {len(value)}" if isinstance(value, dict) else kind_of(value)
    return error(
        "mkdocs-nav" if path[0] == "nav" else "mkdocs-setting",
        f"{what}, not {found}",
        line_of(document, path),
    )
