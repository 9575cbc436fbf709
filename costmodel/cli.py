"""The shell: `costmodel predict mobilenet_v1`. Bad input ends with one message and exit code 2."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from costmodel import __version__, readers, zoo
from costmodel._num import is_open
from costmodel.api import as_hardware, fuse, memory, patches, predict
from costmodel.errors import CostModelError, FieldError, SymbolicError
from costmodel.hardware import Hardware
from costmodel.layers.structure import Placeholder
from costmodel.network import Network
from costmodel.options import assignments, builder_arguments, numbers_of, shapes_of, value_of

if TYPE_CHECKING:
    from costmodel.tables import Table

app: typer.Typer = typer.Typer(
    help="Predict what a neural network costs on a machine.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip

Format = Annotated[str, typer.Option("--format", "-f", help="table, markdown, latex, csv, json or html.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the screen.")]
Machines = Annotated[str, typer.Option("--hardware", "-m", help="NAME or FILE.toml; several, separated by commas, stand side by side.")]
NetworkName = Annotated[
    str, typer.Argument(help="A zoo network (see `costmodel list networks`), or a file: .onnx, .tflite, .pt2, .keras or a network's .json.")
]
Inputs = Annotated[list[str] | None, typer.Option("--input", help="The shape of a file's input: --input x=1,3,224,224 or x=1,3,H,W.")]
Values = Annotated[list[str] | None, typer.Option("--value", help="Numbers that shapes or branches depend on: --value sr=16000.")]
Unknown = Annotated[str, typer.Option("--unknown", help="Operators without a cost rule: error, or count for lower bounds.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help='Change the machine: --set ddr="2 GB/s".')]

_BUILDER_OPTIONS: dict[str, bool] = {"allow_extra_args": True, "ignore_unknown_options": True}


def main() -> None:
    """Run the shell command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no µ shows ? rather than a traceback
    try:
        app(prog_name="costmodel")
    except CostModelError as error:
        print(f"costmodel: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"costmodel: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""), file=sys.stderr)
        sys.exit(2)


def _write(text: str, output: Path | None) -> None:
    """Print, or write the file whole."""
    if output is None:
        sys.stdout.write(text)
        return
    from costmodel import _files

    _files.write(output, text.encode(), argument="--output")


def _show(tables: Table | list[Table], format: str, output: Path | None) -> None:
    """Tables one after another, in colour on a terminal."""
    tables = tables if isinstance(tables, list) else [tables]
    if format == "table" and output is None and sys.stdout and sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        for table in tables:
            console.print(table.narrowed(console.width).to_rich())
    else:
        _write("\n".join(table.render(format) for table in tables), output)


def _machines(names: str, changes: list[str] | None) -> list[Hardware]:
    changed = assignments(changes or [], "--set")
    machines = [as_hardware(name.strip()) for name in names.split(",") if name.strip()]
    if not machines:
        raise FieldError(f"`--hardware` (={names!r}) names no machine")
    return [machine.replace(**changed) if changed else machine for machine in machines]


def _network(
    name: str, extra: list[str], inputs: list[str] | None = None, values: list[str] | None = None, unknown: str = "error"
) -> Network:
    if not readers.is_file_name(name):
        if inputs or values or unknown != "error":
            raise FieldError(f"`--input`, `--value` and `--unknown` go with a model file; {name!r} is none")
        return zoo.build(name, **builder_arguments(name, extra))
    if extra:
        raise FieldError(f"{extra[0]!r} goes with a zoo network; {name!r} is a file")
    return readers.read(name, shapes_of(inputs or []), numbers_of(values or []), unknown)


