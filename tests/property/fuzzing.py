"""Damaged model files: each must end in a network or a CostModelError, soon and in little memory.

``python tests/property/fuzzing.py FILE... --rounds 20000`` damages the files given, in a process of limited memory.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import costmodel as cm

MOST_SECONDS = 2.0
MOST_BYTES = 2**30

EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**16, 2**24)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A copy with bytes flipped, cut off, moved, or numbers of 1 to 8 bytes set to edge values."""
    made = bytearray(data)
    kind = rng.randrange(6)
    if kind == 0:
        return bytes(made[: rng.randrange(len(made))])
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(made))
        if kind == 1:
            made[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            made[at] = rng.randrange(256)
        elif kind == 3:  # a number of a dimension, an index, an offset
            form = rng.choice(("<I", "<H", "<Q", "<B"))
            size = struct.calcsize(form)
            at = min(at - at % size, len(made) - size)
            number = rng.choice(EDGES) if rng.random() < 0.7 else rng.randrange(1 << 8 * size)
            struct.pack_into(form, made, at, number % (1 << 8 * size))
        elif kind == 4:  # a number nearby
            at = min(at - at % 4, len(made) - 4)
            before = struct.unpack_from("<I", made, at)[0]
            struct.pack_into("<I", made, at, (before + rng.choice((-4, -1, 1, 4, 16))) % 2**32)
        else:  # a piece stands in another place
            length, to = rng.randrange(1, 65), rng.randrange(len(made))
            made[to : to + length] = made[at : at + length]
    return bytes(made)


def spine(data: bytes, rng: random.Random) -> bytes:
    """Damage among the first and the last bytes, where small tables lie, weights left as they are."""
    size = min(len(data), 4096)
    return damaged(data[:size], rng) + data[size:] if rng.random() < 0.5 else data[:-size] + damaged(data[-size:], rng)


def outcome(path: Path) -> str:
    """How reading a file ends: "read", or the name of the error that refuses it. Other errors are not caught."""
    try:
        net = cm.read(path, unknown="count")
        _ = net.totals, net.coverage
    except cm.errors.CostModelError as error:
        return type(error).__name__
    return "read"


class TooLong(BaseException):
    """Reading took longer than it may; no reader may catch it."""


def _too_long(*_: Any) -> None:
    raise TooLong


def rounds(files: list[Path], count: int, seed: int, scratch: Path) -> Iterator[tuple[int, bytes, str, float]]:
    """Read `count` damaged copies of the files; yields number, copy, outcome and seconds."""
    contents = [(path.suffix, path.read_bytes()) for path in files]
    signal.signal(signal.SIGALRM, _too_long)
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        suffix, data = rng.choice(contents)
        copy = (spine if rng.random() < 0.5 else damaged)(data, rng)
        path = scratch / f"damaged{suffix}"
        path.unlink(missing_ok=True)
        path.write_bytes(copy)
        started = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            result = outcome(path)
        except TooLong:
            result = f"more than {MOST_SECONDS} s"
        except Exception:
            result = "crash: " + traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        yield number, copy, result, time.perf_counter() - started


def fine(result: str) -> bool:
    """Whether reading ended as it must."""
    return result == "read" or (result.isidentifier() and result.endswith("Error") and result != "MemoryError")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz_failures"))
    given = parser.parse_args()
    for path in given.files:
        outcome(path)  # everything is imported before memory is limited
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, used + MOST_BYTES))
    given.keep.mkdir(parents=True, exist_ok=True)
    found: Counter[str] = Counter()
    slowest = 0.0
    for number, copy, result, seconds in rounds(given.files, given.rounds, given.seed, given.keep):
        found[result if fine(result) else "FAILED"] += 1
        slowest = max(slowest, seconds)
        if not fine(result):
            (given.keep / f"{given.seed}_{number}").write_bytes(copy)
            print(f"{number}: {result}", flush=True)
    print(dict(found), f"slowest {slowest:.2f} s", f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    sys.exit(found["FAILED"] > 0)


if __name__ == "__main__":
    main()
