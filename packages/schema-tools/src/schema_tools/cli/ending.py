"""Ending a command from outside: it cleans up first, as it does after Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

# Windows has no SIGHUP, which a terminal that is closed sends.
_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_ENDED_BY: Final = 128


@contextmanager
def cleaning_up_when_ended() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP interrupt the command as Ctrl-C does, so that what it made is removed.

    A signal that has a handler already, or that is ignored, as under `nohup`, is left alone. A second one does not stop
    the cleaning up.

    Raises:
        typer.Exit: With the status 128 and the number of the signal, as a shell has it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    handled = [one for one in _SIGNALS if in_main_thread and signal.getsignal(one) is signal.SIG_DFL]
    received: list[int] = []

    def end(number: int, _frame: object) -> None:
        for one in handled:
            signal.signal(one, signal.SIG_IGN)
        received.append(number)
        raise KeyboardInterrupt

    for one in handled:
        signal.signal(one, end)
    try:
        yield
    except BaseException:
        # What is raised then may be anything that an interruption leads to.
        if not received:
            raise
    finally:
        for one in handled:
            signal.signal(one, signal.SIG_DFL)
    if received:
        raise typer.Exit(_ENDED_BY + received[0])
