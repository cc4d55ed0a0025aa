"""Scripts are interpreted, never executed: what they say is what bash would say, and what is not known is not guessed."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.rehearsal.cluster.cluster import Cluster
from fcc.evaluations.rehearsal.shell.script import run_script

IMAGE = "registry.example/team/web:1.2"
LIKE_BASH = [
    'x=a; y="${x}b$x"; echo "$y" ${y#a} ${y%a} ${y/b/-} ${#y} "${z:-none}" ${z-none} ${x:+set} "${y:1:1}" "${y^^}"',
    f'i={IMAGE}; echo "${{i##*/}}" "${{i%%:*}}" "${{i#*/}}" "${{i%/*}}" "${{i//e/E}}"',
    'x="a  b"; echo $x; echo "$x"; for w in $x "c d"; do echo "[$w]"; done',
    'f() { local a="$1"; shift; echo "$a $# $*"; return 3; }; f 1 2 3; echo $?',
    'f() { for a in "$@"; do echo "<$a>"; done; }; f "a b" c ""; f',
    "set -e; false || echo caught; if ! false; then echo negated; fi; false; echo never",
    "set -e; f() { false; echo in-f; }; f || echo x; f; echo never",
    'set -euo pipefail; x=$(echo a | grep b || true); echo "[$x]"; echo a | grep -q b; echo never',
    "set -o pipefail; false | cat; echo $?; true | false | cat; echo $?; ! true | false; echo $?",
    'set -e; local_x() { local x=$(false); echo "went on"; }; local_x; y=$(false); echo never',
    "n=3; ((n--)); echo $n $((n * 2 + 1)) $((n > 1 ? 7 : 8)) $((-7 / 2)) $((7 % 3)); ((n == 2)) && echo two",
    "i=0; while [ $i -lt 5 ]; do i=$((i + 1)); [ $i = 2 ] && continue; [ $i -eq 4 ] && break; echo $i; done; echo end $i",
    "i=0; until [[ $i -ge 2 ]]; do ((i += 1)); done; echo $i",
    "for a in x y; do for b in 1 2; do [[ $b == 2 ]] && continue 2; echo $a$b; done; done",
    'case "v1.2" in v2*) echo two ;; v1.? | w) echo one ;; *) echo none ;; esac; case x in "*") echo no ;; *) echo star ;; esac',
    '[[ "v10.2" =~ ^v([0-9]+)\\.([0-9]+)$ ]] && echo "${BASH_REMATCH[1]}-${BASH_REMATCH[2]}"',
    '[[ -n "" || ( -z "" && a != b ) ]] && echo yes; [ -n "" ] || echo no; [[ a < b ]] && echo less; test 3 -gt 2 && echo gt',
    'a=(one "two three"); a+=(four); echo "${#a[@]}" "${a[1]}"; for x in "${a[@]}"; do echo "[$x]"; done',
    "cat <<EOF\na $((1 + 1)) $(echo b)\n  \\$c ${HOME:+home}\nEOF\ncat <<'EOF'\n$raw `x`\nEOF",
    "cat <<-EOF | tr a-z A-Z\n\tindented\nEOF\ncat <<EOF && echo after\nx\nEOF",
    'read -r a b <<< "1 2 3"; echo "$b-$a"; while read -r line; do echo "[$line]"; done < <(printf "x\\ny z\\n"); IFS=, read -r p q <<< "k,l"; echo $q$p',
    'echo -n a; echo -e "b\\tc"; printf "%s=%d\\n" k 1 l 2; printf "%-4s|%4s|%05d\\n" a b 42; printf "no args\\n"',
    "(exit 4); echo $?; (x=inner; echo $x); echo ${x:-outer}; { echo group; }; (cd /; exit 0) && echo ok",
    'trap "echo bye" EXIT; echo hi; exit 3',
    "trap 'echo failed >&1' ERR; false; echo on",
    'set -u; x=1; echo "${y:-d}" $x; unset x; echo "$x"; echo never',
    'echo "a $(echo "b $(echo c)")" `echo d`',
    "echo 'it'\"'\"'s' \\$x a\\ b $'tab\\there'",
    "if echo x | grep -q y; then echo a; elif [[ 1 -eq 1 ]]; then echo b; else echo c; fi",
    'idle="green" target="x-${idle:-none}"\necho "$idle $target"',
    "x=5; x+=6; echo $x; export Y=7 Z; echo $Y; readonly W=8; echo $W",
    'v=HELLO; echo "${v,,}"; echo a,b,c | cut -d, -f2; echo "x y z" | awk \'{print $3}\'; printf "b\\na\\nb\\n" | sort -u | wc -l | tr -d " "',
    "printf 'a\\nb\\nc\\n' | head -n 2 | tail -1; echo foo.bar | sed 's/o*/0/'; echo abc | sed -E 's/(b|c)+/X/'; seq 2 4 | grep -c 3",
    'f() { echo "in $1"; }; f err 2>/dev/null >&2 | cat; f y > /dev/null; echo err >&2; echo "$(f z 2>&1)"',
    "basename /a/b.sh .sh; dirname /a/b.sh; command -v echo >/dev/null && echo found; command -v no-such-tool || echo missing",
    'eval "echo evaluated"; x=\'echo hi\'; $x; "echo" quoted',
    "x=1 bash -c 'echo \"[$0] $1\"' zero one",
    'false; echo "$? $#"; true && false || echo or; ! false && echo not',
    'exit_with() { exit 7; }; $(exit_with); echo "still $?"; exit_with; echo never',
    'x="$(printf "a\\n\\n")"; echo "[$x]"; y="a*b"; echo "$y"',
]
"""Scripts without a cluster: bash itself says what comes out."""


@pytest.mark.parametrize("text", LIKE_BASH)
def test_a_script_comes_to_what_bash_comes_to(text: str, tmp_path: Path) -> None:
    """The output and the exit code are those of bash."""
    (tmp_path / "x.sh").write_text(text)
    real = subprocess.run(["bash", "x.sh"], capture_output=True, text=True, check=False, cwd=tmp_path)
    ran = run_script(text, Cluster(), file="x.sh")
    assert ran.not_understood == ""
    lines = [line for line in ran.output.splitlines() if "unbound variable" not in line and "err" not in line]
    assert lines == real.stdout.splitlines()
    assert ran.exit_code == real.returncode


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo ok\npython3 deploy.py", "x.sh:2: the command `python3`"),
        ('kubectl -n "$CLUSTER_NS" get deploy', "x.sh:1: CLUSTER_NS comes from the environment"),
        ('set -u\necho "$1"', "x.sh:2: it needs the argument $1"),
        ("[ $# -lt 1 ] && { echo usage; exit 2; }", "wants arguments"),
        ("sleep 100 &", "in the background"),
        ("if true; then", "can't read this"),
        ("kubectl exec web -- ls", "x.sh:1: kubectl … --"),
        ("kubectl drain node-1", "kubectl drain"),
        ("kubectl apply -f k8s/web.yaml", "which the delivery does not hold"),
        ("kubectl get configmap settings", "is not known here"),
        ("curl -fsS https://status.example/api", "what status.example answers"),
        ("jq 'def f: f; f' <<< 1", "jq: `def"),
        ("echo {a,b}", "brace expansion"),
        ("while true; do :; done", "more than 5,000 commands"),
        ("f() { f; }; f", "too deeply"),
        ("x=aaaaaaaaaa; while true; do x=$x$x; done", "grows too long"),
        (
            "while true; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
            "more than",
        ),
        ("[[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! =~ ^(a+)+$ ]]", ""),
        ("bash other.sh", "which the delivery does not hold"),
        ("helm rollback web", "holds no chart"),
    ],
)
def test_what_is_not_known_is_not_guessed(text: str, said: str) -> None:
    """A script that does what is not simulated is not understood, with line and reason; it neither passes nor fails."""
    ran = run_script(text, Cluster(), file="x.sh")
    assert said in ran.not_understood
    assert ran.exit_code is None or not said


def test_without_the_grammar_nothing_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tree-sitter is missing, a script is not checked, which is said."""
    from fcc.evaluations.rehearsal.shell import syntax

    syntax.parse.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "tree_sitter_bash", None)
    ran = run_script("echo never-seen-before", Cluster(), file="x.sh")
    assert "fcc-agents[validators]" in ran.not_understood
    assert ran.exit_code is None


