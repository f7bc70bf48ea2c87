"""A run's variants: converted, checked against Keras on real clips, packed into bundles, and published whole."""

import gzip
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sernet.export.checks import (
    Agreement,
    ExportCheckError,
    check_answers,
    check_operators,
    check_stream,
    check_structure,
    check_weights,
    check_written,
)
from sernet.export.converter import convert
from sernet.export.formats import Format
from sernet.export.fused_front_end import fused_model
from sernet.export.gathered_convolution import with_gathered_convolutions
from sernet.export.measured import Measured
from sernet.export.microcontroller import MicroInterpreter, MicroUnavailableError
from sernet.export.model_card import model_card
from sernet.export.single_partition import partitions, single_partition
from sernet.export.stream_graph import streaming_model
from sernet.runtime.bundle import Bundle, Manifest, pack_bundle, read_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import quantise
from sernet.runtime.network import Network
from sernet.runtime.stream_plan import StreamPlan
from sernet.training.atomic import atomic_path, write_text
from sernet.training.clip import Clip
from sernet.training.evaluation import accuracy_values, predict, protocol
from sernet.training.features import clip_waveform
from sernet.training.network_inputs import middle, network_inputs
from sernet.training.result import Result
from sernet.training.run import Run

CALIBRATION_CLIPS = 200
"""Training clips from which the ranges of a full-integer model are taken."""

STREAM_CLIPS = 20
"""Test clips on which the streaming form must answer as the whole-clip network does."""

WRITTEN_CLIPS = 3
"""Test clips that the file is asked once more, after it has been written and before it gets its name."""

MICRO_CLIPS = 20
"""Test clips on which TensorFlow Lite Micro must give the same bytes as the reference kernels."""


@dataclass(frozen=True)
class Exported:
    """A published variant."""

    path: Path
    format: Format
    result: Result
    agreement: Agreement
    partitions: int
    """Stretches of the model that LiteRT's delegate for CPUs runs here: the fewer, the faster."""
    micro_arena_bytes: int | None
    """RAM in TensorFlow Lite Micro; None when it was not tried."""
    note: str
    """Why something was not tried; empty otherwise."""


