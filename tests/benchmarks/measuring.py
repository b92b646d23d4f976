"""Measuring servers against each other, in turn."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from benchmarks import machine
from benchmarks.contenders import Server
from benchmarks.errors import BenchmarkFailed
from benchmarks.figures import percentile
from benchmarks.load import Answers, LoadGenerator
from benchmarks.works import Supply, Work

_FIRST_REQUESTS: Final = 200
"""Enough for the statements to be prepared on each connection."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one server did under one load.

    Attributes:
        cpu: Microseconds of a processor that the server used per request.
        database_cpu: The same of PostgreSQL; 0 without it.
        generator_cpu: The same of the load generator.
        throughput: Requests per second.
        p50: Milliseconds that half of the answers took at most.
        p99: Milliseconds that 99 of 100 answers took at most.
        peak: Megabytes of resident memory of the server, at most.
    """

    cpu: float
    database_cpu: float
    generator_cpu: float
    throughput: float
    p50: float
    p99: float
    peak: float

    def figures(self) -> dict[str, float]:
        """The figures by name, rounded to what they are good for."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Rounds:
    """How long is measured.

    Attributes:
        count: How often each server has its turn.
        seconds: How long a turn takes.
        warm_up: Seconds that come before the first, uncounted.
    """

    count: int
    seconds: float
    warm_up: float


class Turn(NamedTuple):
    """A server, and what it is asked to do."""

    server: Server
    work: Work


class Track:
    """Where servers are measured: with one load generator, on one table.

    Args:
        generator: What puts the load on them.
        supply: What requests are made of.
        database: The process that all those of PostgreSQL descend from, or None without it.
    """

    def __init__(self, generator: LoadGenerator, supply: Supply, database: int | None = None) -> None:
        self._generator = generator
        self.supply = supply
        self._database = database

    def race(self, turns: Sequence[Turn], connections: int, rounds: Rounds) -> list[list[Sample]]:
        """Give each its turn in every round, and begin each round with another one.

        Returns:
            For each of `turns` what was measured, in the order of rounds.

        Raises:
            BenchmarkFailed: A server did not do its work.
        """
        speeds = [self._warmed_up(turn, connections, rounds) for turn in turns]
        samples: list[list[Sample]] = [[] for _ in turns]
        for round_ in range(rounds.count):
            for place in range(len(turns)):
                index = (round_ + place) % len(turns)
                sample = self._measure(turns[index], connections, round(speeds[index] * rounds.seconds))
                speeds[index] = sample.throughput
                samples[index].append(sample)
        return samples

    def _measure(self, turn: Turn, connections: int, amount: int) -> Sample:
        pids, database = turn.server.pids, machine.family(self._database) if self._database else []
        machine.forget_peak(pids)
        used, used_by_database = machine.cpu_seconds(pids), machine.running_seconds(database)
        answers = self._put(turn, connections, amount)
        used, used_by_database = (
            machine.cpu_seconds(pids) - used,
            machine.running_seconds(database) - used_by_database,
        )
        return Sample(
            cpu=used / answers.count * 1e6,
            database_cpu=used_by_database / answers.count * 1e6,
            generator_cpu=answers.generator_seconds / answers.count * 1e6,
            throughput=answers.count / answers.seconds,
            p50=percentile(answers.latencies, 50),
            p99=percentile(answers.latencies, 99),
            peak=machine.peak_megabytes(pids),
        )

    def _warmed_up(self, turn: Turn, connections: int, rounds: Rounds) -> float:
        """Let the server get used to its work, and return how many requests it answers in a second."""
        first = self._put(turn, connections, _FIRST_REQUESTS)
        second = self._put(turn, connections, round(first.count / first.seconds * rounds.warm_up))
        return second.count / second.seconds

    def _put(self, turn: Turn, connections: int, amount: int) -> Answers:
        # Each connection sends as much as the others, and more than once.
        amount = max(amount // connections, 2) * connections
        requests = turn.work.requests(self.supply, turn.server.contender, connections, amount)
        try:
            return self._generator.put(turn.server.url, requests, connections)
        except BenchmarkFailed as error:
            raise BenchmarkFailed(
                f"{turn.server.contender.name}: {error}; its log ends: {turn.server.last_words()}"
            ) from None
