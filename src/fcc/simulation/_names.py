"""The name that a reply gives a file: beside its fence, in its first comment, or just before it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

# The patterns are texts, so that each is compiled when it is first needed and not when this is imported.

_LONGEST = 300
"""How long a line may be that is looked at for a name."""

_FIRST_LINES = 5
_MOST_FILES = 500

_ATTRIBUTE = r"(?i)(?<![\w-])(path|file|filename|title|name)=(?:\"([^\"]*)\"|'([^']*)'|([^\s{}]+))"
_SHAPE = r"/?(?:[\w@+.-]+/)*+[\w@+.-]+"
_BARE = r"(?:Docker|Container|Make|Jenkins|Proc|Vagrant|Caddy|Just|Tilt|Gem|Pip)file(?:\.[\w-]+)?|CODEOWNERS|LICENSE"
_HIDDEN = r"\.env(?:\.[\w-]+)?|\.[a-z]+ignore|\.[a-z0-9]+rc|\.editorconfig|\.gitattributes|\.flake8"
_NO_FILE = r"(?i)(?:node|vue|next|nuxt|express|react|angular|three|d3|chart|socket|asp|ml|e\.g|i\.e)\.(?:js|io|net|ts)$"

_COMMENT = r"(?:(---)[ \t]+#|(#)+|(//)+|(--)(?!-)|(;)+|(<!--)|(/\*)+|(\{\{-?[ \t]*/\*))[ \t]*(.*)"
_COMMENT_END = r"[ \t]*(?:-->|\*+/(?:[ \t]*-?\}\})?)$"
_PREAMBLE = ("#!", "---", "<?xml", "# syntax", "# -*-")
_LABEL = r"(?i)^(?:file ?name|file ?path|file|path)[ \t]*[:=][ \t*_`]*"
_DECORATION = "-=*~#>:`\"' \t\r─━═—–"
_REMARK = r"[`*]*(?:[ \t]+\([^()]*\)|[ \t]+[-–—][ \t].*)$"
_NUMBER = r"(?i)^(?:[-*+]|(?:step[ \t]+)?\d{1,3}(?:\.\d{1,3})*[.):]?)[ \t]+"
_HEADING = r"^#{1,6}[ \t]+"
_BOLD = r"(?:\*\*|__).*(?:\*\*|__):?$"
_USE = (
    r"(?i)\b(?:run(?:s|ning)?|execut\w*|invok\w*|call\w*|appl(?:y|ies)|test\w*|verif\w*|validat\w*|check\w*|install\w*|output\w*"
    r"|usage|prints?|source|launch|start|see|chmod)\b|\b(?:with|using|via|by|from|against|for)[ \t*_(]*`"
)

_SUFFIXES = {
    "dockerfile": ("dockerfile", "docker", "containerfile"),
    "hcl": ("hcl", "tf", "tfvars", "nomad"),
    "json": ("json", "json5", "jsonc", "ipynb", "avsc"),
    "markdown": ("md", "mdx"),
    "python": ("py", "pyi"),
    "shell": ("sh", "bash", "env", "zsh"),
    "sql": ("sql",),
    "toml": ("toml", "lock"),
    "yaml": ("yaml", "yml", "tpl", "tmpl", "j2", "gotmpl", "example", "template"),
}
"""What the files of a language are called."""

_LANGUAGES = {
    "bash": "shell",
    "docker": "dockerfile",
    "json5": "json",
    "jsonc": "json",
    "md": "markdown",
    "mdx": "markdown",
    "py": "python",
    "python3": "python",
    "sh": "shell",
    "terraform": "hcl",
    "tf": "hcl",
    "yml": "yaml",
    "zsh": "shell",
}
_OTHER_SUFFIX = (
    r"bat|[chr]|cfg|cjs|conf|cpp|cs|css|csv|cue|dart|exs?|fish|go|gradle|graphql|groovy|hpp|html?|http|ini|java|jsx?|jsonnet"
    r"|kts?|libsonnet|log|lua|mermaid|mjs|mmd|mod|php|pl|promql|properties|proto|ps1|rb|rego|rs|rst|scala|scss|service|socket"
    r"|sum|svg|swift|tex|timer|tsx?|tsv|txt|vue|xml"
)
_ANY = frozenset({"", "gotmpl", "go-template", "helm", "jinja", "jinja2", "plaintext", "text", "txt"})
"""Languages whose files are called anything."""

TERMINAL = frozenset(
    {
        "console",
        "log",
        "logs",
        "output",
        "pycon",
        "sh-session",
        "shell-session",
        "shellsession",
        "stderr",
        "stdout",
    }
    | {"terminal", "bash-session"}
)
"""Languages of what a terminal shows: no file, unless the fence says so."""

_ABOUT_FILES = TERMINAL | {"diff", "patch"}
"""Languages in which, and before which, the name of a file doesn't name the text."""


