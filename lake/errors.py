"""What ends a sync: one sentence for the person who must act, and the exit code."""


class LakeError(Exception):
    """Its text is the whole message."""

    code = 1


class WrongCommand(LakeError):
    """The command line asks for something that cannot be done."""

    code = 2


class Interrupted(BaseException):
    """A signal asks the process to end; no Exception, so that nothing else catches it. `code`: what a shell reports."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.code = 128 + signal
