"""Why the program does not start; kept apart so that saying it needs nothing else."""


class NotStarted(Exception):
    """The message says what stands in the way and what to do."""