class Named(NamedTuple):
    """A file in a block: its name, and its lines, from `start` up to, but without, `end`."""

    name: str
    start: int
    end: int


def from_info(info: str) -> str:
    """The name that an info string gives; "" where it gives none."""
    info = info[:_LONGEST]
    for found in re.finditer(_ATTRIBUTE, info):
        value = next((group for group in found.groups()[1:] if group), "")
        if found[1].lower() not in {"title", "name"} or is_file(value.replace(" ", "-")):
            return value
    for position, word in enumerate(info.split()):
        for part in (word, word.rpartition(":")[2]):
            bare = part.strip("()[]{}'\"`#,;:")
            whole_info = position == 0 and bare == word  # here, a name without a dot is a language
            if is_file(bare) and ("." in bare or not whole_info):
                return bare
    return ""


def from_text(line: str, language: str, *, is_near: bool = True) -> str:
    """The name in the line before a block, or (not `is_near`) in the heading above it.

    It counts where the line is nothing but the name; in a heading or a bold line, or one that ends in a colon, also
    where it is the only one in backticks. It must fit the language.
    """
    if len(line) > _LONGEST or language in _ABOUT_FILES:
        return ""
    text = re.sub(_NUMBER, "", re.sub(r"</?[a-z]\w*>", "", line).strip(), count=1)
    strong = bool(re.match(_HEADING, text) or re.match(_BOLD, text))
    text = re.sub(_NUMBER, "", re.sub(_HEADING, "", text), count=1)
    name = _only_name(text)
    if not name and not is_use(text, language):
        alone = not re.search(r"\w", re.sub(r"`[^`]*`", "", text))
        spans = (
            re.findall(r"`([^`]+)`", text) if strong or alone or (is_near and _ends_in_colon(text)) else []
        )
        spans += re.findall(r"\(([^()`]+)\)", text) if strong else []
        files = [span for span in spans if is_file(span)]
        name = files[0] if len(files) == 1 else ""
    return name if name and _fits(name, language) else ""


def _ends_in_colon(text: str) -> bool:
    return text.rstrip("*_ \t\r").endswith(":")


def is_use(line: str, language: str) -> bool:
    """Whether a line introduces a way to use a file rather than the file, in a language that can be either."""
    either = _language(language) in {"", "plaintext", "python", "shell", "text", "txt"}
    return either and bool(re.search(_USE, re.sub(r"`[^`]*`", "`", line[:_LONGEST])))


def from_comments(lines: list[str], language: str) -> list[Named]:
    """The files in a block whose comments name them: none, one, or several where each begins with such a comment."""
    first = _first(lines)
    if language in _ABOUT_FILES or first is None or not (name := _in_comment(lines[first], language)):
        return []
    found = {name.casefold(): (name, first)}
    for index in range(first + 1, len(lines)):
        after_gap = not lines[index - 1].strip() or lines[index - 1].startswith("---")
        if (after_gap or lines[index].startswith("---")) and len(found) < _MOST_FILES:
            other = _in_comment(lines[index], language)
            found.setdefault(other.casefold(), (other, index))
    found.pop("", None)
    starts = [index for _, index in found.values()]
    parts = [
        Named(name, start if position else 0, _trimmed(lines, end) if end < len(lines) else end)
        for position, ((name, start), end) in enumerate(
            zip(found.values(), [*starts[1:], len(lines)], strict=True)
        )
    ]
    if len(parts) > 1 and not all(_has_content(lines, part, language) for part in parts):
        return []
    if len(parts) == 1 and _is_used(lines, name, language):
        return []
    return [_without_foreign_comment(lines, part) for part in parts]


