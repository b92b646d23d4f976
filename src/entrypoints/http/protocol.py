"""What the server answers to bytes that are no HTTP request, and so never reach the application."""

import secrets
from typing import Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from entrypoints.http.envelope import HEADERS
from entrypoints.http.problems import PROBLEM_MEDIA_TYPE, Problem, ProblemKind, problem_document

_PROBLEM: Final = Problem(ProblemKind.MALFORMED_REQUEST)


class HttpProtocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]  # which of two it is depends on the platform
    """The server's own, except that a malformed request is answered with a problem document, as every error is."""

    def send_400_response(self, _message: str) -> None:
        """Answer and close: where the next request would begin is unknown.

        A request before it that is still being answered gets its answer first, and this one none: a client would take
        it for the answer to the other, which may have been carried out.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            return
        request_id = secrets.token_hex(16)
        content = problem_document(_PROBLEM, request_id)
        headers = {
            **HEADERS,
            "X-Request-Id": request_id,
            "Content-Type": PROBLEM_MEDIA_TYPE,
            "Content-Length": str(len(content)),
            "Connection": "close",
        }
        lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.transport.write("\r\n".join(lines).encode() + content)
        self.transport.close()