def test_the_clock_is_the_simulated_one() -> None:
    """Sleeping takes no time, and `date` tells the simulated one."""
    cluster = Cluster()
    ran = run_script(
        "a=$(date +%s); sleep 2m; b=$(date +%s); echo $((b - a)) $SECONDS; date -u +%F", cluster, file="x.sh"
    )
    assert ran.output == "120 120\n2026-01-01\n"
    assert cluster.now == 120


def test_a_script_that_does_not_end_in_time_is_still_running() -> None:
    """Whoever waits longer than may be is told as still running: neither understood wrongly nor a pass."""
    ran = run_script("while true; do sleep 30; done", Cluster(), file="x.sh", seconds=600)
    assert ran.still_running
    assert ran.exit_code is None
    assert ran.not_understood == ""


def test_files_of_the_delivery_can_be_called_and_written() -> None:
    """Scripts run scripts that are delivered, and read what they wrote; nothing else is there."""
    files = {
        "artifacts/scripts/lib.sh": 'greet() { echo "hello $1"; }\n',
        "scripts/say.sh": 'echo "$0 $1"; exit 3\n',
    }
    text = 'source "$(dirname "$0")/lib.sh"\ngreet you\nbash scripts/say.sh x || echo "code $?"\necho kept > /tmp/f\ncat /tmp/f'
    ran = run_script(text, Cluster(), file="scripts/x.sh", files=files)
    assert ran.output == "hello you\nscripts/say.sh x\ncode 3\nkept\n"


