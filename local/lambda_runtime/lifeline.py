"""Run a Python module that dies with whoever started it: `python lifeline.py MODULE [ARG ...]`.

Standard input is the lifeline: a pipe whose other end the starter holds and never writes to.
However the starter ends (Ctrl-C, SIGKILL, a power cut of its terminal), the kernel closes the
pipe, the read below returns, and this process kills its own process group. That works wherever
there are pipes, where PR_SET_PDEATHSIG is Linux's alone and watches a thread, not a process.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Watch the lifeline and become `python -m MODULE`."""
    lifeline = os.dup(0)
    _close_standard_input()
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    sys.argv = sys.argv[1:]
    sys.path[0] = os.getcwd()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _close_standard_input() -> None:
    """Give the module an empty stdin, so that it cannot read the lifeline away."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _die_with(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main()
