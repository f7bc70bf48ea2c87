"""The house's rules: imports point down, the device imports nothing heavy, help answers at once."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("runtime", "training", "export", "benchmarks")  # each may import itself and what stands before it


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer: str):
    above = LAYERS[LAYERS.index(layer) + 1 :]
    files = sorted((ROOT / layer).rglob("*.py"))
    assert files
    for path in files:
        upward = {name for name in imports(path) if name.startswith(tuple(f"sernet.{part}" for part in above))}
        assert not upward, f"{path.relative_to(ROOT)} imports {upward}"


def test_every_package_is_listed_for_the_wheel():
    import tomllib

    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent for layer in LAYERS for path in (ROOT / layer).rglob("*.py")}
    names = {"sernet." + ".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert names | {"sernet"} == set(setup["packages"])


def test_the_runtime_imports_nothing_heavy():
    program = (
        "import sys, sernet.runtime, sernet.runtime.cli, sernet.runtime.commands.file, sernet.runtime.commands.mic;"
        "heavy = {'tensorflow', 'keras', 'librosa', 'scipy', 'matplotlib', 'rich', 'soundfile'};"
        "print(*heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("program", ["sernet.cli", "sernet.runtime.cli"])
def test_help_imports_nothing_heavy_and_every_verb_shows_an_example(program: str):
    code = f"""
import contextlib, io, sys
from {program} import VERBS, main
for verb in VERBS:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([verb, "--help"])
    assert "examples:\\n  sernet" in out.getvalue(), verb
assert not {{"tensorflow", "keras", "sklearn", "matplotlib", "scipy"}} & set(sys.modules), set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
