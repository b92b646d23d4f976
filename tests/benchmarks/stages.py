"""The stages of the benchmark. Each measures one thing and returns its figures as JSON can hold them."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks import credentials, machine, works
from benchmarks import flood as flood_of
from benchmarks.bulk import BulkRace, write_csv
from benchmarks.contenders import POOL_SIZE, Contender, Server
from benchmarks.equal_work import check_equal_work
from benchmarks.load import LoadGenerator
from benchmarks.measuring import Rounds, Sample, Track, Turn
from benchmarks.overload import STEPS, OpenLoop, as_sent
from benchmarks.postgres import Databases, settle
from benchmarks.references import BY_HAND, references
from benchmarks.service import on_granian, service
from benchmarks.startup import start
from benchmarks.users import fill_sqlite
from benchmarks.works import USERS, Supply, Work
from entrypoints.cli.schema_project import schema_project
from schema_tools.migrations import runner

SERVICE: Final = "service"

CLIENTS: Final = 8
CROWD: Final = 2 * POOL_SIZE
"""Twice as many clients as connections."""

_SETTLING: Final = 1.0
"""Seconds of a load before it counts."""

_ASKED_FIRST: Final = 40_000
"""Requests that find out what a worker carries: more than it answers meanwhile."""

_GOOD: Final = 500
"""Requests of good clients, which come again and again."""

_READY: Final = f"{USERS}/1"

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done.

    Attributes:
        rows: Users in the table that the servers are compared on, and in the one on SQLite.
        sizes: Numbers of users in the tables that are compared with each other.
        imported: Users in the file that is imported.
        rounds: How long the servers are compared.
        short: How long they are where less depends on it.
        starts: How often the service is started.
        files: How often files go in and out.
        loaded: Seconds of each load that the service cannot carry.
    """

    rows: int
    sizes: tuple[int, ...]
    imported: int
    rounds: Rounds
    short: Rounds
    starts: int
    files: int
    loaded: float


FULL: Final = Extent(
    1_000_000, (10**4, 10**5, 10**6, 10**7), 100_000, Rounds(5, 1.5, 1.0), Rounds(4, 1.0, 0.4), 5, 3, 8.0
)
QUICK: Final = Extent(20_000, (10**4, 10**5), 10_000, Rounds(2, 0.5, 0.3), Rounds(2, 0.4, 0.2), 2, 2, 2.0)


@dataclass
class Stand:
    """All that the stages need: cores, a directory, PostgreSQL and a load generator."""

    extent: Extent
    cores: machine.Cores
    directory: Path
    postgres: Databases
    generator: LoadGenerator
    said: Callable[[str], None]
    """Tells people what is being done."""

    def __post_init__(self) -> None:
        self.track = Track(self.generator, Supply(), self.postgres.pid)

    def server(self, contender: Contender) -> Server:
        """The contender as a server on its core."""
        return Server(contender, self.cores.server, self.directory, _READY)


class Comparison:
    """The service and the references, alive at once on one database.

    Attributes:
        left_out: Why a reference is not among them, by name.
        versions: The releases of what only references use.
    """

    def __init__(self, stand: Stand, url: str, until_the_end: ExitStack) -> None:
        self._stand = stand
        self._url = url
        rows = stand.extent.rows
        others = references(url, rows)
        self.left_out = dict(others.left_out)
        self.versions = dict(others.versions)
        contenders = [service(url, rows), *others.contenders]
        self._servers = [until_the_end.enter_context(stand.server(contender)) for contender in contenders]
        for server in self._servers:
            check_equal_work(server)

    def work(self, work: Work) -> Figures:
        """All of them at one kind of work, with as few clients as keep the server busy."""
        settle(self._url)
        return self._race(self._servers, work, CLIENTS)

    def crowd(self, work: Work) -> Figures:
        """The service and by hand, with twice as many clients as connections."""
        return self._race([self._named(SERVICE), self._named(BY_HAND)], work, CROWD)

    def granian(self, work: Work) -> Figures:
        """The service in uvicorn and in granian."""
        with self._stand.server(on_granian(self._url, self._stand.extent.rows)) as other:
            return self._race([self._named(SERVICE), other], work, CLIENTS)

    def resident(self) -> float:
        """Megabytes that the service has after all that was asked of it."""
        return machine.resident_megabytes(self._named(SERVICE).pids)

    def _named(self, name: str) -> Server:
        return next(server for server in self._servers if server.contender.name == name)

    def _race(self, servers: Sequence[Server], work: Work, clients: int) -> Figures:
        turns = [Turn(server, work) for server in servers]
        samples = self._stand.track.race(turns, clients, self._stand.extent.rounds)
        return {turn.server.contender.name: _figures(found) for turn, found in zip(turns, samples, strict=True)}


