"""Machines to test a cluster on, made of Linux namespaces: each has its own network, processes, and memory files.

Two machines share one cable and nothing else reaches them. Root and iproute2 are needed; `why_not` says what is missing.
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

HEAD, WORKER = "10.77.0.1", "10.77.0.2"
PORT = 6379
CLUSTER = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""A head asks for a token as soon as there is one on its machine, and others do not send theirs unless they are told to."""


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

    def sent(self) -> int:
        """Bytes that have left this machine by its cable."""
        (link,) = json.loads(self.run("ip", "-s", "-j", "link", "show", "cable"))
        return int(link["stats64"]["tx"]["bytes"])


@contextlib.contextmanager
def two_hosts(*hidden: Path) -> Iterator[tuple[Host, Host]]:
    """Two machines on one cable. The second sees empty folders in place of those that are `hidden`."""
    Path("/tmp/ray").mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        hosts = []
        for address, folders in ((HEAD, ()), (WORKER, hidden)):
            hosts.append(_boot(address, folders))
            stack.callback(_shut_down, hosts[-1])
        head, worker = hosts
        subprocess.run(
            f"ip link add cable netns {head.pid} type veth peer name cable netns {worker.pid}".split(), check=True
        )
        for host in hosts:
            host.run("ip", "address", "add", f"{host.address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                host.run("ip", "link", "set", device, "up")
        yield head, worker


def _boot(address: str, hidden: tuple[Path, ...]) -> Host:
    own = ["/dev/shm", "/tmp/ray", *map(str, hidden)]
    mounts = " && ".join(f"mount -t tmpfs none '{folder}'" for folder in own)
    keeper = subprocess.Popen(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        + ["sh", "-c", f"{mounts} && echo up && exec sleep infinity"],
        stdout=subprocess.PIPE,
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == b"up\n"
    (pid,) = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
    return Host(address, keeper, int(pid))


def _shut_down(host: Host) -> None:
    """The first process of a machine takes all others with it; network and memory files go with the last."""
    host.keeper.kill()
    host.keeper.wait()
    while Path(f"/proc/{host.pid}").exists():
        time.sleep(0.05)


def form_cluster(head: Host, worker: Host, environment: Mapping[str, str] = os.environ) -> str:
    """Start Ray on both, with engines on the worker only; answers the address that a user types."""
    common = ("--disable-usage-stats", "--object-store-memory=1000000000")
    start = (sys.executable, "-m", "ray.scripts.scripts", "start")
    head.run(
        *start, "--head", f"--node-ip-address={head.address}", f"--port={PORT}", "--num-cpus=0",
        "--include-dashboard=false", *common, environment=environment,
    )  # fmt: skip
    address = f"{head.address}:{PORT}"
    worker.run(
        *start, f"--address={address}", f"--node-ip-address={worker.address}", "--num-cpus=2", *common,
        environment=environment,
    )  # fmt: skip
    return address
