"""Runs of text set as ink."""

import random

import numpy as np
import pytest

from data.lines.faces import Face, Faces, read_faces
from data.lines.hard import Run
from data.lines.ink import LineInk, Setting, needed, set_line


@pytest.fixture(scope="module")
def faces() -> Faces:
    return read_faces(())


@pytest.fixture(scope="module")
def serif(faces: Faces) -> Face:
    return next(face for face in faces.all if face.name == "tinos-400-normal")


def drawn(faces: Faces, face: Face, *runs: Run, **changes: float) -> LineInk:
    line = set_line(runs, face, faces, Setting(em=changes.pop("em", 40), **changes), random.Random(1))
    assert line is not None
    return line


def test_ink_is_cropped_and_grows_with_size_and_stretch(faces: Faces, serif: Face) -> None:
    line = drawn(faces, serif, Run("Habeas"))
    assert line.ink.max() == 255
    assert line.ink[0].max() > 60 < line.ink[:, -1].max()
    double = drawn(faces, serif, Run("Habeas"), em=80)
    assert double.ink.shape[1] == pytest.approx(2 * line.ink.shape[1], rel=0.05)
    wide = drawn(faces, serif, Run("Habeas"), stretch=1.5)
    assert wide.ink.shape[1] == pytest.approx(1.5 * line.ink.shape[1], rel=0.05)
    assert wide.ink.shape[0] == line.ink.shape[0]


def test_the_baseline_lies_below_letters_without_descenders(faces: Faces, serif: Face) -> None:
    line = drawn(faces, serif, Run("HEM"))
    assert line.baseline == pytest.approx(line.ink.shape[0], abs=2)
    assert line.cap_height == pytest.approx(line.ink.shape[0], abs=2)


def test_note_marks_are_small_and_high(faces: Faces, serif: Face) -> None:
    plain, raised = drawn(faces, serif, Run("2")), drawn(faces, serif, Run("²", "raised", "2"))
    assert raised.ink.shape[0] < 0.75 * plain.ink.shape[0]
    both = drawn(faces, serif, Run("H"), Run("²", "raised", "2"))
    right = both.ink[:, -raised.ink.shape[1] + 2 :]
    assert right[: len(right) // 2].sum() > 2 * right[len(right) * 2 // 3 :].sum()


def test_spaced_letters_keep_words_apart(faces: Faces, serif: Face) -> None:
    line = drawn(faces, serif, Run("AB CD", "spaced"))
    empty = line.ink.max(axis=0) == 0
    starts = np.flatnonzero(np.diff(empty.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(empty.astype(int)) == -1)
    gaps = (ends - starts).tolist()
    assert len(gaps) == 3
    assert gaps[1] > 1.5 * max(gaps[0], gaps[2])


def test_check_boxes_need_no_glyph_and_a_cross_adds_ink(faces: Faces, serif: Face) -> None:
    assert needed((Run("☐ Sim", "drawn"),)) == set(" Sim")
    empty, crossed = drawn(faces, serif, Run("☐", "drawn")), drawn(faces, serif, Run("☒", "drawn"))
    assert crossed.ink.mean() > 1.2 * empty.ink.mean()
    inner = empty.ink[len(empty.ink) // 3 : -len(empty.ink) // 3, empty.ink.shape[1] // 3 : -empty.ink.shape[1] // 3]
    assert inner.max() < 60


def test_a_comb_has_a_box_for_each_letter(faces: Faces, serif: Face) -> None:
    short, long = drawn(faces, serif, Run("AB", "comb")), drawn(faces, serif, Run("ABCD", "comb"))
    assert long.ink.shape[1] == pytest.approx(2 * short.ink.shape[1], rel=0.1)
    assert (long.ink[-1] > 60).mean() > 0.95


def test_bold_runs_take_the_bold_face(faces: Faces, serif: Face) -> None:
    assert drawn(faces, serif, Run("ilha", "bold")).ink.sum() > 1.15 * drawn(faces, serif, Run("ilha")).ink.sum()


def test_nothing_visible_gives_no_line(faces: Faces, serif: Face) -> None:
    assert set_line((Run(" "),), serif, faces, Setting(em=30), random.Random(1)) is None


def test_a_hand_wanders_and_type_does_not(faces: Faces, serif: Face) -> None:
    hand = next(face for face in faces.all if face.style == "script")
    runs, setting = (Run("nem uma nem outra"),), Setting(em=40)
    for face, varies in ((serif, False), (hand, True)):
        lines = [set_line(runs, face, faces, setting, random.Random(seed)) for seed in range(4)]
        shapes = {line.ink.shape for line in lines if line}
        assert (len(shapes) > 1) is varies
