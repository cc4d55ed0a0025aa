"""What kind of file a text is, by its path, its content, and the language that it was marked as. Pure."""

from __future__ import annotations

import re

# The patterns are texts, so that each is compiled when it is first needed and not when this is imported.

_LOOKED_AT = 60_000
"""How many characters of a text are looked at."""

_LINES = 200
_LINE = 200
"""How many of its lines, and how much of each, where lines are compared with a language's."""

_BY_PATH = {
    "dockerfile": r"(?i)(^|/)(docker|container)file([.-](?!(.*\.)?(ya?ml|json|md|txt|sh|py|j2|toml|dockerignore)$).+)?$"
    r"|\.dockerfile$",
    "github_workflow": r"(^|/)\.github/workflows/[^/]+\.ya?ml$",
    "gitlab_ci": r"\.gitlab-ci\.ya?ml$",
    "docker_compose": r"(^|/)(docker-)?compose([.-][\w.-]+)?\.ya?ml$",
    "helm_chart_yaml": r"(^|/)Chart\.ya?ml$",
    "helm_values": r"(^|[/._-])values([._-][\w.-]+)?\.ya?ml$",
    "mkdocs": r"(^|/)mkdocs\.ya?ml$",
}
"""Paths that say by themselves what a file has to be, whatever it holds."""

_FAMILY = {
    "dockerfile": ("containerfile", "docker", "dockerfile"),
    "docker_compose": ("compose", "docker-compose"),
    "hcl": ("hcl", "terraform", "tf", "tfvars"),
    "json": ("json",),
    "markdown": ("markdown", "md"),
    "mermaid": ("mermaid", "mmd"),
    "python": ("py", "python", "python3"),
    "shell": ("bash", "sh", "shell"),
    "sql": ("postgres", "postgresql", "sql"),
    "toml": ("toml",),
    "yaml": ("yaml", "yml"),
}
"""The suffixes and the tags of fences that each kind has."""

_UNMARKED = frozenset({"", "plain", "plaintext", "text", "txt"})
"""Tags that say nothing of a text."""

_NO_SUFFIX = frozenset({"", "tpl", "txt"})
"""Suffixes that say nothing of a file."""

_NAMED_OTHERWISE = r"(?i)(^|/)(makefile|jenkinsfile|vagrantfile|procfile|gemfile|readme|license|codeowners|[\w.-]*requirements[\w.-]*\.txt|\.\w+)(-\d+)?$"
_JSON_WITH_COMMENTS = r"(^|/)(tsconfig[\w.-]*|devcontainer|\.vscode/[\w.-]+)\.json$"
_IN_CHART = r"(^|/)templates/[^.].*\.(ya?ml|txt)$|\.tpl$"

_COMMENT = ("#", "//", "--", ";", "<!--", "```")
_SHEBANG = r"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-S[ \t]+)?)?(?:\S*/)?(sh|bash|dash|ash|ksh|python)[\d.]*(?=\s|$)"
_INSTRUCTION = (
    r"(?:FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|ENV|ARG|WORKDIR|EXPOSE|USER|VOLUME|LABEL|HEALTHCHECK|ONBUILD"
    r"|MAINTAINER|SHELL|STOPSIGNAL)\s"
)
_JSON = r"\{\s*(?://[^\n]*\n\s*)?(?:[\"']|\}\s*$)|\[\s*[{\"]"
_DASHBOARD = r"[\"'](panels|schemaVersion|templating|title)[\"']\s*:"
_HELM = (
    r"(?<!\$)\{\{-?[ \t]*+(?:[^{}\n]*(?:\.(?:Values|Release|Chart|Capabilities)\b|\bnindent\b|\btoYaml\b)"
    r"|(?:include|define)[ \t]+\"|/\*)"
)
_KEY = r"[\"']?([A-Za-z_][\w.-]*)[\"']?[ \t]*:(?=\s|$)"
_JOB = r"(?m)^[ \t]+(?:- )?(?:runs-on|uses|steps)[ \t]*:"
_SCRIPT = r"(?m)^[ \t]+(?:before_|after_)?script[ \t]*:"
_STAGE = r"(?m)^[ \t]+(?:stage|only|rules)[ \t]*:"
_DATA_CONTRACT = r"(?m)^kind[ \t]*:[ \t]*[\"']?DataContract\b"
_ALERT = r"(?m)(?:^|[\s\"'{,-])(?:expr|alert|record)[\"']?\s*:"
_SERVICE = r"(?m)^services[ \t]*:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*[ \t]+[\"']?[\w.-]+[\"']?[ \t]*:"
_IMAGE = r"(?m)^[ \t]+(?:image|build)[ \t]*:"
_REPOSITORY = r"(?m)^[ \t]+repository[ \t]*:"

_CHART = frozenset(
    {"apiVersion", "name", "version", "kubeVersion", "description", "type", "keywords", "home", "sources"}
    | {"dependencies", "maintainers", "icon", "appVersion", "deprecated", "annotations", "condition", "tags"}
)
"""The fields of a `Chart.yaml`: https://helm.sh/docs/topics/charts/#the-chartyaml-file."""

_ENOUGH_FIELDS = 4
"""How many of them make a chart of a text without `apiVersion`: other files have a name and a version, too."""


