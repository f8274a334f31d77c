"""Train a line recognizer: CTC with AdamW, cosine schedule, averaged weights, checkpoints and a record of the curve.

The loop knows nothing of the network but `TrainableRecognizer`. On a GPU it chooses number format and memory layout
by timing the first batch, and trains again on batches it has seen, with other noise, whenever composing is slower than
the GPU. On a CPU the same seed gives the same weights, also when the run was killed and resumed.
"""

import json
import math
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ocr.core.errors import TrainingError
from training.recognizer.ctc.averaging import AveragedWeights
from training.recognizer.ctc.ctc_losses import Teacher, ctc_losses, distillation_losses, prepare
from training.recognizer.ctc.line_reading import read_lines
from training.recognizer.ctc.line_scores import describe, rates, score
from training.recognizer.ctc.loop_settings import Clock, Progress, Training, learning_rate
from training.recognizer.ctc.optimizer import make_optimizer, set_layout
from training.recognizer.line_supply.batches import Batch, LineSource, Position
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.ppocr_network.onnx_network import TrainableRecognizer

CHECKPOINT, CURVES, SNAPSHOT, WEIGHTS = "checkpoint.pt", "curves.jsonl", "snapshot.onnx", "recognizer.onnx"
POOL = 400
"""Batches on the device that may come again."""
FASTER = 0.85
"""bf16 must take less than this share of fp32's time to be worth its rounding."""


