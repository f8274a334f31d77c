"""Import a heavy or optional package on first use, or say which extra brings it."""

from importlib import import_module
from types import ModuleType

from ocr.core.errors import DependencyError


def load(module: str, *, extra: str = "") -> ModuleType:
    """Import `module`, or raise `DependencyError` whose hint installs it.

    `extra` names the extra of lusocr that brings the package; empty means that it is a core dependency.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        package = f"lusocr[{extra}]" if extra else "--force-reinstall lusocr"
        raise DependencyError(
            f"the Python package {module.partition('.')[0]!r} cannot be imported: {cause}",
            hint=f"pip install '{package}'",
        ) from cause
