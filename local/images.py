"""Image assets of a cloud assembly, laid out where the Lambda runtime finds them."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from local.dockerfile import TASK_ROOT, Dockerfile


def build(context: Path, dockerfile: str, tag: str, images: Path) -> None:
    """Make `images/{tag}/`: the image's root, and image.json with its ENV and CMD.

    The tag is a hash of the content, so an image that is there is right. It is renamed into place
    when whole.
    """
    target = images / tag
    if target.exists():
        return
    parsed = Dockerfile.parse((context / dockerfile).read_text())
    images.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=images))
    parsed.build(context, partial / "root")
    environment = {
        name: value.replace(TASK_ROOT, str(target / "root"))
        for name, value in parsed.environment.items()
    }
    description = {"environment": environment, "command": parsed.command}
    (partial / "image.json").write_text(json.dumps(description))
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)
