"""What TensorFlow's converter makes of the same weights when it is left alone."""

import contextlib
import dataclasses
import io
import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.variant import Variant
from sernet.runtime.bundle import Bundle

STOCK = "stock int8"


def stock_variant(job: Job) -> Variant:
    """The main network in int8 between floats, with nothing rewritten; of a job that has its run.

    It says of itself what our files say.
    """
    manifest = dataclasses.replace(job.models[job.main][0].bundle.manifest, quantisation="int8-float-io")
    path = job.work / "stock-int8.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_converted(job))
    return Variant(STOCK, path, Bundle(manifest, path.read_bytes()))


def _converted(job: Job) -> bytes:
    import tensorflow as tf

    from sernet.export.exporter import calibration_inputs
    from sernet.runtime.interpreter import quiet_native_log

    assert job.run is not None
    examples = calibration_inputs(job.run)

    def representative_inputs() -> Iterator[Sequence[np.ndarray]]:
        for example in examples:
            yield [example[None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(job.run.model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative_inputs
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with quiet_native_log(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return converter.convert()
