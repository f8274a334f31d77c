"""The canary: a model reads a small known page before the first real one, and the run ends if it misreads that.

A wrong chat template, a wrong checkpoint or pages that are shown too small raise no errors: the model writes fluent
nonsense, page after page. One known page reveals that within a second.
"""

import logging
import unicodedata
from importlib.resources import as_file, files

from ocr.core.document import PageImage
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.engines.base import Engine, Request, capabilities_of
from ocr.models.answer_format import parse
from ocr.models.catalog import Model

LOG = logging.getLogger(__name__)

TEXT = """\
Art. 12. A inscrição será concluída até
21 de março de 1998, às 17h30, à razão
de R$ 4.365,09 por lote. Não há exceções.
O órgão avaliará também os três recursos.
Brasília, 177º da Independência."""
"""The text of canary.png, which benchmarks/tools/draw_canary.py renders. No model has seen it in training."""

SECONDS, TOKENS = 300.0, 400


def load_page() -> PageImage:
    """Return the canary page as pixels."""
    numpy, image_module = load("numpy"), load("PIL.Image")
    with as_file(files("ocr.engines.vlm").joinpath("canary.png")) as path, image_module.open(path) as image:
        return PageImage(1, numpy.asarray(image.convert("RGB")), 200.0)


async def check(engine: Engine) -> float:
    """Have the started engine read the known page; return its character error rate (edit distance over true length).

    Raises `EngineError` if the rate is above the model's `canary_errors`.
    """
    model = capabilities_of(engine).model or Model()
    generation = await engine.read(Request(load_page(), seconds=SECONDS, max_tokens=TOKENS))
    fields = parse(generation.text or "")
    read = "\n".join(filter(None, (fields.header, fields.margin, fields.text, fields.footer)))
    errors = error_rate(read)
    LOG.debug("%s read the canary page with a character error rate of %.3f", engine.name, errors)
    if errors > model.canary_errors:
        said = f"it wrote {read[:120]!r}" if read else (generation.reason or "it wrote nothing")
        raise EngineError(
            f"{model.name or engine.name} misread the known page: {min(errors, 9.99):.0%} of the characters are "
            f"wrong, {model.canary_errors:.0%} may be; {said}",
            hint="check weights, prompt and image size (reading.toml); to read with it all the same: --no-canary",
        )
    return errors


def error_rate(read: str) -> float:
    """Return the character error rate against `TEXT`, white space collapsed; above 1 if much was added."""
    rate: float = load("jiwer").cer(_plain(TEXT), _plain(read)) if read.strip() else 1.0
    return rate


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
