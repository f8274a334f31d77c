"""Kill workers of a local Ray cluster: `python -m benchmarks.robustness.killed_cluster_workers [KILLS]`.

Runs the cluster test with more kills: every page has a status, and all outputs equal those of an undisturbed run.
"""

import os
import subprocess
import sys

from benchmarks.arguments import parse_positional
from benchmarks.paths import ROOT


def main(kills: int) -> int:
    """Run the test; return its exit code."""
    command = [sys.executable, "-m", "pytest", "-n0", "-s", "-k", "killed", ROOT / "tests/integration/test_cluster.py"]
    return subprocess.run(command, env={**os.environ, "LUSOCR_CLUSTER_KILLS": str(kills)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(parse_positional(__doc__, kills=20).kills))