class Exporter:
    """Exports the variants of one run; Keras answers the test clips once, for all of them.

    Args:
        run: a finished one.
        fused: put the front end into the model, as ``fused-<format>.tflite``; a run that was trained to be fused
            exports it as ``model-<format>.tflite`` always.

    Raises:
        SernetError: the front end cannot be fused.
    """

    def __init__(self, run: Run, *, fused: bool = False) -> None:
        if fused and run.front_end.normalisation is not None:
            raise SernetError("a fused front end cannot remember its speaker, and this run's does: leave out --fused")
        self.run = run
        self._front_end = run.front_end
        self._samples = run.front_end.sample_count(run.config.input_duration)
        self._frames = run.front_end.frame_count(self._samples)
        self._name = "fused" if fused else "model"
        self._fused = fused or run.config.fuse_front_end

    def export(
        self, target: Format, folder: Path | None = None, measured: Measured | None = None, *, stream: bool = False
    ) -> Exported:
        """Convert, check and publish one variant, beside a Result and a model card.

        Args:
            target: the format.
            folder: where to; the run's ``export`` when None.
            measured: what is known of the run's settings, as the bundle will say it.
            stream: publish the streaming form, as ``stream-<format>.tflite``; not of a fused model.

        Raises:
            ExportCheckError: a check failed; no file was written.
            StreamError: the network cannot stream; no file was written.
        """
        check_weights(self.run.model, len(self.run.labels))
        flatbuffer = convert(self.run.model, target, self._calibration if target.full_integer else None)
        check_structure(flatbuffer, target, self.run.model.count_params())
        if target.single_partition:
            flatbuffer = with_gathered_convolutions(single_partition(flatbuffer))
        if self._fused:
            flatbuffer = fused_model(self._front_end, self._samples, flatbuffer)
        manifest, plan = self._manifest(target), None
        unmeasured = Bundle(manifest, pack_bundle(flatbuffer, manifest))
        if stream:
            whole = unmeasured
            flatbuffer, plan = streaming_model(flatbuffer)
            manifest = self._manifest(target, plan=plan)
            unmeasured = Bundle(manifest, pack_bundle(flatbuffer, manifest))
            check_stream(whole, unmeasured, target, self._test_inputs[:STREAM_CLIPS])
        agreement = check_answers(unmeasured, target, self._test_inputs, self._expected)
        arena, note = self._run_on_micro(unmeasured) if target.name == "int8" and not stream else (None, "")
        held_out = self.run.split.test
        accuracy = accuracy_values(self.run, held_out, agreement.probabilities) if held_out else []
        path = (folder or self.run.folder / "export") / f"{'stream' if stream else self._name}-{target.name}.tflite"
        stretches = partitions(flatbuffer)
        result = Result(
            what="export",
            subject=path.stem,
            protocol=protocol(self.run),
            corpus=self.run.corpus["title"],
            n=len(self._expected),
            seed=self.run.config.seed,
            values=[
                {"metric": "bytes", "value": len(flatbuffer)},
                {"metric": "gzip bytes", "value": len(gzip.compress(flatbuffer, 9, mtime=0))},
                {"metric": "agreement with Keras", "value": agreement.share},
                {"metric": "worst probability difference", "value": agreement.worst_difference},
                {"metric": "XNNPACK partitions", "value": stretches},
                *([{"metric": "TensorFlow Lite Micro arena bytes", "value": arena}] if arena else []),
                *accuracy,
            ],
            details={
                "format": target.name,
                "operators": dict(check_operators(flatbuffer)),
                "note": self.run.corpus["note"],
            },
        )
        described = self._manifest(target, accuracy, measured, plan)
        with atomic_path(path) as temporary:
            temporary.write_bytes(pack_bundle(flatbuffer, described))
            bundle = read_bundle(temporary.read_bytes(), path)
            check_written(bundle, self._test_inputs[:WRITTEN_CLIPS], agreement)
            result.save(path.with_suffix(".json"))
            write_text(path.with_suffix(".md"), model_card(bundle))
        return Exported(path, target, result, agreement, stretches, arena, note)

    def _manifest(
        self,
        target: Format,
        accuracy: list[dict[str, Any]] | None = None,
        measured: Measured | None = None,
        plan: StreamPlan | None = None,
    ) -> Manifest:
        """What the bundle says of itself; without figures its probabilities are the network's own."""
        run, measured = self.run, measured or Measured()
        own = [
            {**item, "protocol": protocol(run), "n": len(run.split.test)} for item in accuracy or [] if "low" in item
        ]
        return Manifest(
            name=run.folder.name,
            labels=run.labels,
            front_end=self._front_end,
            window_s=run.config.input_duration,
            quantisation=target.name,
            input_kind="waveform" if self._fused else "stream" if plan else "features",
            stream=plan,
            temperature=measured.calibration.temperature,
            bias=measured.calibration.bias,
            uncertain_below=measured.uncertain_below,
            corpus=run.corpus,
            accuracy=(*own, *measured.accuracy),
        )

    def _run_on_micro(self, bundle: Bundle) -> tuple[int | None, str]:
        """Arena of TensorFlow Lite Micro, when it gives the same bytes as the reference kernels on real clips."""
        try:
            micro = MicroInterpreter(bundle.model)
        except MicroUnavailableError as error:
            return None, str(error)
        reference = Network(bundle, reference_kernels=True)
        for clip, example in zip(checked_clips(self.run)[:MICRO_CLIPS], self._test_inputs, strict=False):
            quantised = quantise(middle(example, self._frames), reference.input_tensor)
            if not np.array_equal(micro.run(quantised), reference.raw_output(quantised)):
                raise ExportCheckError(
                    f"TensorFlow Lite Micro answers {clip.path.name} with other bytes than the reference kernels"
                )
        return micro.arena_bytes, ""

    @cached_property
    def _expected(self) -> np.ndarray:
        return predict(self.run, checked_clips(self.run))

    @cached_property
    def _test_inputs(self) -> list[np.ndarray]:
        clips, seconds = checked_clips(self.run), self.run.config.input_duration
        if self._fused:
            return [clip_waveform(clip, self._front_end, seconds) for clip in clips]
        return network_inputs(clips, self._front_end, seconds)

    @cached_property
    def _calibration(self) -> np.ndarray:
        return calibration_inputs(self.run)


def checked_clips(run: Run) -> tuple[Clip, ...]:
    """Clips whose answers are compared with Keras's: the test clips, or training clips where none were held out."""
    return run.split.test or run.split.train[:CALIBRATION_CLIPS]


def calibration_inputs(run: Run) -> np.ndarray:
    """Inputs from which the ranges of a full-integer model are taken: (clips, frames, feature_count, 1), float32.

    They are those of training clips, one window each.
    """
    front_end, seconds = run.front_end, run.config.input_duration
    frames = front_end.frame_count(front_end.sample_count(seconds))
    chosen = np.random.default_rng(run.config.seed).permutation(len(run.split.train))[:CALIBRATION_CLIPS]
    inputs = network_inputs([run.split.train[index] for index in chosen], front_end, seconds)
    return np.stack([middle(one, frames) for one in inputs])[..., None]