@app.command("predict", context_settings=_BUILDER_OPTIONS)
def _predict(
    context: typer.Context,
    network: NetworkName,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    hardware: Machines = "pardhi",
    set_: Changes = None,
    traffic: Annotated[
        str, typer.Option(help="Who crosses the DDR bus: weights, compulsory, resident, residency, tiled or fused.")
    ] = "resident",
    order: Annotated[str, typer.Option(help="given: as the network stands; best: the order of least peak.")] = "given",
    round_trip: Annotated[bool, typer.Option("--round-trip", help="With --traffic weights: weights move back too.")] = False,
    steady_state: Annotated[
        bool,
        typer.Option("--steady-state", help="With --traffic resident or residency: weights that fit stay from inference to inference."),
    ] = False,
    time_limit_s: Annotated[float | None, typer.Option(help="With --traffic fused: seconds for the search; 60 by default.")] = None,
    weight_prefetch: Annotated[
        bool, typer.Option("--weight-prefetch", help="The next layer's weights come while the bus is idle, where they fit.")
    ] = False,
    fuse_epilogues: Annotated[bool, typer.Option(help="Norms and activations run on their host's output.")] = True,
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    accumulator_bits: Annotated[int | None, typer.Option(help="Width of partial sums.")] = None,
    parameters: Annotated[str, typer.Option(help="Which parameters move: weights, trainable, all or folded.")] = "weights",
    rows: Annotated[
        str, typer.Option(help="fused: one row a step; all: one row a node; type, stage or block: shares of the total.")
    ] = "fused",
    sort: Annotated[str | None, typer.Option(help="Sort the rows by a column, largest first.")] = None,
    top: Annotated[int | None, typer.Option(help="Only the first rows.")] = None,
    format: Format = "table",
    output: Output = None,
) -> None:
    """Predict NETWORK on a machine. A zoo network's own arguments are options too: --width-multiplier 0.75 --resolution 160."""
    from costmodel.prediction.shares import GROUPINGS
    from costmodel.prediction.views import summary

    built = _network(network, context.args, inputs, values, unknown)
    options: dict[str, Any] = {"round_trip": True} if round_trip else {}
    options |= {"steady_state": True} if steady_state else {}
    options |= {"time_limit_s": time_limit_s} if time_limit_s is not None else {}
    predictions = [
        predict(
            built, machine, traffic=traffic, order=order, fuse_epilogues=fuse_epilogues, weight_bits=weight_bits,
            activation_bits=activation_bits, accumulator_bits=accumulator_bits, parameters=parameters,
            weight_prefetch=weight_prefetch, **options,
        )
        for machine in _machines(hardware, set_)
    ]  # fmt: skip
    if len(predictions) > 1:
        if rows != "fused":
            raise FieldError(f"`--rows` (={rows!r}) goes with one machine; several stand side by side, a row each")
        if format == "json":
            from costmodel.tables.table import to_json

            with _numbers_for(built):
                return _write(to_json([p.to_dict() for p in predictions]), output)
        return _show(_arranged(summary(predictions, f"{built.name}, machines side by side"), sort, top), format, output)
    (prediction,) = predictions
    if rows in GROUPINGS:
        return _show(_arranged(prediction.shares(rows), sort, top), format, output)
    if format == "json":
        with _numbers_for(built):
            return _write(prediction.to_json(), output)
    if format in ("html", "markdown") and rows == "fused":
        from costmodel.report.documents import markdown, page

        return _write((page if format == "html" else markdown)(prediction, layers=_arranged(prediction.table(), sort, top)), output)
    exact = format == "csv" and rows == "fused"
    return _show(_arranged(prediction.table(rows=rows, exact=exact), sort, top), format, output)


@contextmanager
def _numbers_for(*networks: Network) -> Iterator[None]:
    """What needs plain numbers says how the shell gives them to the inputs of a file."""
    try:
        yield
    except SymbolicError as error:
        nodes = [node for network in networks for node in network.nodes.values() if isinstance(node.layer, Placeholder)]
        shapes = {node.name: node.output_shapes[0] for node in nodes if any(map(is_open, node.output_shapes[0]))}
        if not shapes:
            raise
        names = sorted({symbol.name for shape in shapes.values() for size in shape for symbol in getattr(size, "free_symbols", ())})
        options = " ".join(f'--input "{name}={",".join(map(str, shape))}"' for name, shape in shapes.items())
        reason = str(error).partition(";")[0]
        raise SymbolicError(f"{reason}; give the sizes that are open: {options} with numbers for {', '.join(names)}") from None


def _subject(name: str, extra: list[str], inputs: list[str] | None, values: list[str] | None, unknown: str) -> Any:
    """A network of a file, or the builder of one in the zoo, whose other arguments stay open to questions."""
    if readers.is_file_name(name):
        return _network(name, extra, inputs, values, unknown)
    _network(name, extra, inputs, values, unknown)  # says what is wrong
    return partial(zoo.builder(name), **builder_arguments(name, extra))


def _one_machine(names: str, changes: list[str] | None) -> Hardware:
    machines = _machines(names, changes)
    if len(machines) > 1:
        raise FieldError(f"`--hardware` (={names!r}) must name one machine here")
    return machines[0]


def _arranged(table: Table, sort: str | None, top: int | None) -> Table:
    table = table if sort is None else table.sorted(sort)
    return table if top is None else table.top(top)


def _side(name: str, inputs: list[str] | None, values: list[str] | None, unknown: str) -> Network:
    """One of several networks: what is said of files goes to the files among them."""
    return _network(name, [], inputs, values, unknown) if readers.is_file_name(name) else _network(name, [])


