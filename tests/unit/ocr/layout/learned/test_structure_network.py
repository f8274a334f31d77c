import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ocr.core.document import Line
from ocr.layout.learned import structure_network
from ocr.layout.learned.features import describe
from ocr.layout.learned.pieces import Piece
from ocr.layout.learned.structure_network import run_network

GRAPH = describe([Piece(Line("linha", (100, 100, 500, 130), 0.9), 0)], (1240, 1754))


def test_blas_uses_one_thread_for_a_page_and_as_many_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads take five times the CPU time of one for matrices of this size."""
    threads = []

    def counted(*_: object) -> None:
        threads.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

    monkeypatch.setattr(structure_network, "_run", counted)
    # Other tests may have loaded further libraries since the first page.
    structure_network._blas.cache_clear()
    with threadpool_limits(limits=2, user_api="blas"):
        run_network(GRAPH)
        after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert threads and set(threads) == {1}
    assert set(after) == {2}
