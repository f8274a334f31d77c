"""Tesseract's TSV becomes lines of words."""

import numpy as np

from ocr.engines.local.tesseract_worker import _line, _rows

TSV = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "1\t1\t0\t0\t0\t0\t0\t0\t800\t600\t-1\t\n"
    "5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\tSão\n"
    "5\t1\t1\t1\t1\t2\t45\t21\t3\t40\t80\t|\n"
    "5\t1\t1\t1\t1\t3\t50\t18\t60\t14\t90\tPaulo\n"
    "5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t-1\t \n"
    '5\t1\t1\t1\t2\t2\t10\t40\t30\t12\t70\t"x|y"\n'
    "5\t1\t1\t1\t3\t1\t10\t40\t30\n"
)


def test_words_are_kept_and_rules_of_tables_dropped() -> None:
    rows = list(_rows(TSV))
    assert [row.text for row in rows] == ["São", "Paulo", '"x|y"']
    assert [row.line for row in rows] == [("1", "1", "1", "1"), ("1", "1", "1", "1"), ("1", "1", "1", "2")]
    assert rows[0].box == (10, 20, 40, 32)
    assert rows[0].confidence == 0.965


def test_a_line_is_as_sure_as_its_letters_and_as_large_as_its_words() -> None:
    line = _line(list(_rows(TSV))[:2], np.eye(2, 3))
    assert line.text == "São Paulo"
    assert line.box == (10, 18, 110, 32)
    assert line.confidence == round((3 * 0.965 + 5 * 0.9) / 8, 4)
    assert [word.text for word in line.words] == ["São", "Paulo"]


def test_nothing_printed_is_no_rows() -> None:
    assert list(_rows("")) == []
    assert list(_rows(TSV.splitlines()[0])) == []
