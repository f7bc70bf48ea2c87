"""Keeping the interpreter's greeting off the terminal."""

import subprocess
import sys

PROGRAM = """
import sys, threading
from sernet.runtime.interpreter import quiet_native_log

def open_and_close():
    for _ in range(500):
        with quiet_native_log():
            pass

threads = [threading.Thread(target=open_and_close) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("still here", file=sys.stderr)
"""


def test_standard_error_is_there_after_many_threads_have_opened_interpreters() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.stderr == "still here\n"
