"""The formats of files."""

from enum import StrEnum


class FileFormat(StrEnum):
    """A format of files: its usual suffix without the dot."""

    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """Its media type, without parameters; that of CSV is registered by RFC 4180, 3, and NDJSON has none."""
        return "text/csv" if self is FileFormat.CSV else "application/x-ndjson"


def format_of(media_type: str) -> FileFormat:
    """The format with this media type, which must be one of them."""
    return next(one for one in FileFormat if one.media_type == media_type)
