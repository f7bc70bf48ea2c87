"""Clips with their answers, by which a device can tell that it computes what the reference kernels compute."""

import math

import numpy as np

from sernet.export.c_engine.row_streams import RowStreams
from sernet.export.c_engine.text import array
from sernet.export.flatbuffer import operator_name, read_model
from sernet.export.graph_builder import ModelBuilder
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import open_interpreter

LENGTHS = (45, 96)
"""Rows of the clips beside the shortest one: an odd height in every pool, and whole blocks."""


def golden_clips(plan: RowStreams) -> list[np.ndarray]:
    """Rows (rows, features), int8, that wander through all of their range."""
    random = np.random.default_rng(0)
    shortest = math.prod(1 if stage.keeps_odd else stage.pool[0] for stage in plan.stages)
    features = plan.stages[0].columns * plan.stages[0].channels
    walks = [np.cumsum(random.normal(0, 12, (rows, features)), axis=0) for rows in (shortest, *LENGTHS)]
    return [np.clip(np.rint(walk + random.normal(0, 40)), -128, 127).astype(np.int8) for walk in walks]


def reference_answers(flatbuffer: bytes, clips: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of clips (rows, features) the logits and probabilities, (classes,) int8 each, by LiteRT's reference kernels.

    Raises SernetError when LiteRT cannot run the model.
    """
    interpreter = open_interpreter(_with_logits(flatbuffer), reference_kernels=True)
    (source,) = interpreter.get_input_details()
    answers = []
    for clip in clips:
        shape = (1, len(clip), *source["shape"][2:])
        try:
            interpreter.resize_tensor_input(source["index"], shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(source["index"], clip.reshape(shape))
            interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise SernetError(f"LiteRT cannot run it: {str(error).splitlines()[0]}") from None
        probabilities, logits = (interpreter.get_tensor(one["index"])[0] for one in interpreter.get_output_details())
        answers.append((logits, probabilities))
    return answers


def golden_source(flatbuffer: bytes, plan: RowStreams) -> str:
    """C text that defines `sernet_golden`, of a flatbuffer and its plan."""
    clips = golden_clips(plan)
    parts, entries = [], []
    for number, (clip, answers) in enumerate(zip(clips, reference_answers(flatbuffer, clips), strict=True)):
        names = [f"{name}{number}" for name in ("rows", "logits", "probabilities")]
        parts += [array("int8_t", name, values) for name, values in zip(names, (clip, *answers), strict=True)]
        entries.append(f"    {{{len(clip)}, {', '.join(names)}}},\n")
    return "\n".join(
        [*parts, f"const sernet_golden_t sernet_golden[] = {{\n{''.join(entries)}    {{0, 0, 0, 0}},\n}};\n"]
    )


def _with_logits(flatbuffer: bytes) -> bytes:
    """The model with its logits as a second output."""
    model = read_model(flatbuffer)
    (graph,) = model.subgraphs
    (softmax,) = [operator for operator in graph.operators if operator_name(model, operator) == "SOFTMAX"]
    graph.outputs = [*graph.outputs, softmax.inputs[0]]
    model.signatureDefs = []
    return ModelBuilder.of(model).to_bytes()
