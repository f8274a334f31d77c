"""Propose what stands in places of a page that could not be read, with a text model.

A page marks such a place as `[ilegível]`, or as U+FFFD for each letter. The model continues the text before the place
in several ways (beam search). Each continuation is judged by how likely it makes the text after the place. Proposals
are kept beside the text, which never changes: a likely word is a guess.
"""

import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ocr.core.document import FIELDS, UNKNOWN_LETTER, Gap, Page, Proposal
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.models import catalog
from ocr.models.catalog import Model
from ocr.models.weights import find_weights, trust_and_obtain

_MARK = re.compile(rf"\[ileg[ií]vel\]|{UNKNOWN_LETTER}+", re.IGNORECASE)
_OPTION = "--fill-gaps"
BEFORE, AFTER = 400, 80
"""Characters before and after a place that the model sees."""
BEAMS, MOST_TOKENS = 8, 12
"""Continuations that are followed at once, and the most tokens of each."""
MOST_PROPOSALS = 5


def find_gaps(page: Page) -> tuple[Gap, ...]:
    """Return the places of a page that could not be read, without proposals."""
    return tuple(
        Gap(field, found.start(), found[0]) for field in FIELDS for found in _MARK.finditer(getattr(page, field))
    )


def still_there(gaps: Iterable[Gap], page: Page) -> tuple[Gap, ...]:
    """Return the gaps whose place is in the page as it was: another layout may have moved the text."""
    return tuple(gap for gap in gaps if getattr(page, gap.field).startswith(gap.mark, gap.start))


def obtain_text_model(name: str, *, agreed: tuple[bool, bool], ask: Callable[[str], bool]) -> str:
    """Make sure that the weights of a text model are here; return the revision whose code may run, "" for none.

    `agreed` are the answers given beforehand, to the code and to the download. Raises what
    `ocr.models.weights.trust_and_obtain` raises.
    """
    catalog.resolve(name, _OPTION)
    return trust_and_obtain({"model": name}, agreed=agreed, ask=ask).get("trusted_code", "")


class GapFiller:
    """A text model that proposes readings, a page at a time."""

    def __init__(self, name: str, trusted_code: str = "") -> None:
        """Choose the model; nothing heavy is loaded yet. `trusted_code` is the revision whose code may run.

        Raises `UsageError` for an unknown model, `EngineError` for one whose code nobody has allowed.
        """
        self.model = catalog.resolve(name, _OPTION)
        if self.model.remote_code and trusted_code != self.model.revision:
            raise EngineError(
                f"--fill-gaps {name} needs the Python code of its repository",
                hint="look at the code, then --trust-code",
            )
        self._network: Any = None
        self._tokenizer: Any = None
        self._turn = threading.Lock()

    def load(self) -> None:
        """Load the weights. Raises `EngineError` where they are missing, or are those of no text model."""
        if self._network is not None:
            return
        folder = find_weights(self.model)
        if folder is None:
            raise EngineError(
                f"the weights of {self.model.name} are not on this machine", hint="ocr extract --fill-gaps NAME --yes"
            )
        self._network, self._tokenizer = _load_text_model(self.model, folder, trusted=self.model.remote_code)

    def fill(self, page: Page) -> tuple[Gap, ...]:
        """Return the places of the page that could not be read, each with its proposals."""
        with self._turn:
            return tuple(self._filled(gap, getattr(page, gap.field)) for gap in find_gaps(page))

    def _filled(self, gap: Gap, text: str) -> Gap:
        before = text[max(0, gap.start - BEFORE) : gap.start]
        end = gap.start + len(gap.mark)
        after = _MARK.split(text[end : end + AFTER])[0]
        words = self._continue(before, gap)
        if not words:
            return gap
        scores = self._judge(before, words, after)
        ranked = sorted(zip(scores, words, strict=True), reverse=True)[:MOST_PROPOSALS]
        proposals = tuple(Proposal(word, round(score, 4)) for score, word in ranked)
        return Gap(gap.field, gap.start, gap.mark, proposals)

    def _continue(self, before: str, gap: Gap) -> list[str]:
        """Return what may follow the text before a place: words, or as many letters as the mark stands for."""
        torch = load("torch", extra="gpu")
        inside = bool(before) and not before[-1].isspace()
        # A tokenizer joins a space to the word behind it, so the model writes the space itself.
        prompt = self._tokenizer(before.rstrip() or "\n")["input_ids"]
        going, found = [(0.0, list[int]())], set[str]()
        for step in range(MOST_TOKENS):
            ids = torch.tensor([[*prompt, *written] for _, written in going], device=self._network.device)
            with torch.inference_mode():
                best = self._network(input_ids=ids).logits[:, -1].float().log_softmax(-1).topk(BEAMS)
            longer = [
                (score + gain, [*written, token])
                for (score, written), gains, tokens in zip(going, *map(_to_list, best), strict=True)
                for gain, token in zip(gains, tokens, strict=True)
            ]
            going = []
            for score, written in sorted(longer, reverse=True)[:BEAMS]:
                text = self._tokenizer.decode(written, skip_special_tokens=True)
                if is_complete(text, gap) or step == MOST_TOKENS - 1:
                    found.add(cut(text, gap, inside=inside))
                else:
                    going.append((score, written))
            if not going:
                break
        return sorted(found - {""})

    def _judge(self, before: str, words: list[str], after: str) -> list[float]:
        """Return the probability of each word between the texts, among the words."""
        torch = load("torch", extra="gpu")
        scores = []
        with torch.inference_mode():
            for word in words:
                ids = self._tokenizer(before + word + after, return_tensors="pt")["input_ids"].to(self._network.device)
                logits = self._network(input_ids=ids).logits[0, :-1].float().log_softmax(-1)
                scores.append(float(logits.gather(1, ids[0, 1:, None]).sum()))
        shares: list[float] = torch.tensor(scores).softmax(0).tolist()
        return shares


def is_complete(text: str, gap: Gap) -> bool:
    """Return whether a continuation has all that a place needs: the letters of the mark, or a word and what ends it."""
    if gap.mark.startswith(UNKNOWN_LETTER):
        return len(text.lstrip()) >= len(gap.mark)
    return len(text.split()) > 1 or (bool(text.strip()) and text[-1].isspace())


def cut(text: str, gap: Gap, *, inside: bool) -> str:
    """Return the part of a continuation that fits the place; "" where none does.

    `inside` says that the mark stands in a word, where a continuation that begins with a space does not fit.
    """
    if gap.mark.startswith(UNKNOWN_LETTER):
        letters = (text if inside else text.lstrip())[: len(gap.mark)]
        return letters if len(letters) == len(gap.mark) and not any(sign.isspace() for sign in letters) else ""
    return next(iter(text.split()), "")


def _to_list(values: Any) -> list[Any]:
    listed: list[Any] = values.tolist()
    return listed


def _load_text_model(model: Model, folder: Path, *, trusted: bool) -> tuple[Any, Any]:
    torch, transformers = load("torch", extra="gpu"), load("transformers", extra="gpu")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = "auto" if device == "cuda" else torch.float32
    # A model with code of its own registers it under this class alone.
    family = transformers.AutoModel if model.remote_code else transformers.AutoModelForCausalLM
    try:
        network = family.from_pretrained(folder, dtype=precision, trust_remote_code=trusted)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=trusted)
    except (OSError, ValueError, RuntimeError) as cause:
        raise EngineError(
            f"--fill-gaps {model.name} does not load as a text model: {cause}", hint="check the folder's files"
        ) from cause
    return network.to(device).eval(), tokenizer
