"""Machines to test a cluster on, made of Linux namespaces: each has its own network, processes, and memory files.

They share one network and nothing else reaches them. Root and iproute2 are needed; `why_not` says what is missing.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PORT = 6379
CLUSTER = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""A head asks for a token where one lies on its machine, and others send theirs only where they are told to."""


def why_not() -> str:
    """Why there can be no such machines here; empty where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can make test machines"
    missing = [program for program in ("ip", "unshare", "nsenter") if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine does not let us make namespaces"


@dataclass
class Host:
    """One machine; `keeper` is its first process, with which all others end."""

    address: str
    keeper: "subprocess.Popen[bytes]"
    pid: int

    def command(self, *words: object) -> list[str]:
        """`words` as they are run on this machine."""
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", "--pid", "--", *map(str, words)]

    def run(self, *words: object, environment: Mapping[str, str] = os.environ, seconds: float = 120) -> str:
        done = subprocess.run(
            self.command(*words),
            env={**environment, **CLUSTER},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def shut_down(self) -> None:
        """Without a word, as by a power cut: its first process takes all others with it."""
        self.keeper.kill()
        self.keeper.wait()
        while Path(f"/proc/{self.pid}").exists():
            time.sleep(0.05)

    def sent(self) -> int:
        """Bytes that have left this machine by the network."""
        (link,) = json.loads(self.run("ip", "-s", "-j", "link", "show", "cable"))
        return int(link["stats64"]["tx"]["bytes"])


@contextlib.contextmanager
def machines(workers: int, *hidden: Path) -> Iterator[tuple[Host, list[Host]]]:
    """A head and its workers on one network. Workers see empty folders in place of those that are `hidden`."""
    Path("/tmp/ray").mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        booted = []
        for number in range(workers + 1):
            booted.append(_boot(f"10.77.0.{number + 1}", hidden if number else ()))
            stack.callback(booted[-1].shut_down)
        head, others = booted[0], booted[1:]
        head.run("ip", "link", "add", "cable", "type", "bridge")
        for number, worker in enumerate(others):
            link = f"ip link add port{number} netns {head.pid} type veth peer name cable netns {worker.pid}"
            subprocess.run(link.split(), check=True)
            head.run(*f"ip link set port{number} master cable up".split())
        for host in booted:
            host.run(*f"ip address add {host.address}/24 dev cable".split())
            for device in ("lo", "cable"):
                host.run(*f"ip link set {device} up".split())
        yield head, others


def _boot(address: str, hidden: tuple[Path, ...]) -> Host:
    folders = ["/dev/shm", "/tmp/ray", *map(str, hidden)]
    mounts = " && ".join(f"mount -t tmpfs none '{folder}'" for folder in folders)
    keep = ("sh", "-c", f"{mounts} && echo up && exec sleep infinity")
    keeper = subprocess.Popen(
        ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *keep),
        stdout=subprocess.PIPE,
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == b"up\n"
    (pid,) = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
    return Host(address, keeper, int(pid))


def form_cluster(head: Host, workers: list[Host], environment: Mapping[str, str] = os.environ) -> str:
    """Start Ray on all, with two CPUs for engines on each worker; answers the address that a user types."""
    start = (sys.executable, "-m", "ray.scripts.scripts", "start", "--disable-usage-stats")
    memory = "--object-store-memory=1000000000"
    alone = ("--head", f"--port={PORT}", "--num-cpus=0", "--include-dashboard=false")
    head.run(*start, memory, *alone, f"--node-ip-address={head.address}", environment=environment)
    address = f"{head.address}:{PORT}"
    for worker in workers:
        joined = (f"--address={address}", f"--node-ip-address={worker.address}", "--num-cpus=2")
        worker.run(*start, memory, *joined, environment=environment)
    return address
