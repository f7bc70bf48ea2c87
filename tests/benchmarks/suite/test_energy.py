"""Energy: counters read as Linux lays them out, and nothing where there are none."""

from pathlib import Path

import pytest

from sernet.benchmarks.suite import energy
from sernet.benchmarks.suite.energy import counters, joules, measure
from sernet.runtime.errors import SernetError
from tests.benchmarks.suite.made_job import NANO, check_contract, make_job, only

LIMIT = 262_143_328_850


def lay_out(folder: Path, name: str, energy_uj: int) -> Path:
    """A counter's files, as of a processor of Intel's."""
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text(f"{LIMIT}\n")
    return folder / "energy_uj"


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """Two packages, parts of them, and a counter of the whole board, which is none of them."""
    (tmp_path / "intel-rapl").mkdir()
    for name, label, count in (
        ("intel-rapl:0", "package-0", 1_000_000),
        ("intel-rapl:0:0", "core", 400_000),
        ("intel-rapl:0:1", "dram", 100_000),
        ("intel-rapl:1", "package-1", LIMIT - 499_999),
        ("intel-rapl:2", "psys", 9_000_000),
    ):
        lay_out(tmp_path / name, label, count)
    return tmp_path


def test_packages_are_counted_once_and_a_counter_that_began_again_is_understood(powercap: Path) -> None:
    packages = counters(powercap)
    assert [one.folder.name for one in packages] == ["intel-rapl:0", "intel-rapl:1"]

    def work() -> None:
        (powercap / "intel-rapl:0" / "energy_uj").write_text("3500000\n")
        (powercap / "intel-rapl:0:0" / "energy_uj").write_text("99999999\n")
        (powercap / "intel-rapl:1" / "energy_uj").write_text(
            "250000\n"
        )  # half a joule to its limit, a quarter after it

    energy_j, seconds = joules(packages, work)
    assert energy_j == pytest.approx(2.5 + 0.75)
    assert seconds > 0


def test_a_machine_without_counters_has_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "counters", lambda: counters(tmp_path))
    result = measure(make_job(tmp_path))
    check_contract(result)
    assert result.values == [] and "RAPL" in result.details["left_out"]["energy"]


def test_a_counter_that_may_not_be_read_is_named(powercap: Path) -> None:
    unreadable = powercap / "intel-rapl:0" / "energy_uj"
    unreadable.unlink()
    unreadable.mkdir()
    with pytest.raises(SernetError, match=r"intel-rapl:0/energy_uj.*root may read it"):
        counters(powercap)


def test_energy_of_idling_is_taken_off(powercap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 10 W that idles, and of 30 W that works."""
    clock, watts = [0.0], [10.0]
    counter = powercap / "intel-rapl:0" / "energy_uj"

    def passes(seconds: float) -> None:
        clock[0] += seconds
        counter.write_text(str(int(counter.read_text()) + round(seconds * watts[0] * 1e6)))

    class Infers:
        def in_litert(self, threads: int):
            def infer() -> None:
                watts[0] = 30.0
                passes(0.004)
                watts[0] = 10.0

            return infer

    monkeypatch.setattr(energy, "counters", lambda: counters(powercap))
    monkeypatch.setattr(energy, "file_of", lambda *_: Infers())
    monkeypatch.setattr(energy.time, "sleep", passes)
    monkeypatch.setattr(energy.time, "perf_counter", lambda: clock[0])
    found = only(
        measure(make_job(tmp_path)),
        "energy of an inference",
        model=NANO,
        format="int8-float-io",
        runtime="LiteRT",
        threads=1,
    )
    assert found["value"] == pytest.approx((30 - 10) * 0.004, rel=1e-6)
