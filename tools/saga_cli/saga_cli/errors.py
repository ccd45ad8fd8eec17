"""The error that every command reports."""


class CommandError(Exception):
    """A problem and its cure: the command prints both and ends with exit code 1."""

    def __init__(self, problem: str, cure: str = "") -> None:
        super().__init__(f"{problem} {cure}".strip())
        self.problem = problem
        self.cure = cure
