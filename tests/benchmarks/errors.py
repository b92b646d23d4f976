"""What ends the benchmark."""


class BenchmarkFailed(Exception):
    """Nothing can be measured. `str(error)` says why, in a sentence for people."""
