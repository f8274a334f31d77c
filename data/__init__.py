"""Pages with ground truth: the manifest, synthetic pages, corpora, and splits without leaks.

The names of `__all__` are the API; each is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from ocr.core import environment

if TYPE_CHECKING:
    from data.data_api import synthesize
    from data.examples import Example, read_manifest

__all__ = ["Example", "read_manifest", "synthesize"]

__getattr__ = environment.load_on_use(
    __name__,
    {
        "Example": "data.examples:Example",
        "read_manifest": "data.examples:read_manifest",
        "synthesize": "data.data_api:synthesize",
    },
)
