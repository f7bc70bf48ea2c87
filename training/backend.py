"""TensorFlow and Keras, imported without their greetings."""

import os

from sernet.runtime.interpreter import quiet_native_log


def import_quietly() -> None:
    """Import Keras and its backend; their C++ libraries greet on stderr, and a user has nothing to do about it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_native_log():
        import keras  # noqa: F401
