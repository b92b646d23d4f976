"""What the tests of use cases share."""

import pytest

from foundation.kernel import retry


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conflicts are tried again at once: there is no other writer to wait for."""
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.0)
