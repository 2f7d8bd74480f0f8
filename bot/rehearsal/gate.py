"""A place where a server's request waits until a test has done what it wants to do at just that moment."""

import asyncio
import threading
from concurrent.futures import Future
from typing import Literal


class Gate:
    """Holds requests; a test waits until one stands here, then lets it on or breaks its connection."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._decided: Future[Literal["go on", "reset"]] = Future()

    def wait_reached(self, timeout_s: float) -> None:
        """Block until a request stands at the gate; TimeoutError after `timeout_s`."""
        if not self._reached.wait(timeout_s):
            raise TimeoutError(f"no request came to the gate within {timeout_s} s")

    def release(self) -> None:
        """Let it go on, and open the gate for good."""
        self._decide("go on")

    def reset(self) -> None:
        """Reset its connection; what had not been carried out by then never is."""
        self._decide("reset")

    def _decide(self, what: Literal["go on", "reset"]) -> None:
        if not self._decided.done():
            self._decided.set_result(what)

    async def stand(self) -> Literal["go on", "reset"]:
        """Wait here as a request does, on the server's event loop."""
        self._reached.set()
        # Shielded: a request that is cut off must not open the gate for the others.
        return await asyncio.shield(asyncio.wrap_future(self._decided))
