import pytest

from ocr.core.errors import ExitCode
from ocr.storage.summary import Summary, describe


@pytest.mark.parametrize(
    ("summary", "code", "line"),
    [
        (Summary(), ExitCode.OK, "0 files, 0 pages"),
        (Summary(1, 3, 0, {"ok": 2, "blank": 1}), ExitCode.OK, "1 file, 3 pages: 2 ok, 1 blank"),
        (Summary(1, 2, 0, {"ok": 1, "skipped": 1}), ExitCode.OK, "1 file, 2 pages: 1 ok, 1 skipped"),
        (Summary(1, 1, 0, {"ok": 1}, 1), ExitCode.PAGES_FLAGGED, "1 file, 1 page: 1 ok; 1 to look at"),
        (Summary(1, 1, 0, {"degenerate": 1}), ExitCode.PAGES_FLAGGED, "1 file, 1 page: 1 degenerate"),
        (Summary(1, 1, 0, {"truncated": 1}), ExitCode.PAGES_FLAGGED, "1 file, 1 page: 1 truncated"),
        (
            Summary(1, 2, 0, {"truncated": 1, "failed": 1}),
            ExitCode.PAGES_FAILED,
            "1 file, 2 pages: 1 truncated, 1 failed",
        ),
        (Summary(1, 1, 0, {"refused": 1}), ExitCode.PAGES_FAILED, "1 file, 1 page: 1 refused"),
        (Summary(1, 1, 0, {"unreadable": 1}), ExitCode.PAGES_FAILED, "1 file, 1 page: 1 unreadable"),
        (Summary(2, 1, 1, {"ok": 1}), ExitCode.PAGES_FAILED, "2 files, 1 page: 1 ok; 1 file could not be opened"),
        (Summary(1, 5000, 0, {"ok": 4000}), ExitCode.PAGES_FAILED, "1 file, 5,000 pages: 4000 ok, 1000 not read yet"),
    ],
)
def test_what_a_run_comes_to(summary: Summary, code: ExitCode, line: str) -> None:
    assert summary.exit_code == code
    assert describe(summary) == line
