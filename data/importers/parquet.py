"""Parquet files of pages, as hubs publish them: their rows, and the image that a row holds."""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocr.core.environment import load
from ocr.core.errors import DataError


def read_rows(source: Path, columns: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file, or of all below a folder, a few at a time: a shard holds 200 MB of images.

    Raises DataError when a file cannot be read or lacks one of `columns`.
    """
    for path in [source] if source.is_file() else sorted(source.rglob("*.parquet")):
        yield from _rows_of(path, columns)


def _rows_of(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    arrow: Any = load("pyarrow", extra="data")
    parquet: Any = load("pyarrow.parquet", extra="data")
    try:
        with parquet.ParquetFile(path) as file:
            _require(columns, file.schema_arrow.names, path)
            for batch in file.iter_batches(batch_size=8):
                yield from batch.to_pylist()
    except (OSError, arrow.ArrowException) as failure:
        reason = str(failure).splitlines()[0]
        raise DataError(
            f"{path}: cannot be read as parquet: {reason}", hint="fetch it again, or remove it"
        ) from failure


def _require(columns: tuple[str, ...], there: list[str], path: Path) -> None:
    if missing := sorted(set(columns) - set(there)):
        raise DataError(f"{path}: no column {', '.join(missing)}", hint=f"needed: {', '.join(columns)}")


def image_of(row: dict[str, Any]) -> bytes:
    """The bytes of a row's image: `image` (as the hub keeps it, or bytes) or `image_base64`. DataError without one."""
    image = row.get("image")
    if isinstance(image, dict) and image.get("bytes"):
        return bytes(image["bytes"])
    if isinstance(image, bytes):
        return image
    try:
        content = base64.b64decode(row.get("image_base64") or "", validate=True)
    except (binascii.Error, ValueError, TypeError) as failure:
        raise DataError(f"id {row.get('id')}: image_base64 is not base64") from failure
    if not content:
        raise DataError(f"id {row.get('id')}: no image in `image` or `image_base64`")
    return content
