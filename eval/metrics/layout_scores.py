"""Score the layout of a page: reading order, labels of lines, and groups of lines. Elements are known by number."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise

from rapidfuzz.distance import Levenshtein


def order_error(reference: Sequence[int], output: Sequence[int]) -> float:
    """Return the normalized edit distance of two reading orders, 0 to 1; 0 for two empty ones.

    Levenshtein distance of the sequences of elements over the length of the longer one. Source: OmniDocBench (Ouyang
    et al. 2024), which orders blocks; here the elements may be words or lines.
    """
    longest = max(len(reference), len(output))
    return Levenshtein.distance(reference, output) / longest if longest else 0.0


def label_f1(reference: Sequence[Hashable], output: Sequence[Hashable]) -> float:
    """Return the macro F1 of labels of the same elements, 0 to 1: the mean over the labels of the reference.

    Source: the usual F1 = 2 TP / (2 TP + FP + FN) of each label, as in scikit-learn's `f1_score(average="macro")`,
    which counts labels of the output alone as well. Raises ValueError for sequences of different length.
    """
    true, wanted, given = Counter[Hashable](), Counter(reference), Counter(output)
    for right, said in zip(reference, output, strict=True):
        true[right] += right == said
    scores = [2 * true[name] / (wanted[name] + given[name]) for name in wanted]
    return sum(scores) / len(scores) if scores else 1.0


def boundary_f1(reference: Sequence[Hashable], output: Sequence[Hashable]) -> float:
    """Return how well an output groups the elements of one reading order, 0 to 1.

    A boundary stands between neighbors of different groups; the score is the F1 of the boundaries. Without a boundary
    in either it is 1. Source: boundary F1, as used for text segmentation (Fournier 2013). Raises ValueError for
    sequences of different length.
    """
    first = [one != other for one, other in pairwise(reference)]
    second = [one != other for one, other in pairwise(output)]
    both = sum(one and other for one, other in zip(first, second, strict=True))
    total = sum(first) + sum(second)
    return 2 * both / total if total else 1.0
