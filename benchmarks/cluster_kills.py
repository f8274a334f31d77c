"""Workers of a local Ray are killed while they read or load: python benchmarks/cluster_kills.py [COUNT]

The test of the cluster with more kills: every page is accounted for and no output differs from an undisturbed run.
"""

import os
import subprocess
import sys
from pathlib import Path

TEST = Path(__file__).resolve().parent.parent / "tests/integration/test_cluster.py"

count = sys.argv[1] if len(sys.argv) > 1 else "20"
command = [sys.executable, "-m", "pytest", "-s", "-k", "killed", str(TEST)]
sys.exit(subprocess.run(command, env={**os.environ, "LUSOCR_CLUSTER_KILLS": count}, check=False).returncode)