def test_the_webhook_is_read_from_standard_input() -> None:
    """`jq` and `read` get what stands on standard input."""
    hook = {
        "alerts": [
            {"status": "firing", "labels": {"action": "rollback"}},
            {"status": "resolved", "labels": {}},
        ]
    }
    text = "jq -r '.alerts[] | select(.status == \"firing\") | .labels.action'"
    assert run_script(text, Cluster(), file="x.sh", stdin=json.dumps(hook)).output == "rollback\n"
    text = 'payload="$(cat)"; echo "$payload" | jq ".alerts | length"'
    assert run_script(text, Cluster(), file="x.sh", stdin=json.dumps(hook)).output == "2\n"


SNIPPETS = [
    "x=1", 'y="$x a"', "for i in 1 2 3; do", "done", "if true; then", "else", "fi", "while true; do", "f() {", "}", "f",
    'case "$x" in', "a*) echo;;", "esac", "cat <<EOF", "EOF", "kubectl get deploy -o json", "| jq '.items[] | .metadata'",
    "kubectl rollout undo deployment/web", "((x++))", "x=$((x*x))", "[[ $x =~ ^(a+)+$ ]]", "set -euo pipefail", "exit 1",
    "return 2", 'trap "echo x" EXIT', "sleep 9", "x=$x$x$x", "${x:-$y} ${x#a} ${x//a/b}", "arr=(a b)", '"${arr[@]}"',
    "jq '[.. | .a?]' <<< '{}'", 'printf "%s %d\\n" a', 'eval "$x"', 'bash -c "$x"', "&&", "||", "!", "|", ";", "&", "(", ")",
    '"', "'", "\\", "`date`", "$(", "<<<", "> f", "2>&1", "< /dev/null", '"$@"', "break 2", "kubectl delete pod --all",
    "kubectl scale deploy/web --replicas=9999", "kubectl patch deploy web --type merge -p '{\"spec\": null}'",
    "kubectl patch svc web -p '{\"spec\":{\"ports\":5}}'", "kubectl apply -f - <<< 'kind: Deployment'", "\0", "\ud800", "é",
]  # fmt: skip


