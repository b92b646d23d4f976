"""How large a request may be."""

from typing import Final

# Browsers send about 20 headers, a proxy adds about 10. Each costs every layer a look.
MOST_HEADERS: Final = 100
# What nginx and Apache allow by default, so that a request that passed a proxy passes here, too.
LARGEST_HEADER: Final = 8 * 1024
LARGEST_HEADERS: Final = 32 * 1024
# RFC 9110, 4.1, recommends at least 8,000 bytes.
LONGEST_TARGET: Final = 8 * 1024

LARGEST_DOCUMENT: Final = 64 * 1024
LARGEST_BATCH_DOCUMENT: Final = 1024 * 1024
LARGEST_IMPORT: Final = 50 * 1024 * 1024
