"""How a process hears that it is to stop."""

from __future__ import annotations

import os
import select
import signal
import threading

STOPPING_S = 9.5  # what runs containers kills after 10 s
OVERDUE = 1


def stop_signal() -> threading.Event:
    """Set by the first SIGTERM or Ctrl-C; from then on the process has its time to stop in. A second one ends it at once.

    The kernel may hand a signal to any thread, and Python's handlers run only once the main thread wakes, which waits. So the
    signal itself writes to a pipe, and a thread reads it.
    """
    stop = threading.Event()
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # without a handler nothing would be written

    def watch() -> None:
        os.read(heard, 1)
        stop.set()
        select.select([heard], [], [], STOPPING_S)
        os._exit(OVERDUE)

    threading.Thread(target=watch, name="signals", daemon=True).start()
    return stop
