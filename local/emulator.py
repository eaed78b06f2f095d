"""The MiniStack process: started with settings for this machine alone, watched, and stopped.

A Docker engine is not asked for, nor used where there is one: MiniStack would then need the built
images, where here a function is up in a third of a second from the sources as they are.
"""

import fcntl
import os
import select
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local.lambda_runtime import lifeline
from local.lambda_runtime.docker.settings import VARIABLE, RuntimeSettings

START_SECONDS = 30
# Three tries, since another program may take the free port between our look and MiniStack's bind.
START_TRIES = 3
# Everything has been sent SIGKILL by then; what takes longer hangs in the kernel.
STOP_SECONDS = 10
# What functions and the emulator may see of the user's environment.
HOST_VARIABLES = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
# MiniStack's root: under AUTH=true these keys may do everything.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
REGION = "us-east-1"
RUNTIME = Path(lifeline.__file__).parent


class EmulatorError(Exception):
    """The emulator did not start, or may not: its directory is in use."""


class Emulator:
    """One `python -m ministack` and, below it, the function processes."""

    def __init__(
        self, state_dir: Path, enforce_iam: bool, concurrency: int, wait_scale: float
    ) -> None:
        self._state = state_dir.resolve()
        self._enforce_iam = enforce_iam
        self._concurrency = concurrency
        self._wait_scale = wait_scale
        self._lock = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._roll_call: int | None = None
        self.port = 0

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when it answers."""
        self._state.mkdir(parents=True, exist_ok=True)
        self._lock.enter_context(_locked(self._state))
        shutil.rmtree(self._state / "work", ignore_errors=True)
        (self._state / "work" / "tmp").mkdir(parents=True)
        for attempt in range(1, START_TRIES + 1):
            try:
                return self._try_to_start()
            except EmulatorError:
                self._end()
                if attempt == START_TRIES:
                    self.stop()
                    raise

    def stop(self) -> None:
        """End the emulator and its functions, and delete their work."""
        if self._process:
            self._end()
            shutil.rmtree(self._state / "work", ignore_errors=True)
        self._lock.close()

    def _end(self) -> None:
        """Kill the emulator, and wait until no process below it is left either."""
        if self._process and self._process.stdin:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None
        if self._roll_call is not None:
            select.select([self._roll_call], [], [], STOP_SECONDS)
            os.close(self._roll_call)
            self._roll_call = None

    def _try_to_start(self) -> None:
        self.port = _free_port()
        self._roll_call, present = os.pipe()
        settings = self._state / "work" / "runtime.json"
        self._settings(present).write(settings)
        with (self._state / "emulator.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, lifeline.__file__, "ministack"],
                cwd=self._state / "work",
                env=self._environment() | {VARIABLE: str(settings)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[present],
            )
        os.close(present)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=1).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        log = self._state / "emulator.log"
        last = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise EmulatorError(f"the AWS emulator did not start ({log}): {last}")

    def _settings(self, roll_call: int) -> RuntimeSettings:
        return RuntimeSettings(
            images=self._state / "images",
            logs=self._state / "logs",
            work=self._state / "work",
            concurrency=self._concurrency,
            processes=4 * self._concurrency,
            parallel_inits=os.cpu_count() or 1,
            init_seconds=60,
            host_environment=_host_environment(),
            roll_call=roll_call,
        )

    def _environment(self) -> dict[str, str]:
        """All that MiniStack sees, so that nothing of the user's own AWS settings reaches it."""
        return {
            **_host_environment(),
            **CREDENTIALS,
            "HOME": str(self._state / "work"),
            "TMPDIR": str(self._state / "work" / "tmp"),
            "STATE_DIR": str(self._state / "work" / "state"),
            "PYTHONPATH": str(RUNTIME),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": REGION,
            "BIND_HOST": "127.0.0.1",  # by default all interfaces
            "GATEWAY_PORT": str(self.port),
            "AUTH": str(self._enforce_iam).lower(),
            "LAMBDA_EXECUTOR": "docker",  # zip functions too: its own executor loses error types
            "LAMBDA_ACCOUNT_CONCURRENCY": "0",  # no throttling: the runtime lets them wait
            "DOCKER_HOST": "unix:///no-docker-engine",  # do not look for containers at start
            "SFN_WAIT_SCALE": str(self._wait_scale),
            "IOT_MTLS_ENABLED": "0",  # opens a port to all
            "SFTP_ENABLED": "0",
        }


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    """Keep others from this directory; the lock ends with this process, however that ends."""
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmulatorError(f"another local AWS is running in {state_dir}") from None
        yield


def _host_environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in HOST_VARIABLES if name in os.environ}
    return {"LANG": "C.UTF-8", **passed}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
