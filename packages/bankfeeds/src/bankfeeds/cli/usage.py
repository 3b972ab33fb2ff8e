"""Wrong usage that the parser of the command line cannot see."""


class WrongUsage(Exception):
    """The verb cannot be used like this; the message says how it can."""
