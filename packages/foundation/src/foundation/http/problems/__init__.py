"""Problem documents (RFC 9457): their catalogue, and what becomes one."""
