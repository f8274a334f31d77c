"""The table of decoding modes."""

from pathlib import Path

from eval.bench_result import BenchResult, DataSummary
from eval.costs import CostTerms, compute_cost
from eval.datasets import ReferencePage
from eval.report import report_tables
from eval.results import SystemName, score_outputs, summarize
from eval.systems.pricing import find_machine
from eval.systems.response_cache import Response, Session, Unread
from ocr.core.document import EngineOutput

TEXT = "A ação nº 1 foi julgada"


def test_a_system_that_counts_its_passes_has_a_row() -> None:
    pages = [ReferencePage(f"p{n}", f"d{n}", Path("p.png"), 1, TEXT, "0" * 64) for n in range(2)]
    systems = []
    for name, passes in (("ar", 10), ("self-speculation", 3), ("rapid", 0)):
        output = EngineOutput("stop", text=TEXT, completion_tokens=10, passes=passes)
        # A page that ran to its time limit took passes as well.
        outputs: list[Response] = [output, Unread("failed", "timeout", output)]
        results = score_outputs(pages, outputs)
        cost = compute_cost(results, outputs, Session(2, 8.0), CostTerms(machine=find_machine("l4")))
        systems.append(summarize(SystemName(name, name), results, cost, seed=0))
    data = DataSummary("some", 2, 2, "CC0", (), "ab")
    result = BenchResult("0.1.0", "ocr bench", 0, "3.11", {}, data, tuple(systems), {}, ())
    table = next(table for table in report_tables.build(result) if table.title == "Decoding")
    assert [row[0] for row in table.rows] == ["ar", "self-speculation"]
    assert [row[5] for row in table.rows] == ["20.0", "6.0"]
    assert [row[6] for row in table.rows] == ["4.00", "4.00"]
