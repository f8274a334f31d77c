"""Read Parquet files of pages, as hubs publish them: rows, and the image that a row holds."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ocr.core.environment import load
from ocr.core.errors import DataError

Row = Mapping[str, object]
"""Column -> value."""


def read_rows(source: Path, columns: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the rows of a Parquet file, or of all below a folder, in small batches: a shard holds 200 MB of images.

    Raises DataError when a file cannot be read or lacks one of `columns`.
    """
    for path in [source] if source.is_file() else sorted(source.rglob("*.parquet")):
        yield from _rows_of(path, columns)


def _rows_of(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
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
            f"{path}: cannot be read as Parquet: {reason}", hint="download it again, or remove it"
        ) from failure


def _require(columns: tuple[str, ...], there: list[str], path: Path) -> None:
    if missing := sorted(set(columns) - set(there)):
        raise DataError(f"{path}: no column {', '.join(missing)}", hint=f"needed: {', '.join(columns)}")


def image_of(row: Row) -> bytes:
    """Return the bytes of a row's image: `image` (as the hub stores it, or bytes) or `image_base64`.

    Raises DataError where a row has no image, or one that is not base64.
    """
    image = row.get("image")
    if isinstance(image, dict) and image.get("bytes"):
        return bytes(image["bytes"])
    if isinstance(image, bytes):
        return image
    try:
        encoded = row.get("image_base64") or ""
        content = base64.b64decode(encoded if isinstance(encoded, (str, bytes)) else str(encoded), validate=True)
    except (binascii.Error, ValueError, TypeError) as failure:
        raise DataError(f"id {row.get('id')}: image_base64 is not base64") from failure
    if not content:
        raise DataError(f"id {row.get('id')}: no image in `image` or `image_base64`")
    return content
