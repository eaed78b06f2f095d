"""`python -m local.demo DIRECTORY`: write the demo's inputs to a directory."""

import argparse
from pathlib import Path

from local.demo.build import build


def main() -> None:
    """Build the demo into the directory that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("directory", type=Path, help="where to write; new, empty, or a former demo")
    build(parser.parse_args().directory, progress=print)


if __name__ == "__main__":
    main()