def is_file(name: str) -> bool:
    """Whether a word is unmistakably the name of a file."""
    plain = name.replace("\\", "/")
    if len(name) > _LONGEST or not re.fullmatch(_SHAPE, plain) or re.search(_NO_FILE, plain):
        return False
    base = plain.rpartition("/")[2]
    _, dot, suffix = base.lower().rpartition(".")
    known = re.fullmatch(_OTHER_SUFFIX, suffix) or any(suffix in suffixes for suffixes in _SUFFIXES.values())
    return bool(dot and known) or bool(re.fullmatch(f"{_BARE}|{_HIDDEN}", base))


def _first(lines: list[str]) -> int | None:
    """The first line that says something, and doesn't belong to the form of every file of its language."""
    for index, line in enumerate(lines[:_FIRST_LINES]):
        if line.strip() and not (line.startswith(_PREAMBLE) and not line.startswith("--- #")):
            return index
    return None


def _in_comment(line: str, language: str) -> str:
    if len(line) > _LONGEST or not (comment := re.match(_COMMENT, line)):
        return ""
    if _language(language) == "markdown" and not line.startswith("<!--"):
        return ""
    name = _only_name(re.sub(_COMMENT_END, "", comment[comment.lastindex or 0].rstrip()))
    return name if name and _fits(name, language) else ""


def _only_name(text: str) -> str:
    """The name that a text consists of, beside drawn lines, a label, and a remark in brackets or after a dash."""
    text = re.sub(_LABEL, "", text.strip(_DECORATION), count=1).strip(_DECORATION)
    for candidate in (text, re.sub(_REMARK, "", text)):
        if is_file(candidate):
            return candidate
    return ""


def _fits(name: str, language: str) -> bool:
    language = _language(language)
    if language in _ANY:
        return True
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    stem, dot, suffix = base.rpartition(".")
    if re.match(r"(?:docker|container)file(?:\.|$)", base) or suffix in _SUFFIXES["dockerfile"]:
        return language == "dockerfile"
    if language in _SUFFIXES:
        own = suffix in _SUFFIXES[language] or (language == "shell" and base.startswith(".env"))
        return own or (language == "yaml" and stem.endswith((".yaml", ".yml")))
    return not dot or not any(suffix in suffixes for suffixes in _SUFFIXES.values())


def _language(tag: str) -> str:
    return _LANGUAGES.get(tag, tag)


def _is_used(lines: list[str], name: str, language: str) -> bool:
    """Whether a script calls the file that its first comment names: it is then no part of it."""
    if _language(language) != "shell":
        return False
    base = re.escape(name.replace("\\", "/").rpartition("/")[2])
    call = re.compile(rf"(?:\./|(?:ba)?sh |source |chmod \S+ )?(?:[\w.-]+/)*+{base}(?:\s|$)")
    return any(call.match(line) for line in lines if len(line) <= _LONGEST)


def _has_content(lines: list[str], part: Named, language: str) -> bool:
    body = [line for line in lines[part.start : part.end] if line.strip() and line.strip() != "---"]
    if _language(language) == "shell":
        return any(line.startswith("#!") for line in body[:2])
    return len(body) > 1


def _trimmed(lines: list[str], end: int) -> int:
    """The end of a part without what separates it from the next one."""
    while end and lines[end - 1].strip() in {"", "---"}:
        end -= 1
    return end


def _without_foreign_comment(lines: list[str], part: Named) -> Named:
    """The part without the comment that names it, where its language has none of that form."""
    line = lines[part.start] if part.start < part.end else ""
    if line.startswith(("---", "{{")) or not _in_comment(line, ""):
        return part
    suffix = part.name.rpartition(".")[2].lower()
    hash_only = {*_SUFFIXES["yaml"][:2], *_SUFFIXES["python"], *_SUFFIXES["shell"], "toml"}
    foreign = suffix == "json" or (suffix in hash_only and not line.startswith("#"))
    return part._replace(start=part.start + 1) if foreign else part
