"""How a process hears that it is to stop."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

STOPPING_S = 9.5  # what runs containers kills after 10 s
OVERDUE = 1


class Stop(threading.Event):
    """Set when the process is to stop, which may be long before it can: while it is still loading."""

    def __init__(self) -> None:
        super().__init__()
        self._end = float("inf")

    def hear(self) -> None:
        """The signal came."""
        self._end = time.monotonic() + STOPPING_S
        self.set()

    def left_s(self) -> float:
        """The seconds that are left to stop in."""
        return max(0.0, self._end - time.monotonic())


def stop_signal() -> Stop:
    """Set by the first SIGTERM or Ctrl-C; from then on the process has its time to stop in. A second one ends it at once.

    The kernel may hand a signal to any thread, and Python's handlers run only once the main thread wakes, which waits. So the
    signal itself writes to a pipe, and a thread reads it.
    """
    stop = Stop()
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # without a handler nothing would be written

    def watch() -> None:
        os.read(heard, 1)
        stop.hear()
        select.select([heard], [], [], STOPPING_S)
        os._exit(OVERDUE)

    threading.Thread(target=watch, name="signals", daemon=True).start()
    return stop
