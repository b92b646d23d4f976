"""How moments are written."""

from datetime import UTC, datetime

import orjson


def rfc3339(moment: datetime) -> str:
    """An aware moment in UTC as RFC 3339 writes it, with a Z and always with six fractional digits."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # About a fifth of the time that `isoformat` takes, and exports write two for every user.
    text = orjson.dumps(moment, option=orjson.OPT_UTC_Z)[1:-1].decode()
    return text if moment.microsecond else f"{text[:-1]}.000000Z"
