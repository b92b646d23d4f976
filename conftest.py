"""What every test shares, those of the service and those of the packages."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

# A shell that runs this in the background has it ignore interruptions, and so would the commands that are interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest.register_assert_rewrite("foundation.testing")
# The service's servers, in `postgres_fixtures`, take the place of those of the schema tools, so they come after them.
pytest_plugins = ["schema_tools.testing.postgres_servers", "postgres_fixtures", "running_servers"]

# The same examples on every run, and no clock watching: a slow machine is no failing test. Other examples each time,
# and more where a test does not say how many: `pytest --hypothesis-profile=search`.
set_hypothesis_home_dir(Path(__file__).parent / ".cache" / "hypothesis")
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("search", deadline=None, max_examples=2000, database=None, print_blob=True)
settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the coverage be that of the unit tests, which are to complete it alone: tracing makes the others slow."""
    units = Path(__file__).parent / "tests" / "unit"
    for item in items:
        if units not in item.path.parents:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of asynchronous tests, which are marked `anyio`."""
    return "asyncio"
