"""A sweep that takes a while, as a program: `slowly.py STORE` alone, `slowly.py STORE WORKERS` on a cluster of which a worker is killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import costmodel as cm

CHUNKS = {"width": 1, "hardware.ddr": 5}
WIDTHS = [0.1 * i for i in range(2, 12)]


def slow(width: float) -> cm.Network:
    """A network that takes a tenth of a second to build, and leaves a line where it was built."""
    time.sleep(0.1)
    return cm.zoo.mobilenet_v1(width, 96)


def run(store: str) -> None:
    axes = {"width": WIDTHS, "hardware.sram": ["64 KiB", "1 MiB"], "hardware.ddr": "0.5 GB/s:16 GB/s:log10"}
    found = cm.sweep(slow, "pardhi", axes, ["macs", "ddr_bytes", "time_serial_s", "time_overlapped_s"], chunks=CHUNKS, store=store)
    assert "note" not in found.attrs


def marked(store: str) -> set[Path]:
    """The marks of the chunks that are finished."""
    return {path for path in Path(store, "record", "finished").glob("[0-9]*") if "partial" not in path.name}


def kill_half_way(store: str, pid: int) -> None:
    """Kill a worker when half of the chunks are marked, and note what they were."""
    while len(marked(store)) < 10:
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    Path(store + ".killed").write_text("\n".join(path.name for path in marked(store)))


if __name__ == "__main__":
    place = sys.argv[1]
    if len(sys.argv) == 2:
        run(place)
    else:
        from distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=int(sys.argv[2]), threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            victim = next(iter(client.run(os.getpid).values()))
            threading.Thread(target=kill_half_way, args=(place, victim), daemon=True).start()
            run(place)
            axes = {"width": WIDTHS[:4], "hardware.ddr": [1e9, 2e9, 3e9]}
            there = cm.sweep(slow, "pardhi", axes, chunks=2).compute()
        assert there.identical(cm.sweep(slow, "pardhi", axes)), "a lazy sweep on the cluster says what one in this process says"
