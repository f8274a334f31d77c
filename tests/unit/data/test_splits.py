import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from data.duplicates import image_hash, jaccard, near_pairs, shingles, words_of
from data.examples import Example, read_manifest, write_manifest
from data.splits import assign, check, draw_split, parse_shares, render_report, write_splits
from data.text.generators import write
from ocr.core.errors import DataError, UsageError
from ocr.core.files import hash_bytes

SHARES = (0.8, 0.1, 0.1)


def page(folder: Path, name: str, document: str, text: str, *, shade: int = 255, **more: object) -> Example:
    path = folder / "images" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((60, 40), shade, np.uint8)
    pixels[:, :: 3 + len(name) % 5] = 0
    pixels[0, :8] = list(hashlib.sha256(name.encode()).digest()[:8])  # no two pages have the same bytes
    Image.fromarray(pixels).save(path)
    content = path.read_bytes()
    example = Example(
        id=name, document=document, page=1, image=f"images/{name}.png", sha256=hash_bytes(content), width=40, height=60,
        kind="letter", origin="composed", licence="Apache-2.0", text=text,
    )  # fmt: skip
    return replace(example, **more)  # type: ignore[arg-type]


def body(seed: str) -> str:
    return " ".join(write("reasons", f"{seed}/{number}") for number in range(5))


def test_splits_hold_documents_together_and_survive_reordering(tmp_path: Path) -> None:
    examples = [page(tmp_path, f"p{n}", f"d{n // 3}", body(str(n))) for n in range(120)]
    splits = {example.id: example.split for example in assign(examples, SHARES, 1)}
    for n in range(0, 120, 3):
        assert len({splits[f"p{n + k}"] for k in range(3)}) == 1
    mixed = examples[:]
    random.Random(1).shuffle(mixed)
    assert {example.id: example.split for example in assign(mixed[:60], SHARES, 1)}.items() <= splits.items()


def test_shares_are_about_right() -> None:
    drawn = [draw_split(f"document {n}", SHARES, 0) for n in range(4000)]
    assert 0.77 < drawn.count("train") / 4000 < 0.83
    assert 0.08 < drawn.count("test") / 4000 < 0.12


def test_what_is_for_testing_only_never_trains(tmp_path: Path) -> None:
    examples = [page(tmp_path, f"p{n}", f"d{n}", "", test_only=n % 2 == 0) for n in range(60)]
    for example in assign(examples, (1.0, 0.0, 0.0), 0):
        assert example.split == ("test" if example.test_only else "train")


def test_written_splits_are_clean(tmp_path: Path) -> None:
    examples = [page(tmp_path, f"p{n}", f"d{n // 2}", body(str(n))) for n in range(40)]
    write_manifest(tmp_path / "manifest.jsonl", examples)
    counts = write_splits(tmp_path / "manifest.jsonl", tmp_path, (0.5, 0.25, 0.25), 3)
    assert sum(counts.values()) == 40
    written = [tmp_path / f"{name}.jsonl" for name, pages in counts.items() if pages]
    assert {example.id for path in written for example in read_manifest(path)} == {f"p{n}" for n in range(40)}
    report = check(written)
    assert report.leaks == () and report.damaged == ()
    report.raise_if_bad()
    assert "Apache-2.0: 40 pages" in render_report(report)


@pytest.mark.parametrize("to", ["split", "set/below/deeper", ".", "beside/set"])
def test_splits_elsewhere_find_their_images(tmp_path: Path, to: str) -> None:
    data, folder = tmp_path / "set", tmp_path / to
    examples = [page(data, f"p{n}", f"d{n}", body(str(n))) for n in range(12)]
    write_manifest(data / "manifest.jsonl", examples)
    counts = write_splits(data / "manifest.jsonl", folder, (0.5, 0.25, 0.25), 3)
    written = [folder / f"{name}.jsonl" for name, pages in counts.items() if pages]
    found = {example.id: (path.parent / example.image).resolve() for path in written for example in read_manifest(path)}
    assert found == {example.id: (data / example.image).resolve() for example in examples}
    assert check(written).damaged == ()


def test_a_split_through_a_linked_folder_finds_its_images(tmp_path: Path) -> None:
    (tmp_path / "disk/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk/deep")
    write_manifest(tmp_path / "set/manifest.jsonl", [page(tmp_path / "set", "p", "d", body("1"))])
    write_splits(tmp_path / "set/manifest.jsonl", tmp_path / "link", (1.0, 0.0, 0.0), 0)
    (example,) = read_manifest(tmp_path / "link/train.jsonl")
    assert example.image == "../../set/images/p.png"
    write_splits(tmp_path / "link/train.jsonl", tmp_path / "again", (1.0, 0.0, 0.0), 0)
    assert [example.image for example in read_manifest(tmp_path / "again/train.jsonl")] == ["../set/images/p.png"]


Change = Callable[[Path], tuple[Example, Example]]