def bulk(stand: Stand, url: str) -> Figures:
    """Import and export, by a service that has done nothing before."""
    file = stand.directory / "users.csv"
    write_csv(file, stand.extent.imported)
    settle(url)
    with stand.server(service(url, stand.extent.rows)) as server:
        race = BulkRace(server, url, stand.cores.server)
        return {
            "import": race.imports(file, stand.extent.imported, stand.extent.files).figures(),
            "export": race.exports(stand.extent.files).figures(),
        }


def overload(stand: Stand, url: str) -> Figures:
    """The service at loads that it cannot carry, for each kind of work: what one worker carries, and each step."""
    figures: Figures = {}
    for work in (works.LIST, works.CREATE):
        settle(url)
        with stand.server(service(url, stand.extent.rows)) as server, OpenLoop() as generator:
            requests = _overloading(stand, server, work, _ASKED_FIRST)
            generator.capacity(server, requests, stand.extent.loaded / 4)
            capacity = generator.capacity(server, requests[::-1], stand.extent.loaded)
            figures[work.key] = {"capacity": round(capacity, 1), "steps": {}}
            for step in STEPS:
                stand.said(f"  {work.title}, {step:g} times {capacity:,.0f} requests a second")
                rate = step * capacity
                amount = round(rate * (stand.extent.loaded + _SETTLING) * 1.2)
                requests = _overloading(stand, server, work, amount)
                found = generator.put(server, requests, rate, stand.extent.loaded, _SETTLING)
                figures[work.key]["steps"][f"{step:g}"] = found.figures()
    return figures


def flood(stand: Stand, url: str) -> Figures:
    """Good clients beside floods of bad credentials: with a core for the server, and all on one core."""
    figures: Figures = {}
    rounds = flood_of.Rounds(stand.extent.short.count, stand.extent.loaded / 2)
    rows = stand.extent.rows
    with credentials.provider() as (settings, floods):
        contender = service(url, rows)
        contender = replace(contender, settings={**contender.settings, **settings})
        key = credentials.good_key(contender.settings)
        ids = (stand.track.supply.chance.randint(1, rows) for _ in range(_GOOD))
        good = [credentials.reading(user_id, key) for user_id in ids]
        titles = {flood_of.QUIET: "none", flood_of.BUSY: "another program", **{one.key: one.title for one in floods}}
        for name, cores in (("a core for the server", stand.cores), ("one core for all", stand.cores.one())):
            stand.said(f"  {name}")
            with (
                machine.moved(machine.family(stand.postgres.pid), cores.database),
                machine.pinned(cores.load),
                Server(contender, cores.server, stand.directory, "/readyz") as server,
            ):
                found = flood_of.measure(server, good, floods, rounds)
            figures[name] = {titles[key]: one.figures() for key, one in found.items()}
    return figures


def _overloading(stand: Stand, server: Server, work: Work, amount: int) -> list[bytes]:
    # What may come twice is made once.
    amount = amount if work is works.CREATE else CROWD
    return [as_sent(one) for one in work.requests(stand.track.supply, server.contender, CROWD, amount)]


def growth(stand: Stand) -> Figures:
    """Single requests, by the size of the table, in turn."""
    kinds = (works.LIST, works.DEEP_PAGE, works.READ_ONE)
    with ExitStack() as until_the_end:
        servers = []
        for size in stand.extent.sizes:
            stand.said(f"  a table of {size:,} users")
            contender = service(stand.postgres.filled(f"users_{size}", size), size, f"{size} users")
            servers.append(until_the_end.enter_context(stand.server(contender)))
        turns = [Turn(server, work) for server in servers for work in kinds]
        samples = stand.track.race(turns, 1, stand.extent.short)
    figures: Figures = {work.key: {} for work in kinds}
    for turn, found in zip(turns, samples, strict=True):
        figures[turn.work.key][str(turn.server.contender.rows)] = _figures(found)
    return figures


def sqlite(stand: Stand) -> Figures:
    """The service on SQLite, at all works."""
    file = stand.directory / "service.db"
    url = f"sqlite+aiosqlite:///{file}"
    runner.upgrade(schema_project(), url)
    fill_sqlite(str(file), stand.extent.rows)
    track = Track(stand.generator, Supply())
    with stand.server(service(url, stand.extent.rows, "service on SQLite")) as server:
        return {
            work.key: _figures(track.race([Turn(server, work)], CLIENTS, stand.extent.short)[0]) for work in works.ALL
        }


def startup(stand: Stand, url: str) -> Figures:
    """Starting the service, and importing its application."""
    return start(service(url, stand.extent.rows), stand.cores.server, stand.directory, stand.extent.starts)._asdict()


def _figures(samples: Sequence[Sample]) -> list[dict[str, float]]:
    return [sample.figures() for sample in samples]