def kind_of(path: str, language: str, text: str) -> str:
    """What a file is: a kind that `fcc.evaluations.validate_artifact` knows; else its language in lower case, or "".

    A path that leaves no choice (`Dockerfile`, `.github/workflows/x.yml`) counts most, then the content, then the
    suffix, then `language`, the tag of the fence that it stood in ("" where it stood in none). Nothing is parsed: a
    text with errors has the kind that it is meant to be.
    """
    language, path = language.lower(), path[-1000:]
    for kind, pattern in _BY_PATH.items():
        if re.search(pattern, path):
            return kind
    head = text[:_LOOKED_AT].lstrip("\ufeff").replace("\r", "")
    lines = _code(head)
    suffix = _suffix(path)
    family = _family(suffix) or _family(language)
    if found := _unmistakable(path, head, lines, family):
        return found
    if family:
        return _within(family, path, text, head)
    if suffix not in _NO_SUFFIX or language not in _UNMARKED or re.search(_NAMED_OTHERWISE, path):
        return language
    return _by_content(text, head, lines) or language


def _suffix(path: str) -> str:
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot else ""


def _family(word: str) -> str:
    return next((kind for kind, words in _FAMILY.items() if word in words), "")


def _code(head: str) -> list[str]:
    """The first lines that are neither blank nor a comment."""
    lines = [line[:_LINE].rstrip() for line in head.split("\n", _LINES)[:_LINES]]
    return [line for line in lines if line and not line.lstrip().startswith(_COMMENT)]


def _unmistakable(path: str, head: str, lines: list[str], family: str) -> str:
    """What counts more than any suffix or tag."""
    if shebang := re.match(_SHEBANG, head[:_LINE]):
        return "python" if shebang[1] == "python" else "shell"
    if family not in {"python", "sql"} and lines and _is_dockerfile(lines):
        return "dockerfile"
    return "helm_template" if re.search(_IN_CHART, path) and re.search(r"(?<!\$)\{\{", head) else ""


def _is_dockerfile(lines: list[str]) -> bool:
    if not re.match(_INSTRUCTION, lines[0]):
        return False
    images = [line for line in lines if re.match(r"FROM\s+(?!.*\simport\s)", line)]
    count = sum(bool(re.match(_INSTRUCTION, line)) for line in lines)
    return bool(images) and (count > 1 or len(lines) == 1)


def _within(family: str, path: str, text: str, head: str) -> str:
    if family in {"yaml", "json"}:
        if family == "json" and re.search(_JSON_WITH_COMMENTS, path):
            return "jsonc"
        is_json = re.match(r"\s*\{(?!\{)", head)
        return (_json_kind(text) if is_json else _yaml_kind(head)) or family
    if family == "shell" and head.lstrip().startswith("$ "):
        return "console"
    return family


def _by_content(text: str, head: str, lines: list[str]) -> str:
    from fcc.simulation import _guessing

    if re.match(_JSON, head.lstrip()):
        return _json_kind(text) or "json"
    if found := _yaml_kind(head):
        return found
    if lines and sum(bool(re.match(_INSTRUCTION, line)) for line in lines) * 2 >= len(lines):
        return "dockerfile"
    return _guessing.guess(lines) or ("yaml" if head.startswith("---\n") else "")


def _json_kind(text: str) -> str:
    named = set(re.findall(_DASHBOARD, text))
    if ("panels" in named and len(named) > 1) or {"schemaVersion", "templating"} <= named:
        return "grafana_dashboard"
    start = text[:2000]
    return "kubernetes" if '"apiVersion"' in start and '"kind"' in start else ""


def _yaml_kind(head: str) -> str:
    if "{{" in head and re.search(_HELM, head):
        return "helm_template"
    keys = _top_keys(head)
    if re.search(_DATA_CONTRACT, head):  # it has an apiVersion, too, and is no object of Kubernetes
        return ""
    if "apiVersion" not in keys:
        found = _pipeline_kind(head, keys) or _rules_kind(head, keys) or _services_kind(head, keys)
        if found:
            return found
    return _kubernetes_kind(keys) or _chart_kind(head, keys)


def _top_keys(head: str) -> set[str]:
    """The keys that stand as far to the left as the first one."""
    first = re.search(rf"(?m)^([ \t]{{0,40}}){_KEY}", head)
    return set(re.findall(rf"(?m)^{first[1]}{_KEY}", head)) if first else set()


def _pipeline_kind(head: str, keys: set[str]) -> str:
    """Of the services that run pipelines; the files of others have keys that these two lack."""
    if keys & {"workflows", "orbs", "trigger", "pool", "language", "kind"}:
        return ""
    works = re.search(_JOB, head)
    triggered = keys & {"on", "true"}  # YAML 1.1 reads `on` as true, and some tools write it so
    if (triggered and works) or ("jobs" in keys and (triggered or works)):
        return "github_workflow"
    return "gitlab_ci" if re.search(_SCRIPT, head) and ("stages" in keys or re.search(_STAGE, head)) else ""


def _rules_kind(head: str, keys: set[str]) -> str:
    return "prometheus_rules" if keys & {"groups", "group"} and re.search(_ALERT, head) else ""


def _services_kind(head: str, keys: set[str]) -> str:
    found = "services" in keys and re.search(_SERVICE, head) and re.search(_IMAGE, head)
    return "docker_compose" if found else ""


def _kubernetes_kind(keys: set[str]) -> str:
    typed = keys & {"apiVersion", "kind"}
    found = len(typed) > 1 or keys == {"kind"} or (typed and keys & {"metadata", "spec"})
    return "kubernetes" if found else ""


def _chart_kind(head: str, keys: set[str]) -> str:
    known = keys & _CHART
    needed = known & {"apiVersion", "name", "version"}
    sure = "apiVersion" in needed or len(known) >= _ENOUGH_FIELDS
    if sure and len(needed) > 1 and len(keys - known) <= 1:
        return "helm_chart_yaml"
    return (
        "helm_values" if "replicaCount" in keys or ("image" in keys and re.search(_REPOSITORY, head)) else ""
    )
