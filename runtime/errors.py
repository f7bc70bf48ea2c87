"""The one exception that a command turns into one clear line."""


class SernetError(Exception):
    """A problem the user can act on: the message says what is wrong, where, and what to do.

    The command-line programs print it as one line, without a traceback, and end with `exit_code`.
    """

    exit_code = 2
