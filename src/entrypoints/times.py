"""How moments are written."""

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 writes it, with a Z and always with six fractional digits."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
