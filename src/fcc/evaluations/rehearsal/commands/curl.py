"""`curl` in a script: the service's answers, a query of Prometheus, and messages that leave the simulation."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.cluster.cluster import Cluster, Key
    from fcc.evaluations.rehearsal.shell.state import Shell, Streams

_VALUED = {
    "-H", "--header", "-X", "--request", "-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout",
    "--retry", "--retry-delay", "--retry-max-time", "-u", "--user", "-A", "--user-agent", "-d", "--data", "--data-raw",
    "--data-binary", "--data-urlencode", "--json", "-F", "--form", "--cacert", "--cert", "--key",
}  # fmt: skip
_DATA = {"-d", "--data", "--data-raw", "--data-binary", "--json", "-F", "--form", "--data-urlencode"}
_CODE, _TIME, _LOCAL = "%{http_code}", "%{time_total}", {"localhost", "127.0.0.1", "0.0.0.0"}  # noqa: S104 - a name
_FAILED, _UNREACHABLE = 22, 7


def curl(shell: Shell, args: list[str], streams: Streams) -> int:
    """Ask the service, or Prometheus; what is posted elsewhere counts as sent. Its exit code is curl's."""
    began = shell.cluster.now
    options, flags, urls = _options(args)
    code = 0
    for url in urls:
        code = _asked(shell, url, options, flags, streams)
        if code:
            break
    shell.note(["curl", *args], code, "", began)
    return code


def _options(args: list[str]) -> tuple[dict[str, str], set[str], list[str]]:
    options: dict[str, str] = {}
    flags: set[str] = set()
    urls: list[str] = []
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        name, equals, value = word.partition("=")
        if word in _VALUED or (name in _VALUED and equals and word.startswith("--")):
            if not equals or word in _VALUED:
                value = args[at] if at < len(args) else ""
                name, at = word, at + 1
            options[name] = value
        elif word.startswith("--"):
            flags.add(word)
        elif word.startswith("-") and len(word) > 1:
            flags |= set(word[1:])
            last = "-" + word[-1]
            if last in _VALUED:
                options[last] = args[at] if at < len(args) else ""
                at += 1
        else:
            urls.append(word)
    return options, flags, urls


def _asked(shell: Shell, url: str, options: dict[str, str], flags: set[str], streams: Streams) -> int:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.path.endswith("/api/v1/query"):
        return _prometheus(shell, parts.query, options, streams)
    service = service_of(shell.cluster, parts.hostname or "")
    if service is None:
        if options.keys() & _DATA or options.get("-X", options.get("--request", "GET")) not in {
            "GET",
            "HEAD",
        }:
            return 0
        raise NotUnderstoodError(f"what {parts.hostname or url[:40]} answers")
    answers = bool(shell.cluster.endpoints(service))
    status = 200 if answers else 503
    shown = options.get("-w", options.get("--write-out", ""))
    if not shell.cluster.endpoints(service) and not shown:
        status = 0
    text = shown.replace(_CODE, f"{status:03}").replace(_TIME, "0.010000").replace("\\n", "\n")
    if re.search(r"%\{", text):
        raise NotUnderstoodError(f"curl -w {shown[:40]}")
    shell.write(streams.out, text)
    if answers:
        return 0
    return _FAILED if {"f", "--fail"} & flags and status else _UNREACHABLE


def service_of(cluster: Cluster, host: str) -> Key | None:
    """The Service that a host name means; a local one means the first, through a forwarded port."""
    names = host.split(".")
    for key in cluster.listed("Service"):
        if host in _LOCAL or (
            names[0] == key[2] and (len(names) == 1 or not key[1] or names[1] in {key[1], "svc"})
        ):
            return key
    return None


def _prometheus(shell: Shell, query: str, options: dict[str, str], streams: Streams) -> int:
    given = options.get("--data-urlencode", options.get("-d", options.get("--data", query)))
    match = re.search(r"(?:^|&)query=(.*)", given, re.DOTALL)
    asked = unquote(match[1]) if match and "--data-urlencode" not in options else match[1] if match else ""
    found = shell.query(asked, shell.cluster.now) if shell.query is not None and asked else None
    if found is None:
        raise NotUnderstoodError("what Prometheus answers to its query")
    shell.write(
        streams.out,
        json.dumps({"status": "success", "data": {"resultType": "vector", "result": found}}) + "\n",
    )
    return 0
