"""What brings the rooms together for the public face: names become networks, machines and policies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel import zoo
from costmodel._num import Num
from costmodel.errors import FieldError
from costmodel.hardware import Hardware
from costmodel.network import Network
from costmodel.prediction import FusedPlan, PatchPlan, Policy, Prediction, Tasks, Widths, Workload, patch_plan, policy


def predict(
    network: Network | str,
    hardware: Hardware | str | Path = "pardhi",
    *,
    traffic: str | Policy = "resident",
    fuse_epilogues: bool = True,
    weight_bits: Num | None = None,
    activation_bits: Num | None = None,
    accumulator_bits: Num = 32,
    parameters: str = "weights",
    other_ops: Mapping[str, Num] | None = None,
    **policy_options: Any,
) -> Prediction:
    """What a network costs on a machine.

    Parameters
    ----------
    network : Network or str
        A network, or the name of one in the zoo.
    hardware : Hardware, str or Path
        A machine, the name of one in the catalog, or the path of a TOML file.
    traffic : str or Policy
        Who crosses the DDR bus: "resident", "weights", "compulsory" or "fused".
    fuse_epilogues : bool
        Whether norms, activations and biases run on their host's output before it is written.
    weight_bits, activation_bits : int or symbol, optional
        Widths; None keeps what the network says, and 8 where it says nothing.
    accumulator_bits : int or symbol
        Width of partial sums.
    parameters : str
        Which parameters occupy and move bytes: "weights", "trainable", "all" or "folded".
    other_ops : mapping, optional
        Rows of the other-operations table to replace, e.g. ``{"relu": 0}``.
    **policy_options
        Options of the traffic policy, e.g. ``round_trip=True`` for "weights".

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
    """
    if not isinstance(fuse_epilogues, bool):
        raise FieldError(f"`fuse_epilogues` (={fuse_epilogues!r}) must be True or False")
    widths = Widths(weight_bits, activation_bits, accumulator_bits, parameters)
    return Prediction(
        as_network(network), as_hardware(hardware), policy(traffic, **policy_options), widths,
        fuse_epilogues=fuse_epilogues, other_ops=other_ops,
    )  # fmt: skip


def fuse(
    network: Network | str,
    sram: str | float,
    *,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    accumulator_bits: int = 32,
    parameters: str = "weights",
) -> FusedPlan:
    """The partition of a network into depth-first groups that moves the fewest bytes within a capacity.

    Parameters
    ----------
    network : Network or str
        A network of plain sizes, or the name of one in the zoo.
    sram : str or number
        On-chip memory, e.g. "256 KiB". [B]
    weight_bits, activation_bits, accumulator_bits, parameters
        As of `predict`. Accumulators are held in SRAM where hidden channels are streamed; else they stay in the MAC array.

    Returns
    -------
    FusedPlan
        Its groups, bytes and SRAM; `.table()` shows them.

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
    plan: FusedPlan = policy("fused").plan(Workload(as_network(network), widths), capacity)
    return plan


def patches(
    network: Network | str,
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
    network : Network or str
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


def as_network(network: Network | str) -> Network:
    """A network, or the one in the zoo of that name."""
    if isinstance(network, Network):
        return network
    if not isinstance(network, str):
        raise FieldError(f"`network` must be a Network or the name of one in the zoo, got {type(network).__name__}")
    return zoo.build(network)


def as_hardware(hardware: Hardware | str | Path) -> Hardware:
    """A machine, or the one of that name or path."""
    if isinstance(hardware, Hardware):
        return hardware
    if not isinstance(hardware, str | Path):
        raise FieldError(f"`hardware` must be a Hardware, a name or a path, got {type(hardware).__name__}")
    return Hardware.load(hardware)
