"""What ends a command: one sentence for people, and an exit status for scripts.

0    all went well
1    it worked, but what it worked on did not: a concept of the run failed, inputs do not fit
2    what was asked cannot be done: an unknown option, a bad id, a file that cannot be used
3    AWS, the stack or Wikibase could not be reached, or would not let us in
4    an error that nobody foresaw; `--debug` shows where
130  Ctrl-C
"""

FAILED, WRONG, UNREACHABLE, UNFORESEEN, INTERRUPTED = 1, 2, 3, 4, 130


class CommandError(Exception):
    """Ends a command with a message and an exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Failed(CommandError):
    """The command worked, what it worked on did not."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FAILED)


class Wrong(CommandError):
    """What was asked cannot be done as asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, WRONG)


class Unreachable(CommandError):
    """AWS, the stack or Wikibase is not there, or will not let us in."""

    def __init__(self, message: str) -> None:
        super().__init__(message, UNREACHABLE)
