"""The shell: what it prints, and that bad input ends with one message and exit code 2."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import costmodel as cm
from costmodel import cli


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "costmodel", *words], capture_output=True, text=True, check=False)


def out(*words: str) -> str:
    result = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_predict_json_keeps_its_promise() -> None:
    document = json.loads(out("predict", "mobilenet_v1", "--format", "json"))
    assert list(document) == ["schema", "network", "hardware", "assumptions", "layers", "totals"]
    assert document["schema"] == 1
    assert {"name", "sram_bytes", "ddr_bytes_per_s", "mac_flops_per_s", "other_ops_per_s"} <= document["hardware"].keys()
    assert {"traffic", "fuse_epilogues", "weight_bits", "activation_bits", "accumulator_bits"} <= document["assumptions"].keys()
    promised = {
        "name", "kind", "epilogues", "input_shapes", "output_shapes", "macs", "other_ops", "parameters", "weight_bytes", "input_bytes",
        "output_bytes", "live_bytes", "fits_sram", "ddr_bytes", "ddr_bytes_compulsory", "ddr_bytes_bound", "ddr_time_s", "mac_time_s",
        "other_time_s", "time_serial_s", "time_overlapped_s", "peak_fraction", "bound_by",
    }  # fmt: skip
    assert promised <= document["layers"][0].keys()
    assert document["layers"][0]["epilogues"] == ["batch_norm", "relu"]
    assert document["layers"][0]["input_shapes"] == [[1, 3, 224, 224]]
    totals = document["totals"]
    promised = {
        "macs", "other_ops", "parameters", "weight_bytes", "peak_live_bytes", "fits_sram", "ddr_bytes", "ddr_bytes_bound",
        "time_serial_s", "time_overlapped_s", "inferences_per_s", "coverage",
    }  # fmt: skip
    assert promised <= totals.keys()
    assert (totals["macs"], totals["peak_live_bytes"], totals["ddr_bytes"]) == (568_740_352, 1_204_224, 6_769_064)


@pytest.mark.parametrize(
    ("words", "macs"),
    [
        (["--width-multiplier", "0.75"], 325_400_448),
        (["--resolution", "160"], 290_675_200),
        (["--resolution=160", "--width-multiplier=1.0"], 290_675_200),
    ],
)
def test_builder_arguments_are_options(words: list[str], macs: int) -> None:
    assert json.loads(out("predict", "mobilenet_v1", *words, "--format", "json"))["totals"]["macs"] == macs


def test_machine_can_be_changed() -> None:
    document = json.loads(out("predict", "mobilenet_v1", "--set", "sram=1.25 MiB", "--set", "ddr=2 GB/s", "--format", "json"))
    assert document["totals"]["ddr_bytes"] == 4_360_616
    assert document["hardware"]["ddr_bytes_per_s"] == 2 * 10**9


def test_machines_side_by_side(tmp_path: Path) -> None:
    chip = tmp_path / "chip.toml"
    chip.write_text('sram = "2 MiB"\nddr = "2 GB/s"\nmacs = "2 TFLOPS"\nother = "1 GOP/s"\n')
    rows = list(csv.DictReader(io.StringIO(out("predict", "mobilenet_v1", "--hardware", f"pardhi,{chip}", "--format", "csv"))))
    assert [row["hardware"] for row in rows] == ["pardhi", "chip"]
    assert [row["ddr_bytes"] for row in rows] == ["6769064", "4360616"]


def test_flash_machine(tmp_path: Path) -> None:
    """Weights stream from flash: 4,209,088 B at 10 MB/s. They exceed 1 MiB of flash, and the maps exceed the SRAM."""
    chip = tmp_path / "mcu.toml"
    chip.write_text('sram = "512 KiB"\nflash = "1 MiB"\nflash_rate = "10 MB/s"\nmacs = "1 GFLOPS"\nother = "1 GOP/s"\n')
    totals = json.loads(out("predict", "mobilenet_v1", "--hardware", str(chip), "--format", "json"))["totals"]
    assert totals["ddr_bytes"] == 0
    assert totals["flash_bytes_moved"] == 4_209_088
    assert totals["ddr_time_s"] == 0.4209088
    assert (totals["fits_sram"], totals["fits_flash"]) == (False, False)
    assert "do not fit the SRAM" in out("predict", "mobilenet_v1", "--hardware", str(chip))
    verdict = out("predict", "mobilenet_v1", "--hardware", str(chip), "--format", "markdown")
    assert "do not fit the SRAM of 512 KiB; its weights, 4.014 MiB, do not fit the flash of 1 MiB." in verdict
    small = out("predict", "ds_cnn_kws", "--hardware", str(chip), "--format", "markdown")
    assert "fit the SRAM of 512 KiB; its weights, 21.5 KiB, fit the flash of 1 MiB." in small
    assert "ds_cnn_kws: weights fit the flash" in out("predict", "ds_cnn_kws", "--hardware", str(chip))


def test_traffic_json_keeps_its_promise() -> None:
    document = json.loads(out("traffic", "mobilenet_v1", "--sram", "128 KiB", "--format", "json"))
    assert {
        "schema",
        "network",
        "sram_bytes",
        "policy",
        "ddr_bytes",
        "bound_bytes",
        "compulsory_bytes",
        "plan",
        "layers",
    } <= document.keys()
    tiled = [layer for layer in document["layers"] if layer["name"] in document["plan"]]
    assert sum(layer["ddr_bytes"] for layer in tiled) == 14_396_840
    assert {"keeps", "loops", "ddr_bytes", "sram_bytes", "alternative", "binding"} <= document["plan"]["conv1"].keys()
    assert sum(document["plan"]["conv1"]["ddr_bytes"].values()) == document["layers"][0]["ddr_bytes"]
    resident = json.loads(out("traffic", "mobilenet_v1", "--policy", "resident", "--format", "json"))
    assert (resident["ddr_bytes"], resident["compulsory_bytes"], resident["plan"]) == (6_769_064, None, {})
    assert "every operand once" not in out("traffic", "mobilenet_v1", "--resolution", "128", "--top", "3")


def test_traffic_against_capacity() -> None:
    rows = list(csv.DictReader(io.StringIO(out("traffic", "mobilenet_v1", "--sram", "64 KiB, 128 KiB,1 MiB", "--format", "csv"))))
    assert [int(row["sram_bytes"]) for row in rows] == [2**16, 2**17, 2**20]
    assert int(rows[0]["ddr_bytes"]) > int(rows[1]["ddr_bytes"]) == int(rows[2]["ddr_bytes"])
    document = json.loads(out("traffic", "mobilenet_v1", "--sram", "64 KiB,128 KiB", "--format", "json"))
    assert len(document["ddr_bytes"]) == 2
    assert document["knees"][-1]["name"] == "compulsory: every operand once"


def test_csv_is_exact() -> None:
    rows = list(csv.DictReader(io.StringIO(out("predict", "mobilenet_cifar", "--format", "csv"))))
    assert sum(int(row["macs"]) for row in rows) == 452_058_368


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "mobilenet_cifar"),
        ("predict", "mobilenet_cifar", "--rows", "all"),
        ("predict", "mobilenet_cifar", "--hardware", "pardhi,eyeriss"),
        ("compare", "mobilenet_cifar", "lenet_300_100"),
    ],
)
def test_csv_carries_the_assumptions(words: tuple[str, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(out(*words, "--format", "csv"))))
    assert len(rows) >= 2
    assert all("assumptions: traffic resident" in row["assumptions"] for row in rows)
    assert all(row["assumptions"].startswith(f"{row.get('hardware', 'pardhi')}: SRAM") for row in rows)


def test_networks_side_by_side_take_builder_arguments_and_widths() -> None:
    words = (
        "compare",
        "mobilenet_v1",
        "--resolution",
        "160",
        "mobilenet_v2",
        "--width-multiplier=0.5",
        "--weight-bits",
        "4",
        "--format",
        "json",
    )
    rows = json.loads(out(*words))
    built = [make(width_multiplier=0.5, resolution=160) for make in (cm.zoo.mobilenet_v1, cm.zoo.mobilenet_v2)]
    assert [row["macs"] for row in rows] == [network.macs for network in built]
    assert [row["weight_bytes"] for row in rows] == [-(-network.parameters["weights"] // 2) for network in built]
    assert [row["network"] for row in json.loads(out(*words, "--sort", "macs", "--top", "1"))] == [
        max(built, key=lambda network: network.macs).name
    ]
    alike = out("compare", "mobilenet_v1", "mobilenet_v2", "--activation-bits", "16", "--format", "json")
    assert [row["peak_live_bytes"] for row in json.loads(alike)] == [2 * 1_204_224, 2 * 1_505_280]


def test_rows_sort_and_top() -> None:
    rows = list(csv.DictReader(io.StringIO(out("predict", "mobilenet_cifar", "--format", "csv", "--sort", "macs", "--top", "2"))))
    assert [row["name"] for row in rows] == ["block10/pw", "block5/pw"]
    assert len(out("predict", "mobilenet_cifar", "--rows", "all").splitlines()) > 75


def test_published_json() -> None:
    cells = json.loads(out("published", "pardhi", "--format", "json"))
    assert len(cells) == 128
    assert {"table", "row", "column", "published", "reproduced", "corrected", "errata"} <= cells[0].keys()
    assert all(cell["published"] == cell["reproduced"] for cell in cells)
    assert sum(cell["corrected"] for cell in cells if cell["column"] == "macs") == 452_058_368
    alone = json.loads(out("published", "pardhi", "--corrections", "E4", "--format", "json"))
    assert sum(cell["corrected"] for cell in alone if cell["column"] == "macs") == 3_168_398_848 - 2_923_611_264


def test_output_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "table.md"
    assert out("predict", "mobilenet_cifar", "--format", "markdown", "--output", str(target)) == ""
    assert "| conv1 |" in target.read_text()
    assert list(tmp_path.iterdir()) == [target]


def test_network_files(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(cm.zoo.mobilenet_cifar().to_json())
    assert json.loads(out("predict", str(path), "--format", "json"))["totals"]["macs"] == 452_058_368


@pytest.mark.parametrize("what", ["networks", "hardware", "layers", "formulas", "published"])
@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv", "json", "html"])
def test_listings(what: str, format: str) -> None:
    assert len(out("list", what, "--format", format)) > 40


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "mobilenet_v9"], "unknown network 'mobilenet_v9'; did you mean"),
        (["predict", "mobilenet_v1", "--hardware", "nothing"], "unknown hardware 'nothing'; "),
        (["predict", "mobilenet_v1", "--hardware", "nothing.toml"], "there is no hardware file 'nothing.toml'"),
        (["predict", "mobilenet_v1", "--hardware", ","], "names no machine"),
        (["predict", "mobilenet_v1", "--widht-multiplier", "1"], "there is no option --widht-multiplier"),
        (["predict", "mobilenet_v1", "--resolution", "0"], "must be a positive integer"),
        (["predict", "mobilenet_v1", "--resolution", "-32"], "must be a positive integer"),
        (["predict", "mobilenet_v1", "--resolution", "2.5"], "must be a positive integer"),
        (["predict", "mobilenet_v1", "--resolution"], "must have a name and a value"),
        (["predict", "mobilenet_v1", "--width-multiplier", "wide"], "must be a positive number"),
        (["predict", "mobilenet_v1", "--width-multiplier", "0.001"], "must be a positive integer"),
        (["predict", "mobilenet_v1", "--set", "ddr"], "must have a name and a value"),
        (["predict", "mobilenet_v1", "--set", "ddr=1 Gb/s"], "in bits"),
        (["predict", "mobilenet_v1", "--set", "cache=1 MiB"], "has no figure `cache`"),
        (["predict", "mobilenet_v1", "--weight-bits", "0"], "`weight_bits` (=0)"),
        (["predict", "mobilenet_v1", "--traffic", "free"], "unknown traffic policy 'free'"),
        (["predict", "mobilenet_v1", "--round-trip"], "takes `round_trip`"),
        (["predict", "mobilenet_v1", "--format", "pdf"], "unknown format 'pdf'"),
        (["predict", "mobilenet_v1", "--sort", "colour"], "unknown column 'colour'"),
        (["predict", "mobilenet_v1", "--top", "0"], "`top` (=0) must be at least 1"),
        (["predict", "mobilenet_v1", "--rows", "some"], "unknown choice of rows 'some'"),
        (["predict", "mobilenet_v1", "--parameters", "few"], "unknown total of parameters 'few'"),
        (["predict", "nothing.json"], "there is no file 'nothing.json'"),
        (["predict", "mobilenet_v1", "--output", "nowhere/x"], "must be a file in a folder that exists"),
        (["predict", "mobilenet_v1", "--output", "."], "must be a file in a folder that exists"),
        (["predict", "mobilenet_v1", "--hardware", "pardhi,eyeriss", "--rows", "all"], "goes with one machine"),
        (["predict", "mobilenet_v1", "stray"], "unexpected argument 'stray'"),
        (["traffic", "mobilenet_v1", "--sram", "5 B"], "the least that does is 6 B"),
        (["traffic", "mobilenet_v1", "--sram", "64 Kb"], "in bits"),
        (["traffic", "mobilenet_v1", "--sram", ","], "names no capacity"),
        (["traffic", "mobilenet_v1", "--sram", "1 MiB,2 MiB", "--policy", "resident"], "goes with one capacity"),
        (["traffic", "mobilenet_v1", "--policy", "free"], "unknown traffic policy 'free'"),
        (["compare", "mobilenet_v1", "nothing"], "unknown network 'nothing'"),
        (["compare", "--resolution", "128"], "compare needs a network"),
        (["compare", "mobilenet_v1", "lenet_300_100", "--resolution", "128"], "no option --resolution; network 'lenet_300_100'"),
        (["compare", "mobilenet_v1", "--resolution"], "must have a name and a value"),
        (["list", "everything"], "unknown listing 'everything'"),
        (["formula", "conv", "--flavour", "oblique"], "unknown flavour 'oblique'"),
        (["formula", "conv", "--metric", "joy"], "unknown metric 'joy'"),
        (["formula", "conv", "--format", "pdf"], "unknown format of a formula 'pdf'"),
        (["published", "nobody"], "unknown document 'nobody'"),
        (["published", "pardhi", "--corrections", "E9"], "unknown erratum 'E9'"),
        (["published", "pardhi", "--view", "moon"], "unknown view of 'pardhi' 'moon'"),
        (["published", "bobiev", "--corrections", "E1"], "goes with the tables"),
    ],
)
def test_bad_input(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["costmodel", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_bad_command_ends_without_traceback() -> None:
    for words in (["predict"], ["fly"], ["predict", "mobilenet_v1", "--top", "x"]):
        result = run(*words)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr


def test_a_directory_is_no_network(tmp_path: Path) -> None:
    folder = tmp_path / "net.json"
    folder.mkdir()
    result = run("predict", str(folder))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_version() -> None:
    assert run("--version").stdout.strip() == cm.__version__


def test_fuse_and_patches() -> None:
    """The plan of the shell is that of the library."""
    plan = cm.fuse("mobilenet_v2", "256 KiB")
    document = json.loads(run("fuse", "mobilenet_v2", "--sram", "256 KiB", "--format", "json").stdout)
    assert document == json.loads(plan.to_json())
    assert (document["network"], document["capacity_bytes"], document["optimal"]) == ("mobilenet_v2", 262_144, True)
    assert run("fuse", "mobilenet_v2", "--sram", "256 KiB", "--format", "csv").stdout == plan.to_csv()
    assert "row_buffered" in run("fuse", "mobilenet_v2", "--sram", "256 KiB").stdout
    words = ["patches", "mobilenet_v2", "--until", "stage3/block1/project", "--grid", "4x4"]
    document = json.loads(run(*words, "--format", "json").stdout)
    assert (document["input_patch"], document["grid"], document["patches"]) == ([3, 75, 75], [4, 4], 16)
    assert document["macs"] - document["macs_once"] == document["recompute_macs"] == sum(row["again"] for row in document["layers"])
    refused = run(*words[:-1], "4")
    assert (refused.returncode, refused.stderr) == (2, "costmodel: `--grid` (='4') must be patches along height and width, e.g. 4x4\n")


def test_fuse_keeps_the_accumulators_of_a_file(tmp_path: Path) -> None:
    network = cm.zoo.mobilenet_v2().rewrite(cm.rewrites.Bits(accumulators=8))
    (tmp_path / "narrow.json").write_text(network.to_json())
    words = ("fuse", str(tmp_path / "narrow.json"), "--sram", "32 KiB", "--format", "json")
    narrow, wide = (json.loads(out(*words, *more))["ddr_bytes"] for more in ((), ("--accumulator-bits", "32")))
    assert narrow == cm.fuse(network, "32 KiB").ddr_bytes < wide == cm.fuse(network, "32 KiB", accumulator_bits=32).ddr_bytes


def test_options_of_time_and_residency() -> None:
    words = ["predict", "mobilenet_v1", "--traffic", "residency", "--steady-state", "--weight-prefetch", "--set", "overhead=20 us"]
    result = CliRunner().invoke(cli.app, [*words, "--set", "utilisation.depthwise=0.3", "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["hardware"]["utilisation.depthwise"] == 0.3
    assert found["plan"]["kept_weights"]
    assert found["totals"]["overhead_time_s"] == pytest.approx(30 * 20e-6)  # 27 convolutions, pool, dense, softmax
    assert {"weight_prefetch", "stays"} <= found["assumptions"].keys()
