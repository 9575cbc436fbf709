"""Damaged model files end in a network or an error of ours, within two seconds. ``fuzzing.py`` beside this runs for longer."""

import sys
from pathlib import Path

import pytest
from fuzzing import fine, rounds

sys.path.insert(0, str(Path(__file__).parents[1] / "readers"))

from tflite_cases import CASES_BY_NAME
from tflite_flow import branching, looping, stateful

MODELS = ("conv same", "lstm projected", "shape arithmetic", "strided slice masks", "svdf", "split v", "transposed same odd", "gather nd")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_tflite_files(seed: int, tmp_path: Path) -> None:
    files = []
    for number, data in enumerate([CASES_BY_NAME[name].data for name in MODELS]):
        files.append(tmp_path / f"{number}.tflite")
        files[-1].write_bytes(data)
    for number, data in enumerate((branching(), looping(0), stateful())):
        files.append(tmp_path / f"flow_{number}.tflite")
        files[-1].write_bytes(data)
    failed = [(number, result) for number, _, result, _ in rounds(files, 250, seed, tmp_path) if not fine(result)]
    assert not failed
