"""How large a request may be."""

from typing import Final

# Browsers send about 20 headers, a proxy adds about 10. Each costs every layer a look.
MAX_HEADERS: Final = 100
# What nginx and Apache allow by default, so that a request that passed a proxy passes here, too.
MAX_HEADER_SIZE: Final = 8 * 1024
MAX_HEADERS_SIZE: Final = 32 * 1024
# RFC 9110, 4.1, recommends at least 8,000 bytes.
MAX_TARGET_LENGTH: Final = 8 * 1024

# Of all bodies together that have arrived in part, in each worker: what is above 16 KiB of each.
MAX_BUFFERED_SIZE: Final = 32 * 1024 * 1024
MAX_DOCUMENT_SIZE: Final = 64 * 1024
MAX_BATCH_DOCUMENT_SIZE: Final = 1024 * 1024
MAX_IMPORT_SIZE: Final = 50 * 1024 * 1024

HEALTH_CHECKS: Final = ("/livez", "/readyz")
"""The paths that are answered even when other requests are refused; load balancers use them."""
