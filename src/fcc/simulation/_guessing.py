"""What a text is that nothing says anything of: by its first lines. Pure."""

from __future__ import annotations

import re

_FIRST_LINE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(?:graph|flowchart) (?:TB|TD|BT|RL|LR)\b", "mermaid"),
        (r"(?:(?:sequence|class)Diagram|stateDiagram(?:-v2)?|erDiagram|gantt|gitGraph|mindmap)$", "mermaid"),
        (r"(?:resource|data)\s+\"[\w-]+\"\s+\"[\w-]+\"\s*\{", "hcl"),
        (r"(?:variable|provider|module|output)\s+\"[\w-]+\"\s*\{|(?:terraform|locals)\s*\{", "hcl"),
        (
            r"(?i)create\s+(?:or\s+replace\s+)?(?:table|(?:unique\s+)?index|view|database|schema|role)\s",
            "sql",
        ),
        (r"(?i)(?:alter\s+table|insert\s+into|delete\s+from|drop\s+table)\s", "sql"),
        (r"(?:SELECT\s|WITH\s+\w+\s+AS\s*\(|UPDATE\s+\w+\s+SET\s)", "sql"),
    )
)

_PYTHON_SURE = re.compile(
    r"(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*(?:\([^)]*\))?:|import\s+\w+(?:\.\w+)*(?:\s+as\s+\w+)?(?:,\s*\w+)*\s*$"
    r"|from\s*\.*[\w.]*\s*import\s|@\w+(?:\.\w+)*(?:\(.*)?$|print\(|yield\s+from\s"
    r"|(?:async\s+)?(?:if|while|for|with|match)\s+[^;{]+:\s*(?:#.*|\.\.\.|pass|continue|break)?$|try:$"
    r"|\w+(?:,\s*\w+)* = (?:await )?[\w.]+\(|type\s+\w+(?:\[.*\])? ="
)
_PYTHON_LIKE = re.compile(
    r"[\w.\[\]\"'*(), ]+\s(?:=|\+=|:=|is|in|not|and|or|lambda)(?:\s|$)|\w+(?:\.\w+)*\(|\w+\s*:\s*\w+(?:\[.*\])?\s*=\s"
    r"|(?:return|raise|assert|del|type|yield|else:|except|finally:|elif)\b|[)\]}]+[,:]?(?:\s*->.*)?$"
    r"|[rbf]{0,2}(?:\"\"\"|''')"
)
_SHELL_LIKE = re.compile(
    r"(?:sudo|docker|kubectl|helm|git|curl|wget|npm|npx|yarn|pip3?|python3?|cd|export|echo|mkdir|touch|cp|mv|rm|cat"
    r"|chmod|chown|apt|apt-get|apk|yum|make|go|cargo|terraform|aws|gcloud|az|ssh|scp|source|set|printf|tar|grep|sed|awk"
    r"|bash|sh|systemctl|ansible-playbook|node|psql|openssl|kill|sleep|exit|local|read|trap|shift|minikube|kind)(?:\s|$)"
    r"|\.{0,2}/[\w./-]+(?:\s+-|\s*$)|[A-Za-z_]\w*=(?:\S|$)"
    r"|(?:if|while|until)\s+\[|(?:if|while)\s+!?\s*\w[^:]*;\s*(?:then|do)|for\s+\w+\s+in\s[^:]*(?:;\s*do\b|$)"
    r"|(?:fi|done|esac|then|do|else)\b(?!\s*:)|case\s.*\sin$|(?:function\s+)?[\w-]+\s*\(\)\s*\{?$"
    r"|function\s+[\w-]+\s*\{?$|\}$|\S.*(?:\s\\|&&|\|\|)$|[\w./-]+\s.*(?:\$\(|\$\{|\"\$)|[a-z][\w.-]*\s+--?[a-z]"
)
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w -]*>")


def guess(lines: list[str]) -> str:
    """The kind of a text that is no YAML and no JSON, by its lines without comments; "" where it is not sure."""
    if not lines:
        return ""
    for pattern, kind in _FIRST_LINE:
        if pattern.match(lines[0]):
            return kind
    return _script(lines)


def _script(lines: list[str]) -> str:
    """Whether most of the lines that are not indented are Python, or commands."""
    own = [line for line in lines if not line[0].isspace()]
    ended = sum(line.endswith(";") for line in lines)  # as in C, and in the many languages like it
    if not own or own[0].startswith("$ ") or ended * 4 > len(lines):
        return ""
    sure = sum(bool(_PYTHON_SURE.match(line)) for line in own)
    like = sum(bool(_PYTHON_SURE.match(line) or _PYTHON_LIKE.match(line)) for line in own)
    commands = sum(bool(_SHELL_LIKE.match(line)) for line in own)
    if sure and like * 2 > len(own) and like >= commands:
        return "python"
    filled_in = not any(_PLACEHOLDER.search(line) for line in lines)
    return "shell" if filled_in and commands * 3 > len(own) * 2 and _SHELL_LIKE.match(own[0]) else ""
