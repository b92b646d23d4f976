"""Base64 with the alphabet for addresses, as JOSE has it: without padding, in one way only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def decode(text: str) -> bytes:
    """The bytes that the text stands for (RFC 7515, section 2).

    Raises:
        ValueError: the text has other characters, such as padding, or is not the one text that stands for its bytes.
    """
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The decoder skips what is not in the alphabet, and the bits of the last character that belong to no byte. Were
    # that accepted, one token would have several texts.
    if urlsafe_b64encode(content).rstrip(b"=").decode() != text:
        raise ValueError("not the text that stands for these bytes")
    return content
