"""Start, ask and kill one child process, for work that may hang, crash or use up the memory.

A child leads its own process group where the system has such groups, so a kill also reaches the programs that it
started. When the parent dies, the whole group dies with it (`ocr.core.process_tree`).
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ocr.core.channel import CORRUPT, STANDARD_STREAMS, Channel, Codec, Pixels, passes_descriptors

LOG = logging.getLogger(__name__)

REAP_SECONDS = 5.0
"""Longest wait for a killed child to disappear: a child that waits for a dead network disk may never do."""

Message = tuple[Any, Pixels | None]


class ChildDiedError(Exception):
    """A child ended without a reply. The message says how, with the last line that the child wrote to its log."""

    def __init__(self, message: str, code: int | None = None) -> None:
        """Keep the exit code of the child: negative for a signal, None if it is not known."""
        super().__init__(message)
        self.code = code


class ChildProcess:
    """A running child and the parent's end of its channel. Use it from one event loop, one request at a time."""

    def __init__(
        self, command: Sequence[str], codec: Codec, *, environment: Mapping[str, str] | None = None, logs: bool = False
    ) -> None:
        """Start `command` with the address of the channel as its last argument.

        `logs` keeps what the child prints, for the message of its death. Raises `OSError` if it does not start.
        """
        self._log = tempfile.TemporaryFile() if logs else None  # noqa: SIM115 (closed by kill)
        self._process, self._channel = _start(command, codec, environment or {}, self._log)
        self._reader: threading.Thread | None = None
        self._killed = False
        LOG.debug("started child %d: %s", self.pid, " ".join(command[1:]))

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, value: Any, pixels: Pixels | None = None) -> Message:
        """Send a request and return the reply. Raises `ChildDiedError`.

        After a timeout or a cancellation call `kill`: a late reply would be matched to the next request.
        """

        def exchange() -> Message:
            self._channel.send(value, pixels)
            return self._channel.receive()

        return await self._in_thread(exchange)

    async def receive(self) -> Message:
        """Return the message that the child sends unasked, when it has loaded. Raises `ChildDiedError`."""
        return await self._in_thread(self._channel.receive)

    async def _in_thread(self, work: Callable[[], Message]) -> Message:
        """Do blocking work in a thread that never keeps the interpreter from ending, as an executor's would."""
        if self._killed:
            raise ChildDiedError("the child process was ended")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Message | BaseException] = loop.create_future()
        self._reader = threading.Thread(target=_run, args=(work, loop, done), daemon=True)
        self._reader.start()
        outcome = await done
        if isinstance(outcome, BaseException):
            raise await asyncio.to_thread(self._death) from outcome
        return outcome

    def _death(self) -> ChildDiedError:
        if self._killed:
            return ChildDiedError("the child process was ended")
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ChildDiedError("the child process closed its pipe")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        LOG.debug("child %d ended (%s)", self.pid, how)
        return ChildDiedError(f"the child process ended ({how}){self._last_line()}", code)

    def _last_line(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(0)
        written = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f": {written[-1]}" if written else ""

    def kill(self) -> None:
        """Kill the child and what it started; safe to call twice, and from another thread.

        A request that waits raises `ChildDiedError`.
        """
        if self._killed:
            return
        self._killed = True
        LOG.debug("killing child %d", self.pid)
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._channel.interrupt()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=REAP_SECONDS)
        if self._reader is not None:
            self._reader.join(timeout=REAP_SECONDS)
        self._channel.close()
        for file in (self._process.stdin, self._log):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()


def _run(work: Callable[[], Message], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[Any]") -> None:
    outcome: Message | BaseException = ChildDiedError("the reply of the child process could not be read")
    try:
        outcome = work()
    except CORRUPT as failure:
        outcome = failure
    finally:  # also after a bug, or the request would never end
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(_settle, done, outcome)


def _settle(done: "asyncio.Future[Any]", outcome: Any) -> None:
    if not done.done():
        done.set_result(outcome)


def _start(
    command: Sequence[str], codec: Codec, environment: Mapping[str, str], log: Any
) -> tuple["subprocess.Popen[bytes]", Channel]:
    # A folder of the user cannot replace modules: PYTHONSAFEPATH keeps the working directory out of sys.path.
    variables = {**os.environ, "PYTHONSAFEPATH": "1", **environment}
    sink = subprocess.DEVNULL if log is None else log
    if not passes_descriptors():
        process = subprocess.Popen(
            [*command, STANDARD_STREAMS],
            bufsize=0,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            start_new_session=os.name == "posix",
        )
        assert process.stdin and process.stdout
        channel = Channel.over_pipes(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()), codec)
        process.stdin.close()
        process.stdout.close()
        return process, channel
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [*command, str(theirs.fileno())],
            env=variables,
            stdin=subprocess.PIPE,  # its end tells the child that the parent is gone
            stdout=sink,
            stderr=sink,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return process, Channel.over_socket(ours, codec)
