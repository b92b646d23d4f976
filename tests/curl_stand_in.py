"""What the pages of the project ask of `curl`, for machines that have Python and no curl.

It understands `-i`, `-X`, `-H`, `-d` and `--data-binary` (with `@file` and `@-`), and one address.
"""

import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit

FORM = "application/x-www-form-urlencoded"


def _content(word: str) -> bytes:
    if word == "@-":
        return sys.stdin.buffer.read()
    return Path(word[1:]).read_bytes() if word.startswith("@") else word.encode()


def main(words: list[str]) -> None:
    """Send what the words say, and print the answer."""
    method, url, shows_headers, content = "", "", False, None
    headers: dict[str, str] = {"Accept": "*/*"}
    left = iter(words)
    for word in left:
        if word == "-i":
            shows_headers = True
        elif word == "-X":
            method = next(left)
        elif word == "-H":
            name, _, value = next(left).partition(": ")
            headers[name] = value
        elif word in {"-d", "--data-binary"}:
            content = _content(next(left))
            headers.setdefault("Content-Type", FORM)
        elif word.startswith("-"):
            sys.exit(f"this stand-in for curl does not know {word}")
        else:
            url = word
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    path = f"{address.path or '/'}{'?' if address.query else ''}{address.query}"
    connection.request(method or ("GET" if content is None else "POST"), path, content, headers)
    answer = connection.getresponse()
    head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders()) + "\r\n"
    sys.stdout.buffer.write((head.encode() if shows_headers else b"") + answer.read())
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
