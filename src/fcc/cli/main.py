"""The entry point: runs a command and turns whatever happens into one message and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

INTERRUPTED = 130
INTERNAL = 70


def main() -> None:
    """Run the command line and exit with its code: never 1 but for a judged no."""
    code = INTERRUPTED
    # Looking for pydantic's plugins costs a tenth of an offline run, and none of them serves this command.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(
        50_000, 20, 20
    )  # imports make many objects and no garbage; looking for some takes a twentieth
    try:
        _interrupt_on_termination()
        _keep_interrupts()
        _mend_streams()
        from fcc.cli.app import execute

        code = execute(sys.argv[1:])
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the result stands; only leaving is left
    except KeyboardInterrupt:
        pass
    except SystemExit as stop:  # nothing here exits: a plugin's own code must not choose ours
        code = INTERNAL
        sys.stderr.write(f"Error: something called sys.exit({stop.code!r}) while the command ran\n")
    except BrokenPipeError:
        code = INTERNAL
        _discard_output()
    except Exception as error:  # noqa: BLE001 - the very last door: an uncaught error would exit with 1
        code = INTERNAL
        reason = getattr(error, "strerror", None) or str(error)
        sys.stderr.write(f"Error: cannot write the result: {reason}\n")
        _discard_output()
    sys.exit(code)


def _interrupt_on_termination() -> None:
    """What CI and containers send ends a run as Ctrl-C does: it is noted, and goes on when it is resumed."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def _keep_interrupts() -> None:
    """A Ctrl-C in the middle of what can't raise (a callback from C, a finaliser) is heard right after it, not printed."""
    otherwise = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            otherwise(unraisable)
            return
        import threading

        again = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def _mend_streams() -> None:
    """A closed stream becomes one that goes nowhere; one that lacks a character shows its code instead."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Keep the interpreter from writing what is left in the buffer when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