@app.command("compare", context_settings=_BUILDER_OPTIONS)
def _compare(
    context: typer.Context,
    networks: Annotated[list[str] | None, typer.Argument(help="Networks to set side by side.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All networks of the zoo.")] = False,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    hardware: Machines = "pardhi",
    set_: Changes = None,
    traffic: Annotated[str, typer.Option(help="Who crosses the DDR bus.")] = "resident",
    by: Annotated[str | None, typer.Option(help="Of two: a row a layer, kind, stage or block, and where the difference lies.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Of two: what changes, by figure and by layer.")] = False,
    sort: Annotated[str | None, typer.Option(help="Sort the rows by a column, largest first.")] = None,
    format: Format = "table",
    output: Output = None,
) -> None:
    """Set networks, and machines, side by side: one row each; two of them part by part with --by."""
    from costmodel.prediction.views import summary

    names = (networks or []) + (sorted(zoo.NETWORKS) if all_ else [])
    extra = [name for name in (*names, *context.args) if name.startswith("-")]
    if extra or not names:
        given = f"{extra[0]!r} is no option of compare" if extra else "compare needs a network"
        raise FieldError(f"{given}; give zoo names, network JSON files or --all")
    machines = _machines(hardware, set_)
    built = [_side(name, inputs, values, unknown) for name in names]
    predictions = [predict(network, machine, traffic=traffic) for network in built for machine in machines]
    with _numbers_for(*built):
        if diff:
            from costmodel.report.difference import of_two

            return _write(of_two(predictions).render(format), output)
        if by is None:
            return _show(_arranged(summary(predictions, "side by side"), sort, None), format, output)
        if len(predictions) != 2:
            raise FieldError(f"`--by` sets two against each other: two networks, or one on two machines; these are {len(predictions)}")
        from costmodel.whatif.compare import compare_by

        _show(_arranged(compare_by(predictions[0], predictions[1], by), sort, None), format, output)