class Trainer:
    """One run of training in `folder`; made anew after a kill, it goes on from the last checkpoint."""

    def __init__(self, recognizer: TrainableRecognizer, training: Training, folder: Path) -> None:
        self.recognizer, self.training, self.folder = recognizer, training, folder
        self.progress = Progress()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(training.seed)
        if training.threads:
            torch.set_num_threads(training.threads)
        self.module = recognizer.module.to(self.device).train()
        set_layout(self.module, channels_last=self.device.type == "cpu")
        self._bf16 = False
        self._names = [name for name, parameter in self.module.named_parameters() if parameter.requires_grad]
        self._parameters = [parameter for parameter in self.module.parameters() if parameter.requires_grad]
        self._start = [parameter.detach().clone() for parameter in self._parameters] if training.anchor else []
        self._average = AveragedWeights(self.module)
        self._optimizer = make_optimizer(self._parameters, training, self.device)
        self._noise = torch.Generator(self.device).manual_seed(training.seed)
        self._draw = random.Random(f"{training.seed} replay")
        self._pool: list[tuple[Batch, int]] = []
        self._teacher: Teacher | None = None
        self._held_out: Sequence[Sample] = ()
        self._losses = torch.zeros((), device=self.device)
        self._count = 0

    @property
    def resumes(self) -> bool:
        """Return whether a checkpoint lies in the folder."""
        return (self.folder / CHECKPOINT).is_file()

    def teach(self, teacher: TrainableRecognizer) -> None:
        """Learn from a trained recognizer as well."""
        self._teacher = Teacher.of(teacher, self.recognizer.characters, self.device)

    def judge_by(self, held_out: Sequence[Sample]) -> None:
        """Read these lines now and then, for the curve."""
        self._held_out = held_out

    def run(self, source: LineSource) -> Progress:
        """Train to the end of the budget, leave averaged weights in the module, and write `recognizer.onnx`.

        Raises `TrainingError` where the loss is no finite number or memory does not suffice.
        """
        self._resume()
        source.start(self.progress.position)
        batch: Batch | None = None
        try:
            if self.device.type == "cuda":
                batch = self._take(source)
                self._choose_format(batch)
            self._loop(source, batch)
        except torch.OutOfMemoryError as cause:
            raise self._out_of_memory() from cause
        except RuntimeError as cause:
            if "memory" not in str(cause):
                raise
            raise self._out_of_memory() from cause
        finally:
            source.close()
        self._check_loss()
        self._save_checkpoint()
        self._average.swap()
        self.recognizer.save(self.folder / WEIGHTS, half=False)
        self._record(check=len(self._held_out))
        return self.progress

    # ---- the loop

    def _loop(self, source: LineSource, batch: Batch | None) -> None:
        clock = Clock(self.progress.seconds)
        logged = saved = checked = clock.seconds
        while (share := self._share(clock.seconds)) < 1:
            batch = batch or self._take(source)
            self._step(batch, share)
            batch = None
            self.progress = replace(self.progress, seconds=clock.seconds)
            if self.device.type == "cpu":
                self._check_loss()
            now = clock.seconds
            if now - checked >= self.training.check_seconds:
                self._check_loss()
                self._take_snapshot()
                checked = logged = clock.seconds
            elif now - logged >= self.training.log_seconds:
                self._record()
                logged = now
            if now - saved >= self.training.save_seconds:
                self._check_loss()
                self._save_checkpoint()
                saved = clock.seconds

    def _share(self, seconds: float) -> float:
        """Share of the budget that is used up."""
        training = self.training
        by_lines = self.progress.lines / training.lines if training.lines else 0.0
        by_time = seconds / (60 * training.minutes) if training.minutes else 0.0
        return max(by_lines, by_time) if training.lines or training.minutes else 1.0

    def _take(self, source: LineSource) -> Batch:
        """The next batch on the device: a fresh one, or where none is ready one that was seen."""
        replay = self.training.replay
        item = source.take(wait=not (replay and self._pool))
        if item is None:
            place = self._draw.randrange(len(self._pool))
            batch, left = self._pool[place]
            self._pool[place] = (batch, left - 1)
            if left <= 1:
                self._pool[place] = self._pool[-1]
                self._pool.pop()
            self.progress = replace(self.progress, again=self.progress.again + len(batch))
            return batch.seen()
        position, fresh = item
        self.progress = replace(self.progress, position=position)
        batch = fresh.to(self.device)
        if replay:
            self._pool.append((batch, replay))
            del self._pool[:-POOL]
        return batch

    def _step(self, batch: Batch, share: float) -> None:
        training = self.training
        rate = learning_rate(training, self.progress.step, share)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, training.clip)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        step = self.progress.step + 1
        self.progress = replace(self.progress, step=step, lines=self.progress.lines + len(batch))
        with torch.no_grad():
            if self._start:
                torch._foreach_lerp_(self._parameters, self._start, training.anchor * rate / training.learning_rate)
            self._average.update(min(training.averaging, (1 + step) / (10 + step)))
            self._losses += loss.detach()
            self._count += 1

    def _loss(self, batch: Batch) -> Any:
        pixels, _ = prepare(batch, self.recognizer.height, self._noise)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bf16):
            logits = self.module(pixels)
        losses, log = ctc_losses(logits, batch)
        if self._teacher is not None and self.training.distillation:
            soft = self._teach(batch, log.shape[1]) if batch.soft is None else batch.soft
            losses = losses + self.training.distillation * distillation_losses(log, soft.float(), batch)
        return losses.mean()

    def _teach(self, batch: Batch, steps: int) -> Any:
        """What the teacher sees; kept with a batch that may come again."""
        assert self._teacher is not None
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bf16):
            soft = self._teacher.probabilities(batch, steps).half()
        for place, (pooled, left) in enumerate(self._pool):
            if pooled.pixels is batch.pixels:
                self._pool[place] = (replace(pooled, soft=soft), left)
        return soft

    # ---- number format and memory layout

    def _channels_last(self, wanted: bool) -> None:
        set_layout(self.module, channels_last=wanted)
        if self._teacher is not None:
            set_layout(self._teacher.recognizer.module, channels_last=wanted)

    def _choose_format(self, batch: Batch) -> None:
        """Time one batch in bf16 and fp32 and in both layouts; keep what is fastest."""
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        if self.training.number_format != "auto":
            self._bf16 = self.training.number_format == "bf16"
            self._channels_last(True)
            return
        times: dict[tuple[bool, bool], float] = {}
        for bf16 in (True, False):
            for channels_last in (True, False):
                self._bf16 = bf16
                self._channels_last(channels_last)
                seconds = self._time(batch)
                times[bf16, channels_last] = seconds * (1.0 if bf16 else FASTER)
                self._say(f"bf16 {bf16}, channels last {channels_last}: {1000 * seconds:.1f} ms for {len(batch)} lines")
        self._bf16, channels_last = min(times, key=lambda way: times[way])
        self._channels_last(channels_last)
        self._average.match_layout()
        self._say(f"chosen: bf16 {self._bf16}, channels last {channels_last}")

    def _time(self, batch: Batch) -> float:
        """Median seconds of forward and backward, after a warm-up."""
        state = {name: value.clone() for name, value in self.module.named_buffers()}
        seconds = []
        for _ in range(5):
            torch.cuda.synchronize()
            begun = time.perf_counter()
            self._loss(batch).backward()
            torch.cuda.synchronize()
            seconds.append(time.perf_counter() - begun)
            self._optimizer.zero_grad(set_to_none=True)
        for name, value in self.module.named_buffers():
            value.copy_(state[name])
        return sorted(seconds[2:])[1]

    @contextmanager
    def _averaged_weights(self) -> Iterator[None]:
        self._average.swap()
        try:
            yield
        finally:
            self._average.swap()

    # ---- records

    def _take_snapshot(self) -> None:
        """Save the averaged weights as an ONNX file and read the held-out lines with them."""
        with self._averaged_weights():
            self.recognizer.save(self.folder / SNAPSHOT, half=True)
            self._record(check=self.training.check_lines)

    def _record(self, *, check: int = 0) -> None:
        """Append a row to the curve; the module holds the averaged weights where held-out lines are read."""
        self._check_loss()
        progress = self.progress
        rate = learning_rate(self.training, progress.step, min(1.0, self._share(progress.seconds)))
        row: dict[str, Any] = {
            "step": progress.step,
            "lines": progress.lines,
            "again": progress.again,
            "seconds": round(progress.seconds, 1),
            "loss": self._mean_loss(),
            "lr": rate,
        }
        if check and self._held_out:
            lines = self._held_out[:check]
            texts = self._read(lines)
            row["cer"] = {name: round(value, 6) for name, value in rates(score(lines, texts)).items()}
        with (self.folder / CURVES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._losses.zero_()
        self._count = 0
        self._tell(row)

    def _read(self, lines: Sequence[Sample]) -> list[str]:
        columns, cuda = self.training.check_columns, self.device.type == "cuda"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bf16):
            texts: list[str] = read_lines(self.recognizer, lines, columns=columns, fill=cuda)
        return texts

    def _mean_loss(self) -> float | None:
        return self._losses.item() / self._count if self._count else None

    def _tell(self, row: dict[str, Any]) -> None:
        speed = row["lines"] / max(1e-9, row["seconds"])
        loss = "" if row["loss"] is None else f", loss {row['loss']:.4f}"
        rates_read = f"; held-out CER {describe(row['cer'])}" if "cer" in row else ""
        self._say(
            f"step {row['step']}, {row['lines']} lines ({row['again']} again), {speed:.0f} lines/s"
            f"{loss}, lr {row['lr']:.2e}{rates_read}"
        )

    def _say(self, text: str) -> None:
        print(f"[{self.progress.seconds:.0f} s] {text}", file=sys.stderr, flush=True)

    def _check_loss(self) -> None:
        """Raise `TrainingError` where the losses since the last record are not finite."""
        if math.isfinite(self._losses.item()):
            return
        again = "the same command goes on from the last checkpoint" if (self.folder / CHECKPOINT).is_file() else ""
        raise TrainingError(
            f"the loss is not a finite number at step {self.progress.step}, after {self.progress.lines} lines",
            hint=f"lower it: --set learning_rate={self.training.learning_rate / 3:.1g}\n{again}".rstrip(),
        )

    def _out_of_memory(self) -> TrainingError:
        where = "the GPU" if self.device.type == "cuda" else "this machine"
        return TrainingError(
            f"the memory of {where} does not suffice for a batch, step {self.progress.step}",
            hint="lower the pixel columns of a batch, e.g. by half: --set columns=N; or --set replay=0",
        )

    # ---- checkpoints

    def _save_checkpoint(self) -> None:
        state = {
            "training": asdict(self.training),
            "progress": asdict(self.progress),
            "module": self.module.state_dict(),
            "average": self._average.values,
            "start": self._start,
            "optimizer": self._optimizer.state_dict(),
            "noise": self._noise.get_state(),
            "torch": torch.get_rng_state(),
            "draw": self._draw.getstate(),
            "losses": (self._losses.item(), self._count),
        }
        partial = self.folder / f"{CHECKPOINT}.partial"
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / CHECKPOINT)

    def _resume(self) -> None:
        """Go on from a checkpoint, where there is one. Raises `TrainingError` for one of other settings."""
        file = self.folder / CHECKPOINT
        if not file.is_file():
            return
        state = torch.load(file, map_location=self.device, weights_only=False)
        if state["training"] != asdict(self.training):
            changed = [key for key, value in asdict(self.training).items() if state["training"].get(key) != value]
            raise TrainingError(
                f"{file} belongs to other settings: {', '.join(changed)}",
                hint="start a new run, or type what was typed",
            )
        self.module.load_state_dict(state["module"])
        self._average.values = [value.to(self.device) for value in state["average"]]
        self._start = [value.to(self.device) for value in state["start"]]
        self._optimizer.load_state_dict(state["optimizer"])
        self._noise.set_state(state["noise"].cpu())
        torch.set_rng_state(state["torch"].cpu())
        self._draw.setstate(state["draw"])
        self._losses.fill_(state["losses"][0])
        self._count = state["losses"][1]
        position = Position(**state["progress"].pop("position"))
        self.progress = Progress(**state["progress"], position=position)
        self._say(f"resumed at step {self.progress.step}, {self.progress.lines} lines")
