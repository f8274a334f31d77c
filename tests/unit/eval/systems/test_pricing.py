"""Prices have a date and a source, and costs are the arithmetic that the report prints."""

from datetime import date

import pytest

from eval.systems import pricing
from ocr.core.errors import UsageError


def test_every_row_of_the_table_has_a_date_and_a_source() -> None:
    table = pricing.read_table()
    for row in (*table.models, *table.machines):
        assert isinstance(row.date, date)
        assert row.source
        assert row.grade in ("primary", "secondary")
        assert "memory" not in row.source
    assert all(row.image in pricing.IMAGE_TOKENS for row in table.models)
    assert len({row.id for row in table.models}) == len(table.models)


def test_the_three_aliases_resolve_and_stand_beside_published_figures() -> None:
    for alias in ("opus", "gpt", "gemini"):
        assert pricing.find_model(alias) is not None
        assert any(row.beside == alias for row in pricing.read_table().published)
    assert pricing.find_model("claude-opus-4-6").name == "Claude Opus 4.6"
    assert pricing.find_model("no-such-model") is None


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("claude-opus-5-5", (1240, 1754), 2835),
        ("claude-opus-5-5", (2480, 3508), 3672),
        ("gpt-6-astra", (1240, 1754), 2574),
        ("gpt-6-astra", (2480, 3508), 2940),
        ("gemini-3.1-pro-preview", (2480, 3508), 1120),
    ],
)
def test_image_tokens_are_the_measured_ones(model: str, size: tuple[int, int], tokens: int) -> None:
    assert pricing.image_tokens(pricing.find_model(model), *size) == tokens


def test_dollars_count_what_may_have_been_billed() -> None:
    price = pricing.find_model("claude-opus-5-5")
    assert pricing.dollars(pricing.Usage(1_000_000, 0), price) == 4.0
    assert pricing.dollars(pricing.Usage(0, 500_000, 0, 500_000), price) == 20.0
    assert pricing.Usage(1, 2, 3, 4) + pricing.Usage(1, 1, 1, 1) == pricing.Usage(2, 3, 4, 5)


def test_hardware_by_the_hour() -> None:
    l4 = pricing.find_machine("l4")
    assert pricing.hardware_per_million(l4, 1.0) == pytest.approx(223.6, abs=0.1)
    assert pricing.hardware_per_million(l4, 1.0, utilization=0.5) == pytest.approx(447.2, abs=0.1)
    assert pricing.find_machine("laptop=0.05").hourly == 0.05


@pytest.mark.parametrize("name", ["mainframe", "laptop=free", "laptop=-1", "laptop=0", "laptop=nan"])
def test_an_unknown_machine_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError):
        pricing.find_machine(name)


def test_old_prices_are_warned_of() -> None:
    assert pricing.age_warning(date(2026, 1, 1), date(2026, 11, 20)) == "price of 2026-01-01, 323 days old: check it"
    assert pricing.age_warning(date(2026, 11, 1), date(2026, 11, 20)) == ""
