"""What a function process is started from, and the environment that Lambda gives it."""

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# These differ from one container to the next, and a process serves many.
PER_CONTAINER = {"AWS_LAMBDA_LOG_STREAM_NAME", "_MINISTACK_INVOKE_DEPTH"}
SITE_PACKAGES = f"python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


@dataclass(frozen=True)
class Function:
    """One version of one function: two equal ones may share processes."""

    handler: str
    task_root: Path
    """/var/task: the image's root or the zip's content."""
    opt: Path | None
    """/opt: the layers, merged."""
    variables: dict[str, str]
    """The function's own variables and those that MiniStack sets on a container."""

    @cached_property
    def key(self) -> str:
        """What must be the same for a process to be reused."""
        lasting = {k: v for k, v in self.variables.items() if k not in PER_CONTAINER}
        parts = [self.handler, str(self.task_root), str(self.opt), lasting]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        return self.variables["AWS_LAMBDA_FUNCTION_NAME"]

    @property
    def arn(self) -> str:
        return self.variables["_LAMBDA_FUNCTION_ARN"]

    @property
    def timeout(self) -> int:
        return int(self.variables["_LAMBDA_TIMEOUT"])

    def environment(self, host: dict[str, str], home: Path, runtime_api: str) -> dict[str, str]:
        """What the process sees: Lambda's variables, the function's, and of the host only `host`.

        HOME and TMPDIR are the process's own directory: on AWS, too, /tmp belongs to one
        environment, and nothing of the user's ~/.aws may reach a function.
        """
        return {
            **host,
            "TZ": ":UTC",
            "HOME": str(home),
            "TMPDIR": str(home),
            **self._own_variables(),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": home.name,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "_HANDLER": self.handler,
            "LAMBDA_TASK_ROOT": str(self.task_root),
            "PYTHONPATH": os.pathsep.join(self._python_path()),
        }

    def _own_variables(self) -> dict[str, str]:
        """The container's variables, with the name containers use for the host undone."""
        own = {k: v for k, v in self.variables.items() if not k.startswith(("_MS_", "_MINISTACK_"))}
        endpoint = own["AWS_ENDPOINT_URL"].replace("host.docker.internal", "127.0.0.1")
        return own | {"AWS_ENDPOINT_URL": endpoint}

    def _python_path(self) -> list[str]:
        """AWS's order: the task, the layers, then what the variable PYTHONPATH adds."""
        layers = [self.opt / SITE_PACKAGES, self.opt / "python"] if self.opt else []
        added = self.variables.get("PYTHONPATH", "").split(os.pathsep)
        return [str(self.task_root), *map(str, layers), *filter(None, added)]
