"""The process that `predecessor` starts: it has numpy and tflite-runtime, and nothing of ours.

Questions and answers are lines of JSON: {"open": number, "model": path, "window": path} is answered by why it cannot be
opened, or null; {"turn": number, "size": ..., "untimed": ..., "limit_s": ...} by the milliseconds that `timed_turn` of
sernet.benchmarks.latency would give.
"""

import json
import sys
import time

import numpy as np
from tflite_runtime.interpreter import Interpreter  # pyright: ignore[reportMissingImports]


def open_model(model, window):
    """One inference, as a function."""
    interpreter, inputs = Interpreter(model_path=model, num_threads=1), np.load(window)
    source = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(source, inputs.shape)
    interpreter.allocate_tensors()
    target = interpreter.get_output_details()[0]["index"]

    def infer():
        interpreter.set_tensor(source, inputs)
        interpreter.invoke()
        return interpreter.get_tensor(target)

    infer()
    return infer


def turn(infer, size, untimed, limit_s):
    """Untimed calls, then timed ones; fewer where they are slow."""
    started = time.perf_counter()
    for _ in range(untimed):
        infer()
        if time.perf_counter() - started > limit_s / 2:
            break
    samples = [milliseconds(infer)]
    while len(samples) < size and time.perf_counter() - started < limit_s:
        samples.append(milliseconds(infer))
    return samples


def milliseconds(function):
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1e3


def main():
    opened = {}
    for line in sys.stdin:
        question = json.loads(line)
        answer = None
        if "open" in question:
            try:
                opened[question["open"]] = open_model(question["model"], question["window"])
            except (ValueError, RuntimeError) as error:
                answer = " ".join(str(error).split())
        else:
            answer = turn(opened[question["turn"]], question["size"], question["untimed"], question["limit_s"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
