"""Starts `ocr` commands by forking a process that has loaded the program: loading it costs more than most tests do.

A forked command has arguments, folder, environment, streams, exit code and end of its own, as a started one has.
Two things differ: it sees one core, because as many tests run at once as there are cores, and commands of one server
share a hash seed. A test of either, or of the start itself, starts a process (`command.run_ocr(..., fresh=True)`).

The server is a program of its own (`python command_server.py DESCRIPTOR`), which imports nothing but the command.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

MODULES = (
    "ocr.pipeline.extract",
    "ocr.pipeline.progress",
    "ocr.storage.verify",
    "ocr.storage.acceptance",
    "data.duplicates",
    "data.synthesis.generate",
    "rich.console",
)
"""What commands import when they run."""


class CommandServer:
    """A process that starts commands; it starts with the first one and ends with this process."""

    cpu_seconds: ClassVar[float] = 0.0
    """What the commands of all servers have used, their children included."""

    def __init__(self, program: Path, environment: Mapping[str, str], modules: Sequence[str] = MODULES) -> None:
        """Prepare a server for commands of `program` whose PYTHON variables are those of `environment`."""
        self._program, self._environment, self._modules = program, dict(environment), tuple(modules)
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Return whether a command with this environment imports the same modules."""
        names = [name for name in {*environment, *self._environment} if name.startswith("PYTHON")]
        return all(environment.get(name) == self._environment.get(name) for name in names)

    def run(
        self, words: Sequence[str], *, cwd: Path, environment: Mapping[str, str], text: str | None, seconds: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, as `subprocess.run` does. Raises `subprocess.TimeoutExpired`."""
        request = {"words": [str(self._program), *words], "cwd": str(cwd), "environment": dict(environment)}
        ours, theirs = socket.socketpair()
        with ours, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _stdin(text) as given:
            with theirs, self._lock:
                socket.send_fds(self._connect(), [b"!"], [theirs.fileno(), given, out.fileno(), err.fileno()])
            ours.settimeout(seconds)
            with ours.makefile("rw", encoding="utf-8") as channel:
                channel.write(json.dumps(request) + "\n")
                channel.flush()
                process = int(channel.readline())
                try:
                    code, used = json.loads(channel.readline())
                except TimeoutError as late:
                    os.kill(process, signal.SIGKILL)
                    ours.settimeout(None)
                    while ours.recv(1024):  # the end comes when the command is gone, and with it its locks
                        pass
                    raise subprocess.TimeoutExpired(request["words"], seconds, _all(out), _all(err)) from late
            CommandServer.cpu_seconds += used
            return subprocess.CompletedProcess(request["words"], code, _all(out).decode(), _all(err).decode())

    def _connect(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, __file__, str(theirs.fileno()), *self._modules],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
        return self._socket


@contextlib.contextmanager
def _stdin(text: str | None) -> Any:
    """A descriptor to read `text` from: a pipe, as from another program."""
    if text is None:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing.fileno()
        return
    read, write = os.pipe()
    threading.Thread(target=_feed, args=(write, text.encode()), daemon=True).start()
    try:
        yield read
    finally:
        os.close(read)


def _feed(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(data)


def _all(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def serve(requests: socket.socket) -> None:
    """Fork a process for each request; return in the process that shall become a command, or end with the parent."""
    while True:
        _, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
        if not descriptors:
            sys.exit(0)
        keeper = os.fork()
        if keeper == 0:
            requests.close()
            break
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    _keep(*descriptors)


def _keep(connection: int, *streams: int) -> None:
    """Fork the command and tell its process number, then its exit code; return in the command only."""
    channel = os.fdopen(connection, "r+b", buffering=0)
    request = json.loads(_line(channel))
    command = os.fork()
    if command:
        channel.write(f"{command}\n".encode())
        _, status = os.waitpid(command, 0)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
        with contextlib.suppress(BrokenPipeError):
            channel.write(json.dumps(answer).encode() + b"\n")
        os._exit(0)
    channel.close()
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["words"]


def _line(channel: Any) -> bytes:
    """Read to the end of a line, byte by byte: the file of a socket cannot be buffered for both directions."""
    found = b""
    while not found.endswith(b"\n"):
        found += channel.read(1)
    return found


def load(modules: Sequence[str]) -> None:
    """Load the program and what its commands import when they run; see one core."""
    for module in ("cli", *modules):
        importlib.import_module(module)
    os.sched_getaffinity = lambda _process: {0}
    gc.freeze()


if __name__ == "__main__":
    load(sys.argv[2:])
    serve(socket.socket(fileno=int(sys.argv[1])))
    sys.modules["cli"].main()
