"""What an image would hold is read from its Dockerfile."""

from pathlib import Path

import pytest

from local.dockerfile import Dockerfile, DockerfileError


def build(tmp_path: Path, text: str) -> list[str]:
    """The files of the image, from a context that holds a small project."""
    context = tmp_path / "context"
    for name in ("a.txt", "b.txt", "functions/one/handler.py", "layers/core/python/pkg/core.py"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(name)
    root = tmp_path / "root"
    Dockerfile.parse(text).build(context, root)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("COPY functions/ ${LAMBDA_TASK_ROOT}/functions/", ["functions/one/handler.py"]),
        ("COPY functions $LAMBDA_TASK_ROOT/functions", ["functions/one/handler.py"]),
        ("COPY functions/ ${LAMBDA_TASK_ROOT}/", ["one/handler.py"]),
        ("COPY functions/ .", ["one/handler.py"]),
        ("COPY layers/core/python/ ${LAMBDA_TASK_ROOT}", ["pkg/core.py"]),
        ("COPY layers/core/python/ /var/task/", ["pkg/core.py"]),
        ("COPY a.txt ${LAMBDA_TASK_ROOT}/", ["a.txt"]),
        ("COPY a.txt ${LAMBDA_TASK_ROOT}", ["a.txt"]),
        ("COPY a.txt ${LAMBDA_TASK_ROOT}/c.txt", ["c.txt"]),
        ("COPY a.txt b.txt texts/", ["texts/a.txt", "texts/b.txt"]),
        ("COPY *.txt ./", ["a.txt", "b.txt"]),
        ("COPY a.txt \\\n  # the other\n  b.txt \\\n  ./", ["a.txt", "b.txt"]),
        ('COPY ["a.txt", "${LAMBDA_TASK_ROOT}/c.txt"]', ["c.txt"]),
        ("COPY --chown=1:1 --chmod=644 a.txt c.txt", ["c.txt"]),
        ("copy a.txt c.txt", ["c.txt"]),
        ("COPY a.txt /tmp/", []),
        ("# COPY a.txt .\nRUN echo COPY a.txt .", []),
    ],
)
def test_copy(tmp_path: Path, text: str, files: list[str]) -> None:
    assert build(tmp_path, text) == files


def test_later_copies_lie_over_earlier_ones(tmp_path: Path) -> None:
    build(tmp_path, "COPY a.txt c.txt\nCOPY b.txt c.txt")

    assert (tmp_path / "root" / "c.txt").read_text() == "b.txt"


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DockerfileError, match="COPY nothing.txt: no such file"):
        build(tmp_path, "COPY nothing.txt .")


def test_what_only_an_engine_can_do_is_refused() -> None:
    with pytest.raises(DockerfileError, match="copy from a stage"):
        Dockerfile.parse("COPY --from=builder /wheels .")


def test_variables_and_command() -> None:
    dockerfile = Dockerfile.parse(
        'ENV A=1 B="two words"\nENV OLD form of it\nENV C=${A}0 \\\n  D=x\nCMD ["module.handler"]'
    )

    assert dockerfile.environment == {
        "A": "1",
        "B": "two words",
        "OLD": "form of it",
        "C": "10",
        "D": "x",
    }
    assert dockerfile.command == ["module.handler"]