@app.command("solve", context_settings=_BUILDER_OPTIONS)
def _solve(
    context: typer.Context,
    network: NetworkName,
    condition: Annotated[str, typer.Argument(help='What must hold: "time_serial_s <= 5 ms and fits_sram".')],
    for_: Annotated[
        list[str], typer.Option("--for", help="hardware.ddr, hardware.sram, width_multiplier, resolution, ...; twice for an iso-line.")
    ],
    goal: Annotated[str | None, typer.Option(help="smallest or largest.")] = None,
    lattice: Annotated[str | None, typer.Option(help="Values to try of an argument, separated by commas.")] = None,
    at: Annotated[str | None, typer.Option(help="Of an iso-line the values of the first variable: 2GB/s,4GB/s or 1GB/s:9GB/s:5.")] = None,
    hardware: Machines = "pardhi",
    set_: Changes = None,
    traffic: Annotated[str, typer.Option(help="Who crosses the DDR bus.")] = "resident",
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """Turn the question round: which bandwidth, how much SRAM, which width keeps a condition. Exit code 1 where none does."""
    from costmodel.tables.table import to_json
    from costmodel.whatif.solve import solve

    found = solve(
        _subject(network, context.args, inputs, values, unknown), _one_machine(hardware, set_), condition, for_, goal=goal,
        lattice=_list_of_numbers(lattice, "--lattice"), at=at, traffic=traffic, weight_bits=weight_bits,
        activation_bits=activation_bits,
    )  # fmt: skip
    if format == "json":
        _write(to_json(found.to_dict()), output)
    else:
        _show(found.table(), format, output)
    if not getattr(found, "feasible", True):
        raise typer.Exit(1)


@app.command("sensitivity", context_settings=_BUILDER_OPTIONS)
def _sensitivity(
    context: typer.Context,
    network: NetworkName,
    metric: Annotated[str, typer.Option(help="time_serial_s, time_overlapped_s, energy_j, ddr_bytes, ...")] = "time_serial_s",
    factor: Annotated[float, typer.Option(help="By which variables grow and shrink.")] = 2,
    helps: Annotated[bool, typer.Option("--helps", help="Rank single changes of machine, compiler and network by their gain.")] = False,
    hardware: Machines = "pardhi",
    set_: Changes = None,
    traffic: Annotated[str, typer.Option(help="Who crosses the DDR bus.")] = "resident",
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    top: Annotated[int | None, typer.Option(help="Only the first rows.")] = None,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """What moves a figure of NETWORK, and how much: elasticities and swings by every variable, the widest first."""
    subject, machine = _subject(network, context.args, inputs, values, unknown), _one_machine(hardware, set_)
    options: dict[str, Any] = {"traffic": traffic, "weight_bits": weight_bits, "activation_bits": activation_bits}
    if helps:
        from costmodel.whatif.moves import what_helps

        return _show(_arranged(what_helps(subject, machine, metric, **options), None, top), format, output)
    from costmodel.whatif.sensitivity import sensitivity

    _show(_arranged(sensitivity(subject, machine, metric, factor=factor, **options).table(metric), None, top), format, output)


def _list_of_numbers(text: str | None, option: str) -> list[Any] | None:
    """Numbers with commas between."""
    if text is None:
        return None
    found = [value_of(part.strip()) for part in text.split(",") if part.strip()]
    if not found or any(isinstance(number, bool | str) or number is None for number in found):
        raise FieldError(f"{option} (={text!r}) must be numbers with commas between")
    return found


@app.command("reconcile", context_settings=_BUILDER_OPTIONS)
def _reconcile(
    context: typer.Context,
    network: NetworkName,
    claimed: Annotated[str | None, typer.Option(help="A figure to explain: 4.1G, 569M, 4089184256.")] = None,
    function: Annotated[
        list[str] | None, typer.Option(help="A layer, or a kind of layer, that the model calls as a function of torch; may stand twice.")
    ] = None,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """Explain what torchinfo, ptflops, fvcore, thop, torch, calflops and onnx-tool would print, and why they differ."""
    from costmodel.counters import reconcile

    read = _network(network, context.args, inputs, values, unknown)
    _show(reconcile(read, functions=tuple(function or ()), claimed=claimed), format, output)


@app.command("memory", context_settings=_BUILDER_OPTIONS)
def _memory(
    context: typer.Context,
    network: NetworkName,
    order: Annotated[str, typer.Option(help="best: the order of least peak; given: as the network stands.")] = "best",
    in_place: Annotated[
        str, typer.Option("--in-place", help="What may write over its input: elementwise, depthwise, depthwise_row_buffer, concat.")
    ] = "",
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    fuse_epilogues: Annotated[bool, typer.Option(help="Norms and activations run on their host's output.")] = True,
    time_limit_s: Annotated[float, typer.Option(help="Seconds for the search of the order, and again for the arena.")] = 10.0,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """What NETWORK must hold: the best order, the tensors at its peak, what single changes save, an arena (csv: for MiniMalloc)."""
    names = [name.strip() for name in in_place.split(",") if name.strip()]
    built = _network(network, context.args, inputs, values, unknown)
    with _numbers_for(built):
        found = memory(
            built, order, names, activation_bits=activation_bits, fuse_epilogues=fuse_epilogues, time_limit_s=time_limit_s,
        )  # fmt: skip
    if format == "json":
        return _write(found.to_json(), output)
    if format == "csv":
        return _write(found.to_csv(), output)
    return _show([found.table(), found.savings()], format, output)


@app.command("fuse", context_settings=_BUILDER_OPTIONS)
def _fuse(
    context: typer.Context,
    network: NetworkName,
    sram: Annotated[str, typer.Option(help="The capacity.")] = "1 MiB",
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    accumulator_bits: Annotated[int, typer.Option(help="Width of partial sums that are held.")] = 32,
    time_limit_s: Annotated[float, typer.Option(help="Seconds for the search.")] = 60.0,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """Which layers of NETWORK run together, depth first, so that the fewest bytes cross the DDR bus under a capacity."""
    built = _network(network, context.args, inputs, values, unknown)
    with _numbers_for(built):
        plan = fuse(
            built, sram, weight_bits=weight_bits, activation_bits=activation_bits, accumulator_bits=accumulator_bits,
            time_limit_s=time_limit_s,
        )  # fmt: skip
    if format == "json":
        return _write(plan.to_json(), output)
    return _show(plan.table(), format, output)


@app.command("patches", context_settings=_BUILDER_OPTIONS)
def _patches(
    context: typer.Context,
    network: NetworkName,
    until: Annotated[str, typer.Option(help="The layer whose output is cut into patches.")],
    grid: Annotated[str, typer.Option(help="Patches along height and width: 4x4; 4x1 are stripes.")] = "2x2",
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """What the first layers of NETWORK take patch by patch: rows and MACs done again, SRAM, bytes."""
    high, _, wide = grid.lower().partition("x")
    if not (high.strip().isdecimal() and wide.strip().isdecimal()):
        raise FieldError(f"`--grid` (={grid!r}) must be patches along height and width, e.g. 4x4")
    built = _network(network, context.args, inputs, values, unknown)
    with _numbers_for(built):
        plan = patches(built, until, (int(high), int(wide)), weight_bits=weight_bits, activation_bits=activation_bits)
    if format == "json":
        return _write(plan.to_json(), output)
    return _show(plan.table(), format, output)


@app.command("traffic", context_settings=_BUILDER_OPTIONS)
def _traffic(
    context: typer.Context,
    network: NetworkName,
    sram: Annotated[str, typer.Option(help="The capacity; several, separated by commas, give traffic against capacity.")] = "1 MiB",
    policy: Annotated[
        str, typer.Option(help="Who crosses the DDR bus: tiled, fused, weights, compulsory, resident or residency.")
    ] = "tiled",
    weight_bits: Annotated[int | None, typer.Option(help="Width of weights.")] = None,
    activation_bits: Annotated[int | None, typer.Option(help="Width of feature maps.")] = None,
    accumulator_bits: Annotated[int | None, typer.Option(help="Width of partial sums.")] = None,
    sort: Annotated[str | None, typer.Option(help="Sort the rows by a column, largest first.")] = None,
    top: Annotated[int | None, typer.Option(help="Only the first rows.")] = None,
    inputs: Inputs = None,
    values: Values = None,
    unknown: Unknown = "error",
    format: Format = "table",
    output: Output = None,
) -> None:
    """What every layer of NETWORK moves over the DDR bus under a capacity, and how it is tiled."""
    from costmodel.tables.table import to_json
    from costmodel.whatif.movement import ski_slope, traffic

    built = _network(network, context.args, inputs, values, unknown)
    capacities = [one.strip() for one in sram.split(",") if one.strip()]
    if not capacities:
        raise FieldError(f"`--sram` (={sram!r}) names no capacity")
    widths: dict[str, Any] = {"weight_bits": weight_bits, "activation_bits": activation_bits, "accumulator_bits": accumulator_bits}
    if len(capacities) > 1 and policy != "tiled":
        raise FieldError(f"`--policy` (={policy!r}) goes with one capacity; several show the least tiled traffic")
    with _numbers_for(built):
        found: Any = ski_slope(built, capacities, **widths) if len(capacities) > 1 else traffic(built, sram=sram, policy=policy, **widths)
        if format == "json":
            return _write(to_json(found.to_dict()), output)
    _show(_arranged(found.table(), sort, top), format, output)


@app.command("list")
def _list(
    what: Annotated[str, typer.Argument(help="networks, hardware, layers, formulas, published or tools.")],
    format: Format = "table",
    output: Output = None,
) -> None:
    """List what is known."""
    from costmodel.listing import listing

    _show(listing(what), format, output)


@app.command("formula", context_settings=_BUILDER_OPTIONS)
def _formula(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="conv for a convolution flavour, or a zoo network.")],
    flavour: Annotated[str, typer.Option(help="standard, spatially_separable, depthwise_separable, ...")] = "standard",
    metric: Annotated[str, typer.Option(help="macs, weights, trainable, ddr_bytes, time_serial_s, ...")] = "macs",
    format: Annotated[str, typer.Option("--format", "-f", help="text, latex or python.")] = "text",
    output: Output = None,
) -> None:
    """Print a closed form, derived from the layers."""
    from costmodel.whatif.formula import formula

    options = {k: value_of(v) for k, v in assignments(context.args, "option", dashes=True).items()}
    if name == "conv" or flavour != "standard":
        options["flavour"] = flavour
    form = formula(name, metric=metric, **options)
    _write(form.render(format) + "\n", output)
    if form.conditions:
        print("where " + ", ".join(form.conditions), file=sys.stderr)


@app.command("published")
def _published(
    name: Annotated[
        str | None, typer.Argument(help="A document: baiev, bobiev, pardhi or slides. Without a name the figures of all papers.")
    ] = None,
    corrections: Annotated[str | None, typer.Option(help="Recompute the tables with errata corrected: none, all, or E1,E3.")] = None,
    view: Annotated[str | None, typer.Option(help="One of the views that `costmodel list published` shows.")] = None,
    format: Format = "table",
    output: Output = None,
) -> None:
    """Reproduce a document's tables from the network, and show where they break their own rules."""
    from costmodel.published import show

    tables = show(name, view=view, corrections=corrections, exact=format in ("csv", "json"))
    _show(tables, format, output)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


from costmodel import cli_check, cli_explain, cli_explore, cli_measure, cli_sweep  # noqa: E402, F401  their commands join `app`