def leak_of_document(folder: Path) -> tuple[Example, Example]:
    return page(folder, "a", "same", body("1")), page(folder, "bb", "same", body("2"))


def leak_of_text(folder: Path) -> tuple[Example, Example]:
    return page(folder, "a", "d1", body("1")), page(folder, "bb", "d2", body("1"))


def leak_of_edited_text(folder: Path) -> tuple[Example, Example]:
    words = body("1").split()
    words[7] = "outro"
    return page(folder, "a", "d1", body("1")), page(folder, "bb", "d2", " ".join(words).upper())


def leak_of_image(folder: Path) -> tuple[Example, Example]:
    one = page(folder, "a", "d1", body("1"))
    return one, replace(one, id="bb", document="d2", text=body("2"))


def leak_of_wordless_image(folder: Path) -> tuple[Example, Example]:
    return page(folder, "a", "d1", ""), page(folder, "f", "d2", "", shade=250)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (leak_of_document, "the same document"),
        (leak_of_text, "the same text"),
        (leak_of_edited_text, "nearly the same text"),
        (leak_of_image, "the same image"),
        (leak_of_wordless_image, "nearly the same image"),
    ],
)
def test_every_sort_of_leak_is_found(tmp_path: Path, change: Change, reason: str) -> None:
    one, other = change(tmp_path)
    write_manifest(tmp_path / "train.jsonl", [one, page(tmp_path, "ccc", "d3", body("3"))])
    write_manifest(tmp_path / "test.jsonl", [other, page(tmp_path, "dddd", "d4", body("4"))])
    report = check([tmp_path / "train.jsonl", tmp_path / "test.jsonl"])
    assert len(report.leaks) == 1
    assert reason in report.leaks[0].reason
    assert set(report.leaks[0].splits) == {"train", "test"}
    with pytest.raises(DataError, match="1 leaks"):
        report.raise_if_bad()


def test_short_common_texts_are_no_leak(tmp_path: Path) -> None:
    write_manifest(tmp_path / "train.jsonl", [page(tmp_path, "a", "d1", "É o relatório.")])
    write_manifest(tmp_path / "test.jsonl", [page(tmp_path, "bb", "d2", "É o relatório.")])
    assert check([tmp_path / "train.jsonl", tmp_path / "test.jsonl"]).leaks == ()


def test_changed_image_is_damage(tmp_path: Path) -> None:
    example = page(tmp_path, "a", "d1", body("1"))
    write_manifest(tmp_path / "train.jsonl", [example])
    (tmp_path / example.image).write_bytes((tmp_path / example.image).read_bytes() + b"x")
    report = check([tmp_path / "train.jsonl"])
    assert len(report.damaged) == 1
    with pytest.raises(DataError, match="differ from the manifest"):
        report.raise_if_bad()


def test_planted_edits_are_found_and_nothing_else() -> None:
    generator = random.Random(4)
    texts = {f"p{n}": body(f"near/{n}") for n in range(150)}
    planted = set()
    for number, name in enumerate(sorted(texts)[:40]):
        words = texts[name].split()
        for place in generator.sample(range(len(words)), max(1, round(0.1 * len(words) * (number % 2)))):
            words[place] = "palavra" + str(place)
        texts[f"q{number}"] = " ".join(words)
        planted.add((name, f"q{number}"))
    found = {(one, other) for one, other, _ in near_pairs({name: shingles(text) for name, text in texts.items()})}
    assert found == planted


@given(some.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_shingles_ignore_case_accents_and_line_breaks(text: str) -> None:
    assert shingles(text) == shingles("  " + text.replace(" ", "\n"))
    assert jaccard(shingles(text), shingles(text)) in (0.0, 1.0)


def test_words() -> None:
    assert words_of("Consti-\ntuição, § 2º: À vista!") == ["constituicao", "2", "a", "vista"]


def test_image_hash_bears_saving_again(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    pixels = np.kron(generator.integers(0, 255, (20, 14), np.uint8), np.ones((30, 30), np.uint8))
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=40)
    other = np.kron(generator.integers(0, 255, (20, 14), np.uint8), np.ones((30, 30), np.uint8))
    Image.fromarray(other).save(tmp_path / "b.png")
    one = image_hash(tmp_path / "a.png")
    assert (one ^ image_hash(tmp_path / "a.jpg")).bit_count() <= 12
    assert (one ^ image_hash(tmp_path / "b.png")).bit_count() > 40
    (tmp_path / "c.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"c\.png"):
        image_hash(tmp_path / "c.png")


def test_shares_are_parsed() -> None:
    assert parse_shares("0.9,0.05,0.05") == (0.9, 0.05, 0.05)
    for wrong in ("0.9,0.1", "a,b,c", "0.9,0.2,0.1", "1.2,-0.1,-0.1"):
        with pytest.raises(UsageError):
            parse_shares(wrong)
