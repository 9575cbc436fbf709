"""Weights that are zero, that share values, or that are coded: smaller in store and on the bus."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from costmodel.errors import FieldError
from costmodel.layers.fields import Dim, OptionalDim, choice, dim
from costmodel.network.changes import Change, Left
from costmodel.network.graph import Network, Node
from costmodel.network.rewrites.base import Rewrite
from costmodel.network.rewrites.bits import stored
from costmodel.network.rewrites.select import Where, selected
from costmodel.network.storage import FILLERS, FORMATS, PLAIN, density, mean_bits


def _each(check: Any, optional: bool = True) -> Any:
    """One value for all layers, or a mapping of patterns to values, of which later ones win."""

    def validate(value: Any) -> Any:
        if isinstance(value, tuple):
            value = dict(value)
        if isinstance(value, Mapping):
            if not value or not all(isinstance(pattern, str) for pattern in value):
                raise ValueError("must be one value, or a mapping of names or patterns to values")
            return tuple([(pattern, check(one)) for pattern, one in value.items()])
        return None if value is None and optional else check(value)

    return validate


class _Stored(Rewrite, ABC):
    """A rewrite that says how the weights of layers are stored; a subclass has the field `where`."""

    @abstractmethod
    def _fields(self, network: Network) -> dict[str, dict[str, Any]]:
        """By the name of a node the fields of its storage that change."""

    def _why_not(self, node: Node) -> str | None:
        """Why a node with weights is left alone, or None."""
        return None

    def apply(self, network: Network) -> Network:
        replacements: dict[str, Node] = {}
        records: list[Change | Left] = []
        picked, fields = selected(network, getattr(self, "where")), self._fields(network)  # noqa: B009
        for name, node in picked.items():
            if not fields.get(name):
                continue
            if network.counts[name].weights == 0:
                if node.layer.counts(tuple(map(node.seen, node.input_shapes)), node.seen(node.output_shapes[0])).weights != 0:
                    records.append(self.left(node, "it stores no weights of its own"))
                continue
            if why := self._why_not(node):
                records.append(self.left(node, why))
                continue
            old = node.storage or PLAIN
            records += [self.changed(node, k, getattr(old, k), v) for k, v in fields[name].items() if getattr(old, k) != v]
            replacements[name] = stored(node, **fields[name])
        return self.rebuilt(network, replacements, records)

    def _by_layer(self, network: Network, values: Any) -> dict[str, Any]:
        """By the name of a node the value for it."""
        if not isinstance(values, tuple):
            return dict.fromkeys(network.nodes, values)
        return {name: value for pattern, value in values for name in selected(network, pattern)}


class Prune(_Stored):
    """Set single weights to zero, and store the others alone.

    Parameters
    ----------
    density : number, symbol or mapping
        Share of the weights that stay, above 0 and at most 1; or by name, pattern or kind: ``{"conv*": 0.37, "dense": 0.09}``, of
        which later ones win. Nonzeros of a layer are rounded up. Layers that are not named stay as they are.
    inputs : number, symbol or mapping, optional
        Share of a layer's inputs that are not zero, after a ReLU say.
    sparse_format : "dense", "bitmap", "relative" or "coordinates"
        How zeros are stored: like other weights; by a mask of one bit a weight; left out, where each entry has an index of `index_bits`
        that says how far the next one is; or left out, where each entry has its place in the layer.
    index_bits : int or symbol
        Of a relative index, 4 by default; of a coordinate, by default as many as the layer's weights need. [bit]
    fillers : "expected", "none" or "most"
        Zeros that are stored since a relative index can't step over them: the expectation where weights fall at random, none, or the
        most that there can be.
    where : str, callable or several
        Which layers; see `selected`.

    Notes
    -----
    Stored bytes follow, and so do those that move. MACs stay as they are: whether a zero saves one is the machine's business, whose
    `skips_zeros` says so. `macs_effective` of a prediction has what is left.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.lenet_300_100().rewrite(cm.rewrites.Prune(0.1, sparse_format="bitmap"))
    >>> cm.predict(net).total.weight_bytes                  # 26,620 bytes of 8 bits, 266,200 bits of masks
    59895
    >>> skipping = cm.Hardware.load("pardhi").replace(skips_zeros="weights")
    >>> cm.predict(net, skipping).total.macs, cm.predict(net, skipping).total.macs_effective
    (266200, 26620)

    References
    ----------
    Han et al., Learning both Weights and Connections, arXiv:1506.02626; Deep Compression, arXiv:1510.00149, for relative indices.
    """

    density: Annotated[Any, _each(density)] = None
    inputs: Annotated[Any, _each(density)] = None
    sparse_format: Annotated[str, choice(FORMATS)] = "relative"
    index_bits: OptionalDim = None
    fillers: Annotated[str, choice(FILLERS)] = "expected"
    where: Where = None

    def _fields(self, network: Network) -> dict[str, dict[str, Any]]:
        if self.density is None and self.inputs is None:
            raise FieldError("Prune needs `density`, `inputs` or both")
        found: dict[str, dict[str, Any]] = {}
        if self.density is not None:
            bits = 4 if self.sparse_format == "relative" and self.index_bits is None else self.index_bits
            form = {"sparse_format": self.sparse_format, "index_bits": bits, "fillers": self.fillers}
            found = {name: {"density": part, **form} for name, part in self._by_layer(network, self.density).items()}
        if self.inputs is not None:
            for name, part in self._by_layer(network, self.inputs).items():
                found.setdefault(name, {})["input_density"] = part
        return found


class SharedWeights(_Stored):
    """Let weights share values: each is a place in its layer's table.

    Parameters
    ----------
    bits : int, symbol or mapping
        Width of a place; the table has 2^bits values. By name, pattern or kind as in `Prune`. [bit]
    entry_bits : int or symbol
        Of a value in the table. [bit]
    where : str, callable or several
        Which layers; see `selected`.

    Examples
    --------
    >>> import costmodel as cm
    >>> net = cm.zoo.lenet_300_100().rewrite(cm.rewrites.SharedWeights(6))
    >>> cm.predict(net).total.weight_bytes                  # 266,200 * 6 bits and 3 tables of 64 floats
    200418

    References
    ----------
    Han et al., Deep Compression, arXiv:1510.00149, section 3.
    """

    bits: Annotated[Any, _each(dim, optional=False)]
    entry_bits: Dim = 32
    where: Where = None

    def _fields(self, network: Network) -> dict[str, dict[str, Any]]:
        bits = self._by_layer(network, self.bits)
        return {name: {"shared_bits": width, "entry_bits": self.entry_bits} for name, width in bits.items()}


class Huffman(_Stored):
    """Code values, and indices of sparse weights, by words of unequal length.

    Parameters
    ----------
    weights : number, symbol or mapping
        Mean length of the code of a stored value: between the entropy of the values and one bit more. `Huffman.mean_bits` has it of
        frequencies, `entropy_bits` of the formulas what no code goes below. By name, pattern or kind as in `Prune`. [bit]
    indexes : number, symbol or mapping, optional
        Mean length of the code of an index. [bit]
    where : str, callable or several
        Which layers; see `selected`.

    Notes
    -----
    The table of the code is not counted: it has a word for each of the 2^b values. Weights are decoded before they are used; that takes
    no time here.

    Examples
    --------
    >>> import costmodel as cm
    >>> R = cm.rewrites
    >>> net = cm.zoo.lenet_300_100().rewrite(R.Prune(0.08, index_bits=5, fillers="none"), R.SharedWeights(6), R.Huffman(4.4, 4.3))
    >>> cm.predict(net).total.weight_bytes     # of 18816, 2400 and 80 weights at 8.7 bits and tables of 256 B: 20719 + 2866 + 343
    23928

    References
    ----------
    Han et al., Deep Compression, arXiv:1510.00149, section 4.
    """

    weights: Annotated[Any, _each(mean_bits)] = None
    indexes: Annotated[Any, _each(mean_bits)] = None
    where: Where = None

    @staticmethod
    def mean_bits(frequencies: Iterable[float]) -> float:
        """The mean length of a Huffman code of symbols that occur as often as said. [bit]

        Examples
        --------
        >>> Huffman.mean_bits([2, 1, 1])      # lengths 1, 2 and 2
        1.5
        """
        heap = list(frequencies)
        if not heap or not all(f > 0 for f in heap):
            raise FieldError(f"`frequencies` (={heap}) must be one positive number or several")
        if len(heap) == 1:
            return 1.0
        everything, spelt = sum(heap), 0.0
        heapq.heapify(heap)
        while len(heap) > 1:
            both = heapq.heappop(heap) + heapq.heappop(heap)
            spelt += both
            heapq.heappush(heap, both)
        return spelt / everything

    def _fields(self, network: Network) -> dict[str, dict[str, Any]]:
        if self.weights is None and self.indexes is None:
            raise FieldError("Huffman needs `weights`, `indexes` or both")
        found: dict[str, dict[str, Any]] = {}
        for key, values in (("coded_weight_bits", self.weights), ("coded_index_bits", self.indexes)):
            if values is not None:
                for name, bits in self._by_layer(network, values).items():
                    found.setdefault(name, {})[key] = bits
        return found

    def _why_not(self, node: Node) -> str | None:
        if self.indexes is not None and (node.storage or PLAIN).sparse_format not in ("relative", "coordinates"):
            return "its weights have no indices to code"
        return None
