"""What can be wrong with a machine, each said in one line."""


class LocalStackError(Exception):
    """A server cannot be fetched or started. The text is one line: what is wrong and what to do about it."""
