"""Containers as MiniStack sees them: made, filled, started, asked for their port and their logs.

```
create ─▶ put_archive("/opt", layers) ─▶ start      where there are layers
run                                                 where there are none
  ─▶ ports, POST /containers/{id}/2015-03-31/functions/function/invocations ─▶ logs
stop, remove                                        changed, deleted or long idle
```
Code arrives as a mount on /var/task, or, where MiniStack itself runs in a container, as an archive.
"""

import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from . import files
from .errors import NotFound
from .function import Function
from .invocation import Answer, run
from .pool import ProcessPool
from .process import Heartbeat
from .settings import RuntimeSettings
from .types import Mount

# MiniStack runs a zip function by a file of its own that corrects the function's ARN, which is
# right here from the start, and which would stand in every stack trace.
SHIM = "_msctx_shim.handler"


@dataclass(frozen=True)
class Host:
    """What all containers share."""

    settings: RuntimeSettings
    pool: ProcessPool
    port: int


@dataclass(eq=False)
class Container:
    """A name for one of MiniStack's concurrent invocations; the processes are in the pool."""

    host: Host
    registry: "Containers"
    image: str
    command: list[str]
    environment: dict[str, str]
    labels: dict[str, str]
    mounts: list[Mount]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    attrs: dict[str, Any] = field(default_factory=dict)
    status: str = "created"
    function: Function | None = None
    _archives: dict[str, list[bytes]] = field(default_factory=dict)
    _last_log: str = ""

    @property
    def ports(self) -> dict[str, list[dict[str, str]]]:
        """MiniStack writes `http://127.0.0.1:{HostPort}/2015-03-31/...`, so the port may carry a
        path: one server serves all containers and still knows which one is meant."""
        host_port = f"{self.host.port}/containers/{self.id}"
        return {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": host_port}]}

    def reload(self) -> None:
        """There is no engine to ask."""

    def put_archive(self, path: str, data: bytes | IO[bytes]) -> bool:
        archive = data if isinstance(data, bytes) else data.read()
        self._archives.setdefault(path, []).append(archive)
        return True

    def start(self) -> None:
        self.function = self._function()
        self._archives.clear()
        self.status = "running"

    def invoke(self, request_id: str, event: bytes, heartbeat: Heartbeat) -> Answer:
        if self.function is None:
            raise NotFound(f"container {self.id} has not been started")
        answer = run(self.host.pool, self.function, request_id, event, heartbeat)
        self._last_log = answer.log
        files.append(self.host.settings.logs / f"{self.function.name}.log", answer.log)
        return answer

    def logs(self, **_: object) -> bytes:
        """The log of the last invocation: all that MiniStack asks for, by whatever `since`."""
        return self._last_log.encode()

    def stats(self, **_: object) -> dict[str, object]:
        return {}

    def stop(self, **_: object) -> None:
        self.status = "exited"

    def remove(self, **_: object) -> None:
        self.status = "exited"
        self.registry.remove(self)

    def _function(self) -> Function:
        root, variables, command = self._directory("/var/task"), self.environment, self.command
        if root is None:
            image = files.Image.find(self.host.settings.images, self.image)
            root, variables = image.root, {**image.environment, **variables}
            command = command or image.command
        if not command:
            raise NotFound(f"neither the image {self.image} nor the function names a handler")
        handler = variables["_MS_REAL_HANDLER"] if command[0] == SHIM else command[0]
        return Function(handler, root, self._directory("/opt"), variables)

    def _directory(self, path: str) -> Path | None:
        """The local directory that the container sees at this path."""
        for mount in self.mounts:
            if mount.target == path:
                return Path(mount.source)
        archives = self._archives.get(path)
        return files.unpack(archives, self.host.settings.work / "files") if archives else None


class Containers:
    """`client.containers`: all containers of this emulator."""

    def __init__(self, settings: RuntimeSettings, port: int) -> None:
        self._host = Host(settings, ProcessPool(settings), port)
        self._all: dict[str, Container] = {}
        self._lock = threading.Lock()

    def create(
        self,
        image: str,
        command: list[str] | None = None,
        environment: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
        mounts: list[Mount] | None = None,
        **_: object,
    ) -> Container:
        container = Container(
            self._host, self, image, command or [], environment or {}, labels or {}, mounts or []
        )
        with self._lock:
            self._all[container.id] = container
        return container

    def run(self, **options: Any) -> Container:
        container = self.create(**options)
        container.start()
        return container

    def get(self, container_id: str) -> Container:
        with self._lock:
            if container_id not in self._all:
                raise NotFound(f"no container {container_id}")
            return self._all[container_id]

    def list(self, **_: object) -> list[Container]:
        """MiniStack lists containers to find what an earlier one left: here, never anything."""
        return []

    def clear(self) -> None:
        for container in list(self._all.values()):
            self.remove(container)

    def remove(self, container: Container) -> None:
        """Forget a container, and end its function's idle processes if it was the last one."""
        with self._lock:
            self._all.pop(container.id, None)
            left = [c.function.key for c in self._all.values() if c.function]
        if container.function and container.function.key not in left:
            self._host.pool.retire(container.function)
