"""What the values of several headers are made of, as regular expressions: possessive, so that no text is read twice."""

from typing import Final

# token and quoted-string of RFC 9110, 5.6.2 and 5.6.4.
WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
