"""One table defines the metrics by which systems are compared."""

from typing import get_args

from eval.metrics.compared_metrics import BY_NAME, METRICS, MetricName
from eval.metrics.page_scores import Pair, score_page


def test_every_name_has_one_row() -> None:
    assert tuple(BY_NAME) == get_args(MetricName)
    assert len(METRICS) == len(BY_NAME) == len({metric.title for metric in METRICS})


def test_a_page_without_output_scores_zero_in_the_composites_and_all_errors_in_the_cer() -> None:
    blank = score_page(Pair("", ""))
    assert [metric.value(blank, is_read=True) for metric in METRICS] == [0.0, 1.0, 0.0]
    assert [metric.value(blank, is_read=False) for metric in METRICS] == [0.0, 0.0, 0.0]
    lost = score_page(Pair("uma página", ""))
    assert [metric.value(lost, is_read=False) for metric in METRICS] == [0.0, 0.0, 1.0]


def test_direction_and_form_of_a_value() -> None:
    strict, cer = BY_NAME["strict"], BY_NAME["cer"]
    assert strict.is_worse(0.8, 0.9)
    assert cer.is_worse(0.03, 0.02)
    assert not cer.is_worse(0.01, 0.02)
    assert (strict.orient("better"), cer.orient("better"), cer.orient("worse")) == ("better", "worse", "better")
    assert (strict.show(0.9), cer.show(0.0182)) == ("0.900", "1.82%")