@settings(max_examples=60, deadline=4000)
@given(parts=st.lists(st.sampled_from(SNIPPETS), max_size=12), glue=st.sampled_from(["\n", " ", "; "]))
def test_no_script_breaks_or_hangs_the_interpreter(parts: list[str], glue: str) -> None:
    """Whatever stands in a script, it comes to an end, and to the same one twice."""
    text = glue.join(parts)
    first = run_script(text, Cluster(), file="x.sh", stdin="{}", seconds=3600)
    again = run_script(text, Cluster(), file="x.sh", stdin="{}", seconds=3600)
    assert first == again
    assert (first.exit_code is None) == bool(first.not_understood or first.still_running)


LONG = "x=aaaaaaaaaa\n" + 'x="$x$x"\n' * 14


@pytest.mark.parametrize(
    "text",
    [
        'a=("")\n' + 'a=("${a[@]}" "${a[@]}")\n' * 30,
        "set -- a\n" + 'set -- "$@" "$@"\n' * 30,
        'f() { f "$@" "$@"; }; f a',
        LONG + "a=( " + "$x " * 25_000 + ")",
        LONG + "cat <<E\n" + "$x" * 30_000 + "\nE",
        LONG + "echo ${x//a/$x}",
        LONG + 'echo "$x" | sed "s/a/$x/g"',
        LONG + 'echo "$x" > f; cat ' + "f " * 40_000 + "> /dev/null",
        LONG + "y=${x%%*b}",
        "printf '" + "%999d" * 150 + "' $(seq 1 10000)",
        "printf %1000000000d 1",
        "seq 1 1000000 | tail -1",
        "echo '[1]' | jq '" + "|".join([".+."] * 40) + "'",
        "echo '[1]' | jq '" + "|".join(["[.,.]"] * 40) + "|tojson'",
        "echo 10 | jq '" + "|".join([".*."] * 40) + "'",
        "echo '[1]' | jq '.[empty:1]'",
        "select x in a; do echo $x; done",
        "touch f; rm f; rm scripts/a.sh",
    ],
    ids=range(18),
)
def test_what_grows_without_end_is_not_understood(text: str) -> None:
    """Doubled arrays, arguments and values, long formats and patterns end soon, and come to no verdict."""
    run = run_script(text, Cluster(), file="x.sh", files={"scripts/a.sh": ""})
    assert run.exit_code is None
    assert run.not_understood


def test_a_script_finds_where_it_is_and_what_there_is() -> None:
    """`pwd`, `type`, `which`, `touch`, and the tests of folders and programs answer as on a machine with the delivery."""
    text = """
    echo "$(cd "$(dirname "$0")" && pwd)"
    type kubectl > /dev/null && which kubectl
    type nosuch > /dev/null 2>&1 || echo missing
    [ -x "$(command -v kubectl)" ] && echo program
    [ -d k8s ] && [ ! -d charts ] && echo folder
    touch lock; [ -f lock ] && echo there; rm -f lock; [ -f lock ] || echo gone
    """
    run = run_script(text, Cluster(), file="x.sh", files={"k8s/a.yaml": ""})
    assert run.output.split() == [
        "/delivery",
        "/usr/bin/kubectl",
        "missing",
        "program",
        "folder",
        "there",
        "gone",
    ]


def test_a_command_has_the_line_where_it_was_given() -> None:
    """A command in a function stands on its own line; one that was given to a function, on that of the call."""
    text = 'retry() { "$@"; }\nmain() {\n  kubectl get deploy web\n  retry kubectl get deploy web\n}\nmain "$@"\n'
    assert [one.line for one in run_script(text, Cluster(), file="x.sh").commands] == [3, 4]
