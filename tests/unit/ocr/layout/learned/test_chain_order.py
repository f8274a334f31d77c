from ocr.layout.learned.chain_order import MOST, order_chains


def test_columns_are_read_one_after_the_other() -> None:
    assert order_chains([(21.0, 5.0, 40.0, 60.0), (0.0, 5.0, 20.0, 50.0), (41.0, 5.0, 60.0, 55.0)]) == [1, 0, 2]


def test_what_spans_the_columns_divides_them() -> None:
    head, table = (0.0, 0.0, 40.0, 2.0), (0.0, 30.0, 40.0, 40.0)
    upper = [(0.0, 3.0, 19.0, 29.0), (21.0, 3.0, 40.0, 29.0)]
    lower = [(0.0, 41.0, 19.0, 60.0), (21.0, 41.0, 40.0, 60.0)]
    assert order_chains([*lower, table, *upper[::-1], head]) == [5, 4, 3, 2, 0, 1]


def test_a_line_at_the_left_alone_makes_no_column() -> None:
    title, note, table = (15.0, 0.0, 30.0, 1.0), (0.0, 2.0, 10.0, 3.0), (0.0, 5.0, 30.0, 20.0)
    assert order_chains([note, title, table]) == [1, 0, 2]


def test_one_chain_none_and_very_many() -> None:
    assert order_chains([]) == [] and order_chains([(0.0, 0.0, 1.0, 1.0)]) == [0]
    assert order_chains([(0.0, float(-n), 1.0, 1.0 - n) for n in range(MOST + 50)]) == list(range(MOST + 49, -1, -1))
