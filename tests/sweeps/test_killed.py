"""Sweeps that are killed: no point is lost or computed twice in what is stored, and every bit is that of a sweep left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("zarr", reason="stored sweeps need the extra explore")
PROGRAM = Path(__file__).parent / "slowly.py"
pytestmark = pytest.mark.slow

Files = dict[str, bytes]


def contents(store: Path) -> Files:
    """All files of a store but those that a killed writer left half-done."""
    return {str(p.relative_to(store)): p.read_bytes() for p in store.rglob("*") if p.is_file() and not p.name.endswith(".partial")}


def times(store: Path) -> dict[str, int]:
    """When each file was written."""
    return {str(p.relative_to(store)): p.stat().st_mtime_ns for p in store.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The store of a sweep that nobody disturbed: 20 chunks."""
    store = tmp_path_factory.mktemp("alone") / "sweep.zarr"
    subprocess.run([sys.executable, PROGRAM, store], check=True)
    files = contents(store)
    assert sum(name.startswith("record/finished/") and name[-1].isdigit() for name in files) == 20
    assert sum(name.startswith("time_serial_s/") and name[-1].isdigit() for name in files) == 20
    assert sum(name.startswith("ddr_bytes/") and name[-1].isdigit() for name in files) == 10
    return files


def test_the_whole_process_is_killed_and_the_same_call_goes_on(tmp_path: Path, alone: Files) -> None:
    store = tmp_path / "sweep.zarr"
    marks = store / "record" / "finished"
    first = subprocess.Popen([sys.executable, PROGRAM, store])
    while len(list(marks.glob("[0-9]*"))) < 6:
        assert first.poll() is None
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    before = times(store)
    done = [name for name in before if name.startswith("record/finished/") and name[-1].isdigit()]
    assert 6 <= len(done) < 20
    subprocess.run([sys.executable, PROGRAM, store], check=True)
    assert contents(store) == alone
    after = times(store)
    chunks = {name.removeprefix("record/finished/") for name in done}
    assert all(
        after[f"{kind}/{chunk}"] == before[f"{kind}/{chunk}"] for kind in ("record/finished", "time_overlapped_s") for chunk in chunks
    )


def test_a_worker_of_a_cluster_is_killed_half_way(tmp_path: Path, alone: Files) -> None:
    pytest.importorskip("distributed", reason="clusters need dask.distributed")
    store = tmp_path / "sweep.zarr"
    subprocess.run([sys.executable, PROGRAM, store, "3"], check=True, timeout=120)
    assert contents(store) == alone
    killed = Path(f"{store}.killed")
    written = times(store)
    for chunk in killed.read_text().split():
        assert written[f"record/finished/{chunk}"] <= killed.stat().st_mtime_ns
        assert written[f"time_overlapped_s/{chunk}"] <= written[f"record/finished/{chunk}"]
