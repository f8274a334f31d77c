import csv
import io

from boxed_pages import FIRST, READER, SOURCE

from ocr.core.document import Page, Table
from ocr.formats.writers import FORMATS


def test_there_is_one_file_a_table() -> None:
    page = Page(
        7, "ok", tables=(Table((0, 0, 1, 1), (("a",),)), Table((0, 0, 1, 1), (('x, "y"', "linha\nduas"), ("",))))
    )
    files = dict(FORMATS["csv"].render_parts(SOURCE, READER, (FIRST, page)))
    assert list(files) == [".page-1-table-1", ".page-7-table-1", ".page-7-table-2"]
    assert files[".page-1-table-1"] == b'Item,Valor\r\nCustas,"R$ 10,00"\r\n'
    rows = list(csv.reader(io.StringIO(files[".page-7-table-2"].decode("utf-8"))))
    assert rows == [['x, "y"', "linha duas"], [""]]
