"""Measuring, fitting and what predictions say of it. One short smoke run measures; nothing else does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.calibration import Measurement, Measurements, calibrate, file_subject, measure, micro_networks
from costmodel.calibration.design import Design
from costmodel.calibration.export import to_onnx
from costmodel.hardware import Error
from costmodel.published.timings import fitted, left_out, times

DATA = Path(__file__).parents[2] / "docs" / "data"
ERROR = {"low": 0.8, "high": 1.25, "median": 0.1, "networks": 24, "source": "elsewhere"}


def machine(**changes):
    figures = {"sram": "1 MiB", "ddr": "10 GB/s", "macs": "100 GMAC/s", "other": "10 GFLOPS", "error": ERROR}
    return cm.Hardware(**figures | changes)


def predicted(hardware, **options):
    return cm.predict("mobilenet_v1", hardware, **{"traffic": "compulsory", "weight_bits": 32, "activation_bits": 32} | options)


# What predictions say


def test_an_interval_is_the_time_at_the_quantiles():
    total = predicted(machine()).total
    assert total.time_interval_s == (total.time_serial_s * 0.8, total.time_serial_s * 1.25)
    assert total.to_dict()["time_interval_s"] == total.time_interval_s
    assert "in nine of ten cases the serial time is between" in predicted(machine()).to_markdown()
    assert predicted(machine()).assumptions["figures"].startswith("measured: 10 % median error on 24 networks")


@pytest.mark.parametrize("options", [{"traffic": "resident"}, {"weight_bits": 8}, {"activation_bits": 16}])
def test_no_interval_for_what_was_not_measured(options):
    prediction = predicted(machine(), **options)
    assert prediction.total.time_interval_s is None
    assert prediction.assumptions["figures"] == "are calibrated for traffic compulsory in 32 bits; here their error is not known"


def test_an_uncalibrated_machine_says_so():
    prediction = cm.predict("mobilenet_v1")
    assert prediction.assumptions["figures"] == "are not calibrated against measurements"
    assert prediction.total.time_interval_s is None


def test_error_travels_with_the_machine_and_goes_with_a_figure(tmp_path):
    path = tmp_path / "m.toml"
    machine().save(path)
    loaded = cm.Hardware.load(path)
    assert loaded.error == Error(0.8, 1.25, 0.1, 24, "elsewhere", "compulsory", 32)
    assert loaded.replace(title="same figures").error == loaded.error
    assert loaded.replace(ddr="11 GB/s").error is None
    assert loaded.replace(skips_zeros="weights").error is None


@pytest.mark.parametrize(
    "error", [{}, 3, ERROR | {"low": 2.0}, ERROR | {"median": -1}, ERROR | {"networks": 0}, ERROR | {"more": 1}, ERROR | {"bits": "32"}]
)
def test_an_error_that_is_none(error):
    with pytest.raises(cm.CostModelError, match="error"):
        machine(error=error)


def test_slow_layers_take_longer_and_count_the_same():
    stack = cm.sequential((1, 8, 10, 10), [cm.layers.ELU()], name="elu")  # 8*10*10 elements, 4 operations each
    plain, slow = (cm.predict(stack, machine(utilisation=shares)) for shares in ({}, {"elu": 0.25}))
    assert plain.total.other_ops == slow.total.other_ops == 3200
    assert plain.total.other_time_s == pytest.approx(3200 / 10e9)
    assert slow.total.other_time_s == pytest.approx(4 * 3200 / 10e9)
    assert slow.rows[0].occupied_ops == slow.total.occupied_ops == 4 * 3200


def test_a_share_of_mac_layers_leaves_other_operations_alone():
    stack = cm.sequential((1, 10), [cm.layers.Dense(10)], name="dense")  # 100 MACs, 10 bias adds
    prediction = cm.predict(stack, machine(utilisation={"dense": 0.5}))
    assert prediction.total.occupied_ops == 10
    assert prediction.total.occupied_macs == 200


# Files


def row(**changes):
    known = Measurement(
        "net", "", "network", "1x3x4x4", "1x2x4x4", "", 2, 96, "pointwise=96", 64, "conv2d=32;relu=32", 32, 192, 128, 2e-5, 1e-5, 1e-6, 5,
        "onnxruntime 1.31.1", 1, "a machine",
    )  # fmt: skip
    return known._replace(**changes)


def test_a_file_gives_back_its_rows(tmp_path):
    path = tmp_path / "m.csv"
    rows = Measurements([row(), row(layer="conv", kind="pointwise")])
    path.write_text(rows.to_csv())
    assert list(Measurements.read(path)) == list(rows)
    assert Measurements.read(path)[0].work == {"pointwise": 96}
    assert Measurements.read(path)[0].other_work == {"conv2d": 32, "relu": 32}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"median_s": "fast"}, "line 2: `median_s` .*must be seconds"),
        ({"steps": "two"}, "line 2: `steps` .*must be an integer"),
        ({"macs_by_kind": "pointwise=95"}, "must sum to `macs`"),
        ({"macs_by_kind": "pointwise=x"}, "must sum to `macs`"),
        ({"other_ops_by_kind": ""}, "must sum to `other_ops`"),
        ({"weight_bytes": -1}, "at least 0"),
        ({"minimum_s": 0.0}, "positive and finite"),
        ({"minimum_s": 1.0}, "minimum at most the median"),
        ({"median_s": float("inf")}, "positive and finite"),
        ({"median_s": float("nan")}, "positive and finite"),
        ({"runs": 0}, "at least 1"),
        ({"dtype": "int8"}, "`dtype` .*must be float32 or float16"),
    ],
)
def test_bad_rows_are_named(tmp_path, changes, said):
    path = tmp_path / "m.csv"
    path.write_text(Measurements([row(**changes)]).to_csv())
    with pytest.raises(cm.errors.FieldError, match=said):
        Measurements.read(path)


def test_what_is_no_file_of_measurements(tmp_path):
    (tmp_path / "a.csv").write_text("network,layer\nx,y\n")
    with pytest.raises(cm.errors.FieldError, match="lacks the columns kind"):
        Measurements.read(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(cm.errors.FieldError, match="no text"):
        Measurements.read(tmp_path / "b.csv")
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    with pytest.raises(cm.errors.FieldError, match="no Parquet"):
        Measurements.read(tmp_path / "c.parquet")


# Measuring


@pytest.fixture
def tiny():
    return [
        cm.sequential((1, 3, 8, 8), [cm.layers.Conv2d(4, 3), cm.layers.ReLU()], name="one"),
        cm.sequential((1, 4, 8, 8), [cm.layers.DepthwiseConv2d(3), cm.layers.GlobalAvgPool()], name="two"),
    ]


def test_smoke_run(tmp_path, tiny):
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    found = measure(tiny, tmp_path / "m.csv", runs=2, seconds=0.01)
    assert found.networks == ("one", "two")
    one = found.of("one")
    assert [(r.layer, r.macs) for r in one] == [("", 4 * 8 * 8 * 27), (one[1].layer, 4 * 8 * 8 * 27)]
    assert one[1].kind == "standard"
    assert one[1].kernel_size == "3x3"
    assert [r.kind for r in found.of("two").layers()] == ["depthwise", "global_avg_pool"]
    again = measure(tiny, tmp_path / "m.csv", runs=2, seconds=0.01)
    assert list(again) == list(found)  # what the file holds is not measured again


def test_names_and_single_networks_are_run(tiny):
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    quick = {"runs": 1, "seconds": 0.01, "layers": False}
    assert measure("lenet_300_100", **quick).networks == ("lenet_300_100",)
    assert measure(["lenet_300_100", tiny[0]], **quick).networks == ("lenet_300_100", "one")
    assert measure(tiny[0], **quick).networks == ("one",)


def test_a_file_is_run_itself(tmp_path, tiny):
    onnx = pytest.importorskip("onnx", reason="an ONNX file is written")
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    path = tmp_path / "exported.onnx"
    onnx.save(to_onnx(tiny[0]), path)
    whole, layer = measure([file_subject(path)], runs=1, seconds=0.01)
    assert (whole.network, whole.macs, layer.macs) == ("exported", 4 * 8 * 8 * 27, 4 * 8 * 8 * 27)
    assert measure(str(path), runs=1, seconds=0.01, layers=False).networks == ("exported",)


def test_rows_of_before_there_were_number_formats(tmp_path):
    path = tmp_path / "m.csv"
    lines = Measurements([row()]).to_csv().splitlines()
    path.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))  # the column is the last
    assert Measurements.read(path)[0] == row(dtype="float32")


def test_a_file_is_of_one_runtime(tmp_path, tiny):
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    path = tmp_path / "m.csv"
    path.write_text(Measurements([row(runtime="torch 2.0", dtype="float16")]).to_csv())
    with pytest.raises(cm.errors.FieldError, match=r"holds measurements of runtime torch 2.0, .*dtype float16, not of runtime onnxruntime"):
        measure(tiny, path)
    assert list(Measurements.read(path)) == [row(runtime="torch 2.0", dtype="float16")]


def test_number_formats_are_not_fitted_together():
    pytest.importorskip("scipy", reason="fitting needs SciPy")
    rows = [row(), row(network="b"), row(network="c", dtype="float16")]
    with pytest.raises(cm.errors.FieldError, match="float16 and float32 can't be fitted together"):
        calibrate(Measurements(rows))
    halves = calibrate(Measurements([r._replace(dtype="float16") for r in rows]), resamples=2)
    assert halves.hardware.error.bits == 16


KILLED = """
import sys
from pathlib import Path
from costmodel.calibration.measurements import Measurement, Recorder
fields = ["net", "", "network", "1x3", "1x3", "", 1, 0, "", 3, "relu=3", 0, 12, 12, 2e-5, 1e-5, 0.0, 5, "r", 1, "m" * 5000]
recorder = Recorder(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    recorder.add([Measurement(f"net{number}", *fields[1:])])
"""


def test_a_killed_measurement_leaves_a_usable_file(tmp_path):
    path = tmp_path / "m.csv"
    environment = os.environ | {"PYTHONPATH": str(Path(cm.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], env=environment)
    while not path.exists() or path.stat().st_size < 100_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = Measurements.read(path)
    assert left.networks == tuple(f"net{n}" for n in range(1, len(left) + 1))
    assert len(left) > 10
    path.write_text(path.read_text() + "net0,half a li")  # killed in the middle of a line
    assert list(Measurements.read(path)) == list(left)


@pytest.mark.parametrize(
    "arguments", [{"runs": 0}, {"runs": "many"}, {"threads": 0}, {"output": "x.txt"}, {"output": "no/such/folder/x.csv"}]
)
def test_arguments_that_cannot_be_taken(arguments, tiny):
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    with pytest.raises(cm.errors.FieldError):
        measure(tiny, **arguments)


def test_symbols_cannot_be_run():
    with pytest.raises(cm.errors.SymbolicError, match="C"):
        to_onnx(cm.sequential((1, cm.symbols("C", integer=True), 4, 4), [cm.layers.ReLU()]))


def test_every_micro_benchmark_can_be_exported():
    pytest.importorskip("onnx", reason="models are ONNX")
    smallest = {}
    for network in micro_networks():
        kind = " ".join(network.name.split()[:2]) if network.name.startswith("flavour") else network.name.split()[0]
        if kind not in smallest or network.parameters["all"] < smallest[kind].parameters["all"]:
            smallest[kind] = network
    for kind, network in smallest.items():
        if kind != "streamed":
            assert to_onnx(network).graph.node, kind


# The committed measurements


@pytest.fixture(scope="module")
def calibration():
    pytest.importorskip("scipy", reason="fitting needs SciPy")
    if not DATA.is_dir():
        pytest.skip("the measurements stand with the documentation, which this copy lacks")
    return calibrate(DATA / "micro_epyc.csv", name="epyc", resamples=20)


def test_acceptance(calibration):
    unseen = Measurements.read(DATA / "networks_epyc.csv").whole()
    assert len(unseen) >= 12
    assert not {r.network for r in unseen} & {r.network for r in calibration.measurements}
    errors = calibration.evaluate(unseen)
    assert errors.median <= 0.15
    assert errors.within >= 0.80
    assert errors.rank_correlation >= 0.95
    assert errors.median < errors.macs_alone.median
    assert errors.within > errors.macs_alone.within
    scipy_stats = pytest.importorskip("scipy.stats")
    rho = scipy_stats.spearmanr(errors.measured_s, errors.predicted_s).statistic
    assert errors.rank_correlation == pytest.approx(rho)


def test_the_fit_is_the_serial_time_of_a_prediction(calibration):
    for name in ("mobilenet_v2", "efficientnet_b0", "resnet18"):
        prediction = cm.predict(name, calibration.hardware, traffic="compulsory", weight_bits=32, activation_bits=32, parameters="folded")
        (measured,) = Measurements.read(DATA / "networks_epyc.csv").of(name).whole()
        assert prediction.total.time_serial_s == pytest.approx(calibration.predicted_s(measured))
        low, high = prediction.total.time_interval_s
        assert low < prediction.total.time_serial_s < high
        assert 0.5 * low < measured.minimum_s < 1.5 * high


def test_a_machine_file_carries_where_its_figures_are_from(calibration, tmp_path):
    calibration.save(tmp_path / "epyc.toml")
    loaded = cm.Hardware.load(tmp_path / "epyc.toml")
    assert loaded == calibration.hardware
    assert loaded.error == calibration.hardware.error
    assert "runs of micro_epyc.csv" in loaded.provenance["ddr_bytes_per_s"].source
    assert loaded.provenance["sram_bytes"].estimate


def test_evaluations_by_layer_kernel_and_kind(calibration):
    networks = Measurements.read(DATA / "networks_epyc.csv")
    assert set(calibration.evaluate(networks, by="layer").labels) >= {"pointwise", "depthwise", "dense"}
    assert set(calibration.evaluate(networks, by="kernel_size").labels) >= {"1x1", "3x3", "5x5"}
    left = calibration.leave_out(networks)
    assert len(left.labels) == len(networks.whole())
    with pytest.raises(cm.errors.FieldError, match="must be one of"):
        calibration.evaluate(networks, by="colour")


def test_a_calibration_has_a_rich_display(calibration):
    assert "macs.pointwise" in calibration._repr_html_()
    assert "warning: " in repr(calibration)


def test_too_few_measurements():
    pytest.importorskip("scipy", reason="fitting needs SciPy")
    with pytest.raises(cm.errors.FieldError, match="at least two"):
        calibrate(Measurements([row()]))


def test_columns_are_the_work():
    design = Design.of([row(), row(network="b", other_ops_by_kind="conv2d=32;elu=32")], ("elu",))
    assert design.columns == ("overhead", "bytes", "macs.pointwise", "ops", "ops.elu")
    assert (design.work / design.scales).round(6).tolist() == [[2, 352, 96, 64, 0], [2, 352, 96, 32, 32]]


# The shell


def shell(*words):
    testing = pytest.importorskip("typer.testing", reason="the shell needs Typer")
    from costmodel.cli import app

    return testing.CliRunner().invoke(app, list(map(str, words)))


def test_calibrate_in_the_shell(tmp_path):
    pytest.importorskip("scipy", reason="fitting needs SciPy")
    if not DATA.is_dir():
        pytest.skip("the measurements stand with the documentation, which this copy lacks")
    machine = tmp_path / "epyc.toml"
    result = shell("calibrate", DATA / "micro_epyc.csv", "--held-out", DATA / "networks_epyc.csv", "-o", machine, "--resamples", 3)
    assert result.exit_code == 0, result.output
    assert "macs.pointwise" in result.output
    assert "MACs alone: median error" in result.output
    assert cm.Hardware.load(machine).error.networks == 41
    told = shell("predict", "mobilenet_v1", "-m", machine, "--traffic", "compulsory", "--weight-bits", 32, "--activation-bits", 32)
    assert "in nine of ten cases" in told.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("calibrate", "nowhere.csv"), "there is no file of measurements"),
        (("calibrate", "nowhere.csv", "-o", "machine.csv"), "must be a .toml file"),
        (("measure", "resnet9000", "-o", "x.csv"), "unknown network"),
        (("measure", "resnet18", "-o", "x.txt"), "must be a .csv or a .parquet"),
        (("measure", "nowhere.onnx", "-o", "x.csv"), "nowhere.onnx"),
        (("measure", "resnet18", "-o", "x.csv", "--runtime", "torhc"), "unknown runtime 'torhc'; did you mean torch?"),
        (("measure", "resnet18", "-o", "x.csv", "--device", "cuda"), "ONNX Runtime is timed on cpu in float32"),
    ],
)
def test_bad_words_in_the_shell(words, said):
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    result = shell(*words)
    assert isinstance(result.exception, cm.CostModelError)
    assert said in str(result.exception)


def test_parquet(tmp_path, tiny):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    pytest.importorskip("onnxruntime", reason="measuring needs ONNX Runtime")
    found = measure(tiny[:1], tmp_path / "m.parquet", runs=1, seconds=0.01, layers=False)
    assert list(Measurements.read(tmp_path / "m.parquet")) == list(found)


# Published times


def test_published_times_from_the_others():
    assert [t.time_s for t in times("cpu")] == [0.113, 0.075, 0.183, 0.143]  # arXiv:1801.04381, table 4
    assert [round(1 / t.time_s) for t in times("frames")] == [118, 145, 162, 233, 204, 220]  # the slides
    for table in ("cpu", "frames"):
        errors = left_out(table)
        assert errors.median < errors.macs_alone.median
    assert ("MobileNetV1", "NASNet-A") in fitted("cpu").turned
    with pytest.raises(cm.errors.UnknownNameError):
        times("gpu")
