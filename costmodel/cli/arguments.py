"""Arguments and options that several commands take, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NetworkName = Annotated[
    str, typer.Argument(help="A zoo network (see `costmodel list networks`), or a file: .onnx, .tflite, .pt2, .keras or a network's .json.")
]
Inputs = Annotated[list[str] | None, typer.Option("--input", help="The shape of a file's input: --input x=1,3,224,224 or x=1,3,H,W.")]
Sizes = Annotated[list[str] | None, typer.Option("--size", help="A number for a size that a file leaves open: --size H=224.")]
Values = Annotated[list[str] | None, typer.Option("--value", help="Numbers that shapes or branches depend on: --value sr=16000.")]
Unknown = Annotated[str, typer.Option("--unknown", help="Operators without a cost rule: error, or count for lower bounds.")]
Machines = Annotated[str, typer.Option("--hardware", "-m", help="NAME or FILE.toml; several, separated by commas, stand side by side.")]
Machine = Annotated[str, typer.Option("--hardware", "-m", help="The machine: NAME or FILE.toml.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help='Change the machine: --set ddr="2 GB/s".')]
Order = Annotated[str, typer.Option(help="given: as the network stands; best: the order of least peak.")]
Traffic = Annotated[str, typer.Option(help="Who crosses the DDR bus.")]
Parameters = Annotated[str, typer.Option(help="Which parameters move: weights, trainable, all or folded.")]
WeightBits = Annotated[int | None, typer.Option(help="Width of weights.")]
ActivationBits = Annotated[int | None, typer.Option(help="Width of feature maps.")]
AccumulatorBits = Annotated[int | None, typer.Option(help="Width of partial sums.")]
FuseEpilogues = Annotated[bool, typer.Option(help="Norms and activations run on their host's output.")]
Sort = Annotated[str | None, typer.Option(help="Sort the rows by a column, largest first.")]
Top = Annotated[int | None, typer.Option(help="Only the first rows.")]
Format = Annotated[str, typer.Option("--format", "-f", help="table, markdown, latex, csv, json or html.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the screen.")]
