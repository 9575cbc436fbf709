"""What brings the rooms together for the public face: names become networks, machines and policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel import readers, zoo
from costmodel._num import Num
from costmodel.errors import FieldError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import Fused, FusedPlan, PatchPlan, Policy, Prediction, Tasks, Widths, Workload, patch_plan, policy

if TYPE_CHECKING:
    from costmodel.prediction.memory import Memory


def predict(
    network: Network | str | Path,
    hardware: Hardware | str | Path = "pardhi",
    *,
    traffic: str | Policy = "resident",
    order: str = "given",
    fuse_epilogues: bool = True,
    weight_bits: Num | None = None,
    activation_bits: Num | None = None,
    accumulator_bits: Num | None = None,
    parameters: str = "weights",
    other_ops: Mapping[str, Num] | None = None,
    weight_prefetch: bool = False,
    **policy_options: Any,
) -> Prediction:
    """What a network costs on a machine.

    Parameters
    ----------
    network : Network, str or Path
        A network, the name of one in the zoo, or a model file; `read` takes more of what a file leaves open.
    hardware : Hardware, str or Path
        A machine, the name of one in the catalog, or the path of a TOML file.
    traffic : str or Policy
        Who crosses the DDR bus: "resident", "residency", "weights", "compulsory", "tiled" or "fused".
    order : "given" or "best"
        The order in which the network stands, or that of the least peak of live bytes, as `costmodel.memory` finds it.
    fuse_epilogues : bool
        Whether norms, activations and biases run on their host's output before it is written.
    weight_bits, activation_bits, accumulator_bits : int or symbol, optional
        Widths, the last of partial sums; None keeps what the network says, and 8, 8 and 32 where it says nothing.
    parameters : str
        Which parameters occupy and move bytes: "weights", "trainable", "all" or "folded".
    other_ops : mapping, optional
        Rows of the other-operations table to replace, e.g. ``{"relu": 0}``.
    weight_prefetch : bool
        Whether weights of the next layer come on chip while the bus is idle, as far as they fit beside the live maps. It shortens the
        overlapped times alone, and needs plain figures or arrays.
    **policy_options
        Options of the traffic policy: ``round_trip=True`` of "weights"; ``steady_state=True`` of "resident" and "residency", under which
        weights that fit stay on chip from inference to inference; ``reserve_bytes`` of "residency"; ``time_limit_s`` of "fused", the
        seconds that its search may take.

    Returns
    -------
    Prediction
        Rows, totals and assumptions; symbolic where an input is, arrays where a machine figure is one.

    Raises
    ------
    UnknownNameError
        No such network, machine or policy.
    FieldError
        An argument that can't be taken.
    SymbolicError
        A symbolic network on a machine that holds arrays.

    Examples
    --------
    >>> import costmodel as cm
    >>> p = cm.predict("mobilenet_v1", "pardhi")
    >>> p.total.macs, p.total.ddr_bytes, p.total.peak_live_bytes, p["conv1"].bound_by
    (568740352, 6769064, 1204224, 'ddr')
    >>> cm.predict("mobilenet_cifar", traffic="weights", round_trip=True).total.ddr_bytes
    6219904
    >>> cm.predict("xception", order="best").assumptions["order"]
    'best'
    """
    widths = Widths(weight_bits, activation_bits, accumulator_bits, parameters)
    workload = Workload(as_network(network), widths, _flag("fuse_epilogues", fuse_epilogues))
    if order != "given":
        from costmodel.prediction.memory import Memory

        workload = workload.in_order(Memory(workload, order).found.steps)
    return Prediction(
        workload.network, as_hardware(hardware), policy(traffic, **policy_options), widths,
        fuse_epilogues=fuse_epilogues, other_ops=other_ops, workload=workload, weight_prefetch=_flag("weight_prefetch", weight_prefetch),
    )  # fmt: skip


def memory(
    network: Network | str | Path,
    order: str = "best",
    in_place: str | Iterable[str] = (),
    *,
    activation_bits: Num | None = None,
    fuse_epilogues: bool = True,
    time_limit_s: float = 10.0,
) -> Memory:
    """What a network must hold: its peak of live bytes under an order of execution, and an arena for all tensors.

    Parameters
    ----------
    network : Network or str
        A network, or the name of one in the zoo.
    order : "best" or "given"
        The order of least peak, or the one in which the network stands.
    in_place : str or iterable of str
        What may write over what it reads: any of "elementwise", "depthwise", "depthwise_row_buffer" and "concat".
    activation_bits : int or symbol, optional
        Width of feature maps; None keeps what the network says, and 8 where it says nothing.
    fuse_epilogues : bool
        Whether norms, activations and biases run on their host's output before it is written.
    time_limit_s : float
        For the search of the order, and again for that of the arena. Where it runs out, `optimal` is False or `arena_gap` above
        zero, and the bounds say by how much at most.

    Returns
    -------
    Memory
        `peak_live_bytes`, `lower_bound_bytes`, `optimal`, `arena_bytes`, `order`, `tensors`, `live_at_peak`, `savings()`.

    Raises
    ------
    UnknownNameError
        No such network, order or in-place choice.
    FieldError
        An argument that can't be taken.
    SymbolicError
        The best order, an arena or an in-place choice of a network that holds symbols.

    Notes
    -----
    Live bytes of a step are all feature maps written by then and still to be read, its inputs and outputs included. The picture is
    held from the first step to its last read. Weights are streamed and not counted. Nothing is written in place unless asked for.

    Examples
    --------
    >>> import costmodel as cm
    >>> cm.memory("mobilenet_v2").peak_live_bytes                               # 112*112*96 + 56*56*96
    1505280
    >>> cm.memory("mobilenet_v2", in_place="depthwise").peak_live_bytes         # 112*112 * (16 + 96): MCUNetV2's 1372 kB
    1404928
    >>> m = cm.memory("resnet50", in_place=["elementwise"], activation_bits=32)
    >>> m.peak_live_bytes, m.optimal, m.arena_bytes                             # 4 * 56*56 * (64 + 256 + 256)
    (7225344, True, 7225344)
    """
    from costmodel.prediction.memory import Memory

    workload = Workload(as_network(network), Widths(activation_bits=activation_bits), _flag("fuse_epilogues", fuse_epilogues))
    return Memory(workload, order, in_place, time_limit_s)


def _flag(name: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise FieldError(f"`{name}` (={value!r}) must be True or False")
    return value


def fuse(
    network: Network | str | Path,
    sram: str | float,
    *,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    accumulator_bits: int | None = None,
    parameters: str = "weights",
    time_limit_s: float = 60.0,
) -> FusedPlan:
    """The partition of a network into depth-first groups in row stripes that moves the fewest bytes within a capacity.

    Where a layer alone moves less in the tiles of the policy "tiled", which cut along channels too, it runs in these: so a fused plan
    never moves more than layer by layer. In stripes the pictures of a batch run together.

    Parameters
    ----------
    network : Network, str or Path
        A network of plain sizes, or the name of one in the zoo.
    sram : str or number
        On-chip memory, e.g. "256 KiB". [B]
    weight_bits, activation_bits, accumulator_bits, parameters
        As of `predict`. Accumulators are held in SRAM where hidden channels are streamed and where a layer is tiled; else they stay
        in the MAC array.
    time_limit_s : float
        Seconds for the search; then the best plan so far is taken, and `optimal` says so. A terminal shows how far it is.

    Returns
    -------
    FusedPlan
        Its groups, bytes, SRAM, and whether it is `optimal`; `.table()` shows them.

    Raises
    ------
    SymbolicError
        Where a size is a symbol.
    FieldError
        Where the capacity is too small, naming the least that would do.

    Examples
    --------
    At 256 KiB no feature map of MobileNet v2 crosses the bus: 3,469,760 B of weights, the picture and 1000 scores.

    >>> import costmodel as cm
    >>> plan = cm.fuse("mobilenet_v2", "256 KiB")
    >>> plan.ddr_bytes, plan.bound_bytes, plan.sram_bytes <= 256 * 1024
    (3621288, 3621288, True)
    """
    capacity = Hardware(sram=sram, ddr=1, macs=1, other=1).sram_bytes
    widths = Widths(weight_bits, activation_bits, accumulator_bits, parameters)
    return Fused(time_limit_s=time_limit_s).plan(Workload(as_network(network), widths), capacity)


def patches(
    network: Network | str | Path,
    until: str,
    grid: tuple[int, int],
    *,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    parameters: str = "weights",
) -> PatchPlan:
    """The first layers of a network in patches of their output, halos read and computed again (MCUNetV2).

    Parameters
    ----------
    network : Network, str or Path
        A network of plain sizes, or the name of one in the zoo.
    until : str
        The layer whose output is cut into patches; what runs behind it may read nothing from before it.
    grid : tuple of int
        Patches along height and along width; (n, 1) are full-width stripes with recomputed halos.
    weight_bits, activation_bits, parameters
        As of `predict`.

    Returns
    -------
    PatchPlan
        Extents, MACs done again, SRAM and bytes; `.table()` shows a row a layer.

    Raises
    ------
    UnknownNameError
        No such layer.
    NetworkError
        Where what runs behind reads another map too.
    FieldError
        A grid finer than the output.

    Examples
    --------
    MobileNet v2 in 4 x 4 patches of its 28 x 28 x 32 map: pieces of 75 x 75 x 3, 9.3 % more MACs.

    >>> import costmodel as cm
    >>> plan = cm.patches("mobilenet_v2", "stage3/block1/project", (4, 4))
    >>> plan.input_patch, f"{plan.macs / plan.macs_once:.3f}", f"{plan.recompute_macs / cm.zoo.mobilenet_v2().macs:.1%}"
    ((3, 75, 75), '1.306', '9.3%')

    References
    ----------
    Lin et al., MCUNetV2, arXiv:2110.15352.
    """
    widths = Widths(weight_bits, activation_bits, parameters=parameters)
    return patch_plan(Tasks(Workload(as_network(network), widths)), until, grid)


def as_network(network: Network | str | Path) -> Network:
    """A network, the one in the zoo of that name, or the one in that file."""
    if isinstance(network, Network):
        return network
    if not isinstance(network, str | Path):
        raise FieldError(f"`network` must be a Network, the name of one in the zoo or a file, got {type(network).__name__}")
    return readers.read(network) if readers.is_file_name(str(network)) else zoo.build(str(network))


def as_hardware(hardware: Hardware | str | Path) -> Hardware:
    """A machine, or the one of that name or path."""
    if isinstance(hardware, Hardware):
        return hardware
    if not isinstance(hardware, str | Path):
        raise FieldError(f"`hardware` must be a Hardware, a name or a path, got {type(hardware).__name__}")
    return Hardware.load(hardware)
