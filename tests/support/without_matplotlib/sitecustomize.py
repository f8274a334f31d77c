"""Python starts as if the extra `bench` were not installed: drawing plots takes most of a bench of twelve pages."""

import sys

sys.modules["matplotlib"] = None  # type: ignore[assignment]
