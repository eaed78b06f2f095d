"""A stand-in for docker-py: MiniStack's "containers" become local `python -m awslambdaric`.

```
__init__    the client MiniStack asks for       invocation   one event to its answer and its log
containers  what it does with containers        pool         which process runs it, and when
server      where it invokes them               process      one execution environment
files       images, code and layers on disk     runtime_api  what awslambdaric talks to
settings    what the local AWS decides          function     what a process is started from
```
It holds what MiniStack's Lambda executor uses of docker-py and no more.
"""

from functools import cache

from . import errors, types
from .containers import Containers
from .invocation import Answer
from .process import Heartbeat
from .server import InvokeServer
from .settings import RuntimeSettings

__all__ = ["DockerClient", "errors", "from_env", "types"]


class LocalImage:
    """An image that is there; which one matters only when a container starts."""

    attrs: dict[str, str] = {}


class Images:
    """`client.images`."""

    def get(self, name: str) -> LocalImage:
        return LocalImage()


class DockerClient:
    """What `docker.from_env()` returns."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self.images = Images()
        self._server = InvokeServer(self._invoke)
        self.containers = Containers(settings, self._server.port)

    def close(self) -> None:
        """End all functions' processes, and answer no more."""
        self.containers.clear()
        self._server.shutdown()
        self._server.server_close()

    def _invoke(
        self, container_id: str, request_id: str, event: bytes, heartbeat: Heartbeat
    ) -> Answer:
        return self.containers.get(container_id).invoke(request_id, event, heartbeat)


@cache
def from_env(**_: object) -> DockerClient:
    """The one client of this process: several MiniStack services each ask for theirs."""
    return DockerClient(RuntimeSettings.of_this_process())
