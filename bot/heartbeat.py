"""The heartbeat: an address is asked while all is well, so that whoever listens there misses it when something is not."""

from __future__ import annotations

import http.client
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Final
from urllib.parse import urlsplit

from bot.ports import SourceError
from bot.work import Bulkheads, gather

EVERY_S: Final = 30.0
LOOK_S: Final = 5.0  # between two looks whether all is well: so late a first beat is at most
LIMIT_S: Final = 5.0  # of one beat, whatever the other side does
STARTING_S: Final = 60.0  # within this the first beat is due: silence is no news before
STOP_S: Final = 1.0

log = logging.getLogger(__name__)


class SameHost(urllib.request.HTTPRedirectHandler):
    """Follows to the same host alone: the address is a secret, and leads where its owner said."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        here, there = urlsplit(req.full_url), urlsplit(newurl)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def asked(url: str, left_s: float) -> str:
    """ "ok", or in a word what was wrong; nothing of the address is told."""
    opener = urllib.request.build_opener(SameHost)
    request = urllib.request.Request(url, headers={"User-Agent": "paybot"})  # noqa: S310 - the settings take http and https alone
    try:
        with opener.open(request, timeout=left_s) as reply:
            return "ok" if 200 <= reply.status < 300 else f"status {reply.status}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"status {error.code}"
    except TimeoutError:
        return "timeout"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return "timeout" if isinstance(reason, TimeoutError) else "unreachable"


class Heartbeat:
    """Asks the address every `every_s` while `wrong` gives ""; else it stays silent, which is the alarm.

    `wrong` says in words what is not well; it may take a moment, and may raise. `beaten` hears of each beat: "ok", "failed", or
    "silent" when one was due and not sent.
    """

    def __init__(
        self,
        url: str,
        wrong: Callable[[], str],
        beaten: Callable[[str], None] = lambda outcome: None,
        *,
        every_s: float = EVERY_S,
        look_s: float = LOOK_S,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._url = url
        self._wrong = wrong
        self._beaten = beaten
        self._every_s = every_s
        self._look_s = look_s
        self._limit_s = limit_s
        self._bulkheads = Bulkheads(size=1, waiting=0)  # a beat that hangs is left to itself, and no second one hangs beside it
        self._due_s = 0.0
        self._began_s = time.monotonic()
        self._sent = False
        self._told = ""  # the last silence that the log has
        self.said = "none was sent yet"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begins at once, where there is an address."""
        if self._url:
            self._thread.start()
        else:
            self.said = "not set up"

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        self._bulkheads.stop()

    def _run(self) -> None:
        while True:
            if time.monotonic() >= self._due_s:
                self._beat()
            if self._stopping.wait(self._look_s):
                return

    def _beat(self) -> None:
        """One beat, or none; after none it is looked again soon, after one that failed at the usual time."""
        try:
            wrong = self._wrong()
        except Exception:  # whether all is well is not known: then it is not
            log.exception("whether all is well could not be found out")
            wrong = "not known"
        if wrong:
            self._silent(wrong)
            return
        self._due_s = time.monotonic() + self._every_s
        outcome = gather({"beat": lambda left_s: asked(self._url, left_s)}, self._bulkheads, lambda _: "beat", self._limit_s)[
            "beat"
        ]
        said = outcome if isinstance(outcome, str) else "timeout" if isinstance(outcome, TimeoutError | SourceError) else "failed"
        self._sent, self._told = True, ""
        self.said = "ok" if said == "ok" else f"failed: {said}"
        self._beaten("ok" if said == "ok" else "failed")
        if said != "ok":
            log.warning("the heartbeat's address did not answer: %s", said)

    def _silent(self, wrong: str) -> None:
        self.said = f"silent: {wrong}"
        starting = not self._sent and time.monotonic() - self._began_s < STARTING_S
        if self.said != self._told and not starting:
            self._told = self.said
            log.error("no heartbeat is sent: %s", wrong)
        self._beaten("silent")
