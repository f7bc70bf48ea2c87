"""A bundle ready to answer: waveform or features in, probabilities out."""

import numpy as np

from sernet.runtime.bundle import LONGEST_WINDOW_S, Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import dequantise, open_interpreter, quantise
from sernet.runtime.normalisation import Heard

MAX_WHOLE_CLIP_S = LONGEST_WINDOW_S
"""A longer clip gets no answer as a whole."""


class Network:
    """The bundle's network in an interpreter.

    Args:
        bundle: what `load_bundle` gives.
        threads: threads for one inference.
        reference_kernels: the kernels whose integers a microcontroller repeats exactly.

    Raises:
        SernetError: the interpreter cannot open the model, or it and its description do not belong together.
    """

    streams = False
    """Whether it takes bundles of streaming models; see `open_network`."""

    def __init__(self, bundle: Bundle, *, threads: int = 1, reference_kernels: bool = False) -> None:
        if (bundle.manifest.stream is not None) != self.streams:
            raise SernetError("the model streams, or does not: open_network opens either")
        self.bundle = bundle
        self._interpreter = open_interpreter(bundle.model, threads=threads, reference_kernels=reference_kernels)
        self._look_up_tensors()
        self._check_input()
        outputs, labels = int(self.output_tensor["shape"][-1]), len(bundle.manifest.labels)
        if outputs != labels:
            raise SernetError(f"the model has {outputs} outputs and its description {labels} labels: export it again")
        normalisation = bundle.manifest.front_end.normalisation
        if normalisation is not None and (bundle.manifest.input_kind == "waveform" or not normalisation.mean):
            raise SernetError("the model's front end normalises but is fused, or does not say by what: export it again")

    def _check_input(self) -> None:
        """Raises SernetError when the network's input is not what the description says."""
        manifest = self.bundle.manifest
        fused = manifest.input_kind == "waveform"
        told = (1, self.bundle.window_samples) if fused else (1, None, manifest.front_end.feature_count, 1)
        takes = tuple(map(int, self.input_tensor["shape"]))
        if len(takes) != len(told) or any(each not in (None, size) for each, size in zip(told, takes, strict=True)):
            raise SernetError(f"the model takes {takes} and its description tells of {told}: export it again")

    def waveform_probabilities(self, waveform: np.ndarray, profile: Heard | None = None) -> np.ndarray:
        """Probabilities of one clip or window.

        A clip shorter than the window is centred in zeros, as in training; a longer one is taken whole, because the
        network is fully convolutional. A front end that normalises measures the clip first and centres it then, so
        that the zeros are the mean.

        Args:
            waveform: (samples,), float in [-1, 1], at the front end's sample rate.
            profile: what was heard of the speaker before; None knows nobody. Of use to a front end that normalises.

        Returns:
            (classes,), float32, summing to 1.

        Raises:
            SernetError: a sample is not finite, the front end is fused and the clip is longer than its window, or it
                normalises and the clip is shorter than a frame.
        """
        front_end = self.bundle.manifest.front_end
        if len(waveform) > MAX_WHOLE_CLIP_S * front_end.sample_rate:
            raise SernetError(
                f"{len(waveform) / front_end.sample_rate:.0f} s are too long for one answer (at most "
                f"{MAX_WHOLE_CLIP_S} s): use sliding windows (--windows)"
            )
        if front_end.normalisation is not None:
            return self._centred_probabilities(front_end.network_input(self._frames(waveform), profile))
        if self.bundle.manifest.input_kind != "waveform":
            samples = max(self.bundle.window_samples, len(waveform))
            return self.probabilities(front_end.features(front_end.fit(waveform, samples)))
        if len(waveform) > self.bundle.window_samples:
            raise SernetError(
                f"this model takes at most {self.bundle.manifest.window_s:g} s at once: use sliding windows (--windows)"
            )
        return self.probabilities(front_end.fit(waveform, self.bundle.window_samples))

    def window_probabilities(self, window: np.ndarray, heard: Heard, profile: Heard | None = None) -> np.ndarray:
        """Probabilities of one window of a stream, (classes,), for a front end that normalises.

        Args:
            window: (samples,), as `waveform_probabilities` takes it.
            heard: all speech of the stream up to the window's end, its own included.
            profile: as of `waveform_probabilities`.
        """
        front_end = self.bundle.manifest.front_end
        return self._centred_probabilities(front_end.normalised(self._frames(window), heard, profile))

    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities of one input: features (frames, feature_count), or (samples,) when the front end is fused."""
        return self._calibrated(self.raw_output(quantise(inputs, self.input_tensor)))

    def uncalibrated(self, inputs: np.ndarray) -> np.ndarray:
        """What the network itself answers, (classes,), before the bundle's calibration."""
        return self._real(self.raw_output(quantise(inputs, self.input_tensor)))

    def _real(self, output: np.ndarray) -> np.ndarray:
        return np.maximum(dequantise(output, self.output_tensor), 0.0)

    def _calibrated(self, output: np.ndarray) -> np.ndarray:
        """Probabilities of the output tensor's own values."""
        return self.bundle.manifest.calibration.applied(self._real(output)).astype(np.float32)

    def raw_output(self, inputs: np.ndarray) -> np.ndarray:
        """The output tensor's own values, (classes,), for inputs of the input tensor's own type."""
        inputs = inputs[None] if inputs.ndim == 1 else inputs[None, ..., None]
        try:
            if tuple(self.input_tensor["shape"]) != inputs.shape:
                self._interpreter.resize_tensor_input(self.input_tensor["index"], inputs.shape)
                self._interpreter.allocate_tensors()
                self._look_up_tensors()
            self._interpreter.set_tensor(self.input_tensor["index"], inputs)
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            said = " ".join(str(error).split())
            raise SernetError(f"the model does not answer an input of {inputs.shape}: {said}") from None
        return self._interpreter.get_tensor(self.output_tensor["index"])[0]

    def _frames(self, waveform: np.ndarray) -> np.ndarray:
        """Features of at least one frame."""
        features = self.bundle.manifest.front_end.features(waveform)
        if len(features) == 0:
            length = self.bundle.manifest.front_end.frame_length
            raise SernetError(f"{len(waveform)} samples are fewer than a frame's {length}: give a longer clip")
        return features

    def _centred_probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities of normalised features, with zeros around them up to the window's frames."""
        missing = max(0, self.bundle.manifest.front_end.frame_count(self.bundle.window_samples) - len(inputs))
        return self.probabilities(np.pad(inputs, ((missing // 2, missing - missing // 2), (0, 0))))

    def _look_up_tensors(self) -> None:
        self.input_tensor = self._interpreter.get_input_details()[0]
        self.output_tensor = self._interpreter.get_output_details()[0]
