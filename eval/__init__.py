"""Evaluate OCR systems: how well they read, how often they repeat themselves, what they cost, with intervals.

The names of `__all__` are the API; each is loaded when it is first used.

>>> from eval import cer, wer
>>> cer("São Paulo", "Sao Paulo")
0.1111111111111111
>>> wer("São Paulo", "Sao Paulo")
0.5
"""

from typing import TYPE_CHECKING

from ocr.core import environment

if TYPE_CHECKING:
    from eval.metrics.eval_api import cer, score_page, wer
    from eval.metrics.page_scores import PageScore

__all__ = ["PageScore", "cer", "score_page", "wer"]

__getattr__ = environment.load_on_use(
    __name__,
    {
        "PageScore": "eval.metrics.page_scores:PageScore",
        "cer": "eval.metrics.eval_api:cer",
        "score_page": "eval.metrics.eval_api:score_page",
        "wer": "eval.metrics.eval_api:wer",
    },
)
