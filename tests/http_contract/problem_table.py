"""The kinds of problems that are promised, with their statuses."""

SLUGS = {
    "malformed-request": 400, "unknown-parameter": 400, "invalid-cursor": 400,
    "unauthenticated": 401, "forbidden": 403,
    "not-found": 404, "method-not-allowed": 405, "not-acceptable": 406,
    "request-timeout": 408,
    "already-taken": 409, "email-already-taken": 409, "still-referenced": 409,
    "reference-not-found": 409, "idempotency-key-in-use": 409,
    "precondition-failed": 412, "content-too-large": 413, "uri-too-long": 414, "unsupported-media-type": 415,
    "validation-failed": 422, "idempotency-key-reused": 422, "precondition-required": 428, "rate-limited": 429,
    "headers-too-large": 431,
    "internal-error": 500, "overloaded": 503, "storage-unavailable": 503, "draining": 503,
    "commit-outcome-unknown": 503, "authentication-unavailable": 503,
    "deadline-exceeded": 504,
}  # fmt: skip
