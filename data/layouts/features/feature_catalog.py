"""List the layout features by name, and choose those of a page."""

import random
from collections.abc import Mapping
from types import MappingProxyType

from data.layouts.draft import Feature
from data.layouts.features.gazette_pages import (
    banded_heading,
    budget_table,
    column_footer,
    dense_text,
    level_articles,
    sparse_page,
    three_part_header,
)
from data.layouts.features.margins import leave_room, line_numbers, side_notes, side_stamp
from data.layouts.features.material.form_material import (
    blanks,
    check_boxes,
    comb_boxes,
    label_grid,
    pay_slip_foot,
    stacked_boxes,
)
from data.layouts.features.material.gazette_material import annex_table, column_table, leader_list, signature_pairs
from data.layouts.features.material.list_material import contents, dictionary, hanging_numbers, two_languages
from data.layouts.features.material.table_material import continued_table, open_table, spanned_table, upright_heads
from data.layouts.features.material.text_material import dialogue, drop_cap, footnotes, spaced_heading, verse
from data.layouts.features.overlays import (
    handwriting,
    ink_stamp,
    punch_holes,
    round_seal,
    rubrics,
    show_through,
    torn_corner,
    watermark,
)
from data.layouts.features.page_columns import many_columns, masthead, picture, wide_heading, wide_table
from data.layouts.features.roll_paper import printer_report, till_receipt, two_pages

_COLUMNED = frozenset({"gazette", "edict", "newspaper"})
_BOOKS = frozenset({"book"})
_DEEDS = frozenset({"contract", "proxy", "certificate", "petition"})
_FORMS = frozenset({"form"})
_BUSINESS = frozenset({"invoice", "receipt", "letter", "official-letter"})
_STANDING = frozenset({"level_articles", "sparse_page"})
"""Features whose body stands as it is, without material among it."""
_WHOLE = frozenset({"label_grid", "open_table", "stacked_boxes"})
_COURT = frozenset({"ruling", "sentence", "petition", "contract", "proxy", "certificate", "official-letter", "letter"})

FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "many_columns": Feature(0.5, many_columns, kinds=_COLUMNED),
        "three_part_header": Feature(0.35, three_part_header, kinds=_COLUMNED),
        "column_footer": Feature(0.3, column_footer, kinds=_COLUMNED),
        "level_articles": Feature(0.15, level_articles, kinds=_COLUMNED, excludes=frozenset({"many_columns"})),
        "dense_text": Feature(
            0.3, dense_text, kinds=frozenset({"gazette", "edict"}), excludes=frozenset({"level_articles"})
        ),
        "sparse_page": Feature(0.06, sparse_page, kinds=_COURT),
        "banded_heading": Feature(0.2, banded_heading, kinds=_COLUMNED, excludes=frozenset({"level_articles"})),
        "budget_table": Feature(0.15, budget_table, kinds=_COLUMNED | _COURT, excludes=_STANDING),
        "dictionary": Feature(0.08, dictionary, kinds=_BOOKS),
        "contents": Feature(0.08, contents, kinds=_BOOKS | _COURT),
        "two_languages": Feature(0.08, two_languages, kinds=_DEEDS),
        "hanging_numbers": Feature(0.2, hanging_numbers, kinds=_DEEDS | {"edict", "official-letter"}),
        "dialogue": Feature(0.12, dialogue, kinds=_COURT | {"book"}),
        "verse": Feature(0.15, verse, kinds=_BOOKS | {"newspaper"}),
        "spaced_heading": Feature(0.15, spaced_heading, kinds=_COURT | _COLUMNED | _BOOKS),
        "footnotes": Feature(0.2, footnotes, kinds=_COURT | _BOOKS),
        "drop_cap": Feature(0.25, drop_cap, kinds=_BOOKS | {"newspaper"}),
        "spanned_table": Feature(0.15, spanned_table, kinds=_COURT | _COLUMNED | _BOOKS),
        "open_table": Feature(0.2, open_table, kinds=_COURT | _COLUMNED | _BOOKS | _BUSINESS),
        "upright_heads": Feature(0.08, upright_heads, kinds=_COURT | _COLUMNED),
        "continued_table": Feature(0.08, continued_table, kinds=_COURT | _COLUMNED | {"invoice"}),
        "blanks": Feature(0.2, blanks, kinds=_FORMS | _DEEDS),
        "check_boxes": Feature(0.3, check_boxes, kinds=_FORMS | {"certificate"}),
        "comb_boxes": Feature(0.3, comb_boxes, kinds=_FORMS),
        "stacked_boxes": Feature(0.4, stacked_boxes, kinds=_FORMS | {"invoice", "receipt"}),
        "masthead": Feature(0.3, masthead, kinds=_COLUMNED),
        "wide_table": Feature(0.35, wide_table, kinds=_COLUMNED | _COURT),
        "wide_heading": Feature(0.2, wide_heading, kinds=_COLUMNED),
        "label_grid": Feature(0.2, label_grid, kinds=_COURT | _FORMS | _BUSINESS),
        "pay_slip_foot": Feature(0.25, pay_slip_foot, kinds=frozenset({"invoice", "form"})),
        "picture": Feature(0.15, picture, kinds=_COLUMNED | _BOOKS),
        "till_receipt": Feature(0.5, till_receipt, kinds=frozenset({"receipt"}), excludes=_WHOLE),
        "printer_report": Feature(0.3, printer_report, kinds=_BUSINESS, excludes=_WHOLE | {"till_receipt"}),
        "two_pages": Feature(0.2, two_pages, kinds=_BOOKS, excludes=frozenset({"dictionary"})),
        "watermark": Feature(0.08, finish=watermark),
        "show_through": Feature(0.06, finish=show_through),
        "round_seal": Feature(0.1, finish=round_seal),
        "ink_stamp": Feature(0.15, finish=ink_stamp),
        "handwriting": Feature(0.12, finish=handwriting),
        "rubrics": Feature(0.15, finish=rubrics),
        "punch_holes": Feature(0.1, finish=punch_holes),
        "torn_corner": Feature(0.05, finish=torn_corner),
        "side_notes": Feature(0.12, leave_room, side_notes, kinds=_BOOKS | _COURT, excludes=frozenset({"two_pages"})),
        "side_stamp": Feature(0.3, finish=side_stamp),
        "line_numbers": Feature(0.12, finish=line_numbers, kinds=_COURT),
        "annex_table": Feature(0.2, annex_table, kinds=frozenset({"gazette", "edict"}), excludes=_STANDING),
        "column_table": Feature(0.3, column_table, kinds=_COLUMNED, excludes=_STANDING),
        "leader_list": Feature(0.2, leader_list, kinds=_COLUMNED, excludes=_STANDING),
        "signature_pairs": Feature(0.25, signature_pairs, kinds=_DEEDS | {"letter", "official-letter"}),
    }
)
"""In the order in which they act on a page."""


def choose_features(kind: str, generator: random.Random, without: frozenset[str]) -> tuple[str, ...]:
    """Return the features of a page of `kind`, each with its own probability and none of `without`."""
    chosen: list[str] = []
    for name, feature in FEATURES.items():
        wanted = generator.random() < feature.share  # drawn for every feature, so that a new one moves no other
        suits = feature.kinds is None or kind in feature.kinds
        if wanted and suits and name not in without and not feature.excludes & set(chosen):
            chosen.append(name)
    return tuple(chosen)
