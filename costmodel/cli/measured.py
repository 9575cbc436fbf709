"""`costmodel measure` and `costmodel calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costmodel import readers
from costmodel.cli import arguments
from costmodel.cli.shell import BUILDER_OPTIONS, app
from costmodel.cli.subjects import network_of
from costmodel.cli.words import numbers_of, shapes_of
from costmodel.cli.written import show
from costmodel.errors import FieldError, UnknownNameError
from costmodel.network import Network


@app.command("measure", context_settings=BUILDER_OPTIONS)
def _measure(
    context: typer.Context,
    networks: Annotated[
        list[str], typer.Argument(help="Zoo networks, .onnx files (which are run themselves), or micro: the micro-benchmarks.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv, which grows as networks are measured, or a .parquet file.")],
    runs: Annotated[int, typer.Option(help="Of every network.")] = 50,
    seconds: Annotated[float, typer.Option(help="No more runs of a network are begun after so long; at least five are made.")] = 1.0,
    threads: Annotated[int, typer.Option(help="That share an operator's work.")] = 1,
    layers: Annotated[bool, typer.Option(help="Whether layers are timed too, in runs of their own.")] = True,
    runtime: Annotated[str, typer.Option(help="onnxruntime, or torch: PyTorch, one layer after another.")] = "onnxruntime",
    device: Annotated[str, typer.Option(help="Of torch: cpu, cuda or cuda:NUMBER.")] = "cpu",
    dtype: Annotated[str, typer.Option(help="Of torch: float32 or float16.")] = "float32",
    inputs: arguments.Inputs = None,
    values: arguments.Values = None,
    unknown: arguments.Unknown = "error",
) -> None:
    """Run networks and note how long they and their layers take. A file that holds some of them is carried on."""
    from costmodel.calibration import OnnxRuntime, Subject, TorchRuntime, file_subject, measure, micro_networks

    runtimes: dict[str, type[OnnxRuntime] | type[TorchRuntime]] = {"onnxruntime": OnnxRuntime, "torch": TorchRuntime}
    if runtime not in runtimes:
        raise UnknownNameError.of("runtime", runtime, runtimes)
    runner = runtimes[runtime](threads, device, dtype)

    subjects: list[Network | Subject] = []
    for name in networks:
        if name == "micro":
            subjects += micro_networks()
        elif readers.is_file_name(name) and Path(name).suffix.lower() == ".onnx":
            subjects.append(file_subject(name, shapes_of(inputs or []), numbers_of(values or []), unknown))
        else:
            subjects.append(network_of(name, context.args, inputs, values, unknown))
    if not subjects:
        raise FieldError("measure needs a network: a name of the zoo, an .onnx file, or micro")
    found = measure(subjects, output, runs=runs, seconds=seconds, layers=layers, runtime=runner)
    print(f"{output}: {len(found.networks)} networks, {len(found.layers())} layers")


@app.command("calibrate")
def _calibrate(
    measurements: Annotated[Path, typer.Argument(help="A file of measurements: .csv or .parquet.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the machine to this .toml, which --hardware takes.")] = None,
    held_out: Annotated[Path | None, typer.Option(help="Measurements of other networks, which tell the error.")] = None,
    by: Annotated[str, typer.Option(help="Of the held-out ones, a row a: network, layer, kernel_size or kind.")] = "network",
    name: Annotated[str | None, typer.Option(help="Of the machine; else that of the output.")] = None,
    resamples: Annotated[int, typer.Option(help="Fits to networks drawn anew, for the intervals.")] = 200,
    format: arguments.Format = "table",
) -> None:
    """Fit a machine's figures to measured times, with their intervals, and say how far predictions lie from measurements."""
    from costmodel.calibration import calibrate

    if output is not None and output.suffix != ".toml":
        raise FieldError(f"`--output` (={str(output)!r}) must be a .toml file")
    called = name if name is not None else output.stem if output is not None else measurements.stem
    found = calibrate(measurements, name=called, resamples=resamples, held_out=held_out)
    if output is not None:
        found.save(output)
    tables = [found.table(), found.errors_by_kind() if held_out is None else found.evaluate(held_out, by=by).table()]
    show(tables, format, None)
