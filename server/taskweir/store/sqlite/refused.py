"""Why a data file is not opened."""


class DataFileRefused(Exception):
    """The data file is in use, foreign, made by a newer version, or unreadable. The message names the file."""
