"""OpenID Connect, for a resource server: which access tokens of the identity provider are valid (RFC 9068)."""
