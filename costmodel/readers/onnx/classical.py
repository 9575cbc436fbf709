"""Machine learning before networks: trees, linear models, support vectors, and what prepares features (domain ai.onnx.ml)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from costmodel._num import Num
from costmodel.errors import ReaderError, UnknownLayerError
from costmodel.layers.activation import Sigmoid, Softmax
from costmodel.layers.elementwise import Add, Elementwise, Multiply
from costmodel.layers.linear import Dense
from costmodel.layers.reduction import Reduce
from costmodel.layers.structure import Concat
from costmodel.layers.trees import TreeEnsemble
from costmodel.readers._helpers import pair, reshape
from costmodel.readers._importer import Operator
from costmodel.readers._values import Stored, Value
from costmodel.readers.onnx._rules import rule

ML = "ai.onnx.ml"


def _stored(op: Operator, name: str, shape: tuple[Num, ...] | None = None, dtype: str = "float32") -> Value | None:
    """The numbers of an attribute as a stored tensor."""
    numbers = op.get(name)
    if not numbers:
        return None
    shape = (len(numbers),) if shape is None else shape
    return Value(shape, dtype, None, (Stored(f"{op.reader[1].key}{op.name}/{name}", len(numbers), dtype),))


def _rows(op: Operator) -> Value:
    """The input as (rows, features)."""
    x = op[0]
    if not 0 < len(x.shape) < 3:
        raise ReaderError(f"needs an input of shape (rows, features), got {x.shape}")
    return x if len(x.shape) == 2 else reshape(op, x, (1, *x.shape))


def _transformed(op: Operator, y: Value) -> Value:
    """Scores after what the operator says of them."""
    how = op.get("post_transform", "NONE")
    if how in ("NONE", 0):
        return y
    made: Value = op.emit(Softmax(-1) if how in ("SOFTMAX", "SOFTMAX_ZERO", 1, 3) else Sigmoid(), y, dtype="float32")
    return made


def _labelled(op: Operator, scores: Value) -> list[Value]:
    """The best class of every row, and the scores."""
    label = op.emit(Reduce("max", (1,), False), scores, dtype="int64")
    return [label, scores]


def _classes(op: Operator) -> int:
    labels = op.get("classlabels_ints") or op.get("classlabels_int64s") or op.get("classlabels_strings") or []
    return len(labels)


@rule("LinearClassifier", domain=ML)
def linear_classifier(op: Operator) -> Any:
    x, given = _rows(op), op.get("coefficients") or []
    columns = x.shape[1]
    if type(columns) is not int or columns == 0 or len(given) % columns:
        raise ReaderError(f"{len(given)} coefficients don't fit {columns} features")
    found = len(op.get("intercepts") or ()) or len(given) // columns
    scores = op.emit(
        Dense(found, bias=bool(op.get("intercepts"))), x, dtype="float32",
        weights=[_stored(op, "coefficients")], biases=[_stored(op, "intercepts")],
    )  # fmt: skip
    scores = _transformed(op, scores)
    if found == 1 and _classes(op) == 2:
        scores = op.emit(Concat(1), op.emit(Elementwise("subtract"), scores), scores)  # 1 - p beside p
    return _labelled(op, scores)


@rule("LinearRegressor", domain=ML)
def linear_regressor(op: Operator) -> Any:
    layer = Dense(op.get("targets", 1), bias=bool(op.get("intercepts")))
    weights, biases = [_stored(op, "coefficients")], [_stored(op, "intercepts")]
    return _transformed(op, op.emit(layer, _rows(op), dtype="float32", weights=weights, biases=biases))


KERNELS = {"LINEAR": (), "POLY": ("power",), "RBF": ("exp",), "SIGMOID": ("function",)}
"""What a kernel does with every product of a row and a support vector."""


def _kernel(op: Operator, x: Value, vectors: int) -> Value:
    """The kernel of every row with every support vector."""
    name = op.get("kernel_type", "LINEAR")
    if name not in KERNELS:
        raise UnknownLayerError(f"the kernel {name!r} has no cost rule; known are {', '.join(KERNELS)}")
    y: Value = op.emit(Dense(vectors, bias=False), x, dtype="float32", weights=[_stored(op, "support_vectors")])
    for step in KERNELS[name]:
        y = op.emit(Elementwise(step), y)
    return y


@rule("SVMRegressor", domain=ML)
def vector_regressor(op: Operator) -> Any:
    x, vectors = _rows(op), op.get("n_supports", 0)
    if not vectors:
        weights, biases = [_stored(op, "coefficients")], [_stored(op, "rho")]
        return _transformed(op, op.emit(Dense(1), x, dtype="float32", weights=weights, biases=biases))
    y = op.emit(Dense(1), _kernel(op, x, vectors), weights=[_stored(op, "coefficients")], biases=[_stored(op, "rho")])
    return _transformed(op, y)


@rule("SVMClassifier", domain=ML)
def vector_classifier(op: Operator) -> Any:
    """Every pair of classes has a decision, over the support vectors of both."""
    x, each, classes = _rows(op), op.get("vectors_per_class") or [], max(_classes(op), 1)
    weights, biases = [_stored(op, "coefficients")], [_stored(op, "rho")]
    if not each:
        scores = op.emit(Dense(classes), x, dtype="float32", weights=weights, biases=biases)
    else:
        decisions = classes * (classes - 1) // 2
        y = op.emit(Dense(max(decisions, 1)), _kernel(op, x, sum(each)), weights=weights, biases=biases)
        op.importer.assume("SVMClassifier: each decision is counted over all support vectors, of which those of two classes count")
        scores = op.move("votes", (y.shape[0], classes), y)
    return _labelled(op, _transformed(op, scores))


def _deepest(children: Sequence[Sequence[int]], roots: Sequence[int]) -> int:
    """The branches on the longest way from each root to a leaf, summed; children of a leaf are none.

    Raises
    ------
    ReaderError
        Where a tree runs in a circle.
    """
    depths: dict[int, int] = {}
    sum_of_all = 0
    for root in roots:
        stack = [(root, False)]
        open_nodes: set[int] = set()
        while stack:
            node, is_done = stack.pop()
            if is_done:
                open_nodes.discard(node)
                below = [depths[child] for child in children[node]]
                depths[node] = 1 + max(below) if below else 0
                continue
            if node in open_nodes:
                raise ReaderError("has a tree that runs in a circle")
            if node in depths:
                continue
            if not 0 <= node < len(children):
                raise ReaderError(f"names the tree node {node}; there are {len(children)}")
            open_nodes.add(node)
            stack.append((node, True))
            stack += [(child, False) for child in children[node] if child not in depths]
        sum_of_all += depths[root]
    return sum_of_all


def _ensemble(op: Operator, targets: int) -> Value:
    """The trees of an ensemble as nodes of all trees in one list."""
    trees, nodes = op.get("nodes_treeids") or [], op.get("nodes_nodeids") or []
    modes, true, false = (op.get(name) or [] for name in ("nodes_modes", "nodes_truenodeids", "nodes_falsenodeids"))
    if not trees or not len(trees) == len(nodes) == len(modes) == len(true) == len(false):
        raise ReaderError("its lists of tree nodes must be as long as each other, and not empty")
    places = {key: at for at, key in enumerate(zip(trees, nodes, strict=True))}
    children = []
    for tree, mode, a, b in zip(trees, modes, true, false, strict=True):
        ends = () if mode == "LEAF" else ((tree, a), (tree, b))
        if any(end not in places for end in ends):
            raise ReaderError(f"tree {tree} names a node that it does not have")
        children.append([places[end] for end in ends])
    roots = [0, *(at for at, (a, b) in enumerate(pairwise(trees), 1) if a != b)]
    return _grown(op, children, roots, targets, ("nodes_values", "target_weights", "class_weights"))


def _grown(op: Operator, children: Sequence[Sequence[int]], roots: Sequence[int], targets: int, names: Sequence[str]) -> Value:
    layer = TreeEnsemble(len(roots), _deepest(children, roots), targets)
    made: Value = op.emit(layer, _rows(op), dtype="float32", constants=[_stored(op, name) for name in names])
    return made


@rule("TreeEnsembleRegressor", domain=ML)
def tree_regressor(op: Operator) -> Any:
    return _transformed(op, _ensemble(op, op.get("n_targets", 1)))


@rule("TreeEnsembleClassifier", domain=ML)
def tree_classifier(op: Operator) -> Any:
    return _labelled(op, _transformed(op, _ensemble(op, max(_classes(op), 1))))


@rule("TreeEnsemble", domain=ML)
def tree_ensemble(op: Operator) -> Any:
    """Branches and leaves are numbered apart; a branch says of each child whether it is a leaf."""
    lists = [op.get(name) or [] for name in ("nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids", "nodes_falseleafs")]
    if not lists[0] or len({len(numbers) for numbers in lists}) != 1:
        raise ReaderError("its lists of tree nodes must be as long as each other, and not empty")
    branches, leaves = len(lists[0]), len(op.get("leaf_targetids") or [])
    children: list[list[int]] = [
        [n + branches if is_leaf else n for n, is_leaf in ((t, tl), (f, fl))] for t, tl, f, fl in zip(*lists, strict=True)
    ]
    return _transformed(op, _grown(op, [*children, *([] for _ in range(leaves))], op.get("tree_roots") or [0], op.get("n_targets", 1), ()))


@rule("Scaler", domain=ML)
def scaler(op: Operator) -> Any:
    x, offset, scale = op[0], _stored(op, "offset"), _stored(op, "scale")
    y = pair(lambda **fields: Elementwise("subtract", **fields), op, x, offset, dtype="float32") if offset is not None else x
    return pair(Multiply, op, y, scale, dtype="float32") if scale is not None else y


@rule("Normalizer", domain=ML)
def normalizer(op: Operator) -> Any:
    x = _rows(op)
    kind = {"MAX": "max", "L1": "l1", "L2": "l2"}.get(op.get("norm", "MAX"), "max")
    return op.emit(Elementwise("divide"), x, op.emit(Reduce(kind, (1,)), x), dtype="float32")


@rule("Binarizer", domain=ML)
def binarizer(op: Operator) -> Any:
    return op.emit(Elementwise("equality"), op[0])


@rule("Imputer", domain=ML)
def imputer(op: Operator) -> Any:
    return op.emit(Elementwise("select"), op[0])


@rule("LabelEncoder", "CategoryMapper", domain=ML)
def label_encoder(op: Operator) -> Any:
    """Every number is looked up among the keys, which are sorted."""
    as_floats = op.get("values_floats") is not None
    return op.emit(Elementwise("compare"), op[0], dtype="float32" if as_floats else "int64")


@rule("OneHotEncoder", domain=ML)
def one_hot_encoder(op: Operator) -> Any:
    categories = op.get("cats_int64s") or op.get("cats_strings") or []
    return op.move("one_hot", (*op[0].shape, len(categories)), op[0], dtype="float32")


@rule("FeatureVectorizer", domain=ML)
def feature_vectorizer(op: Operator) -> Any:
    values = op.given()
    parts = [v if len(v.shape) == 2 else reshape(op, v, (1, *v.shape)) for v in values]
    return op.emit(Concat(1), *parts, dtype="float32")


@rule("ArrayFeatureExtractor", domain=ML)
def extractor(op: Operator) -> Any:
    x = op[0]
    return op.move("gather", (*(x.shape[:-1] if len(x.shape) > 1 else (1,)), op[1].elements), x)


@rule("ZipMap", domain=ML)
def zip_map(op: Operator) -> Any:
    op.importer.assume("ZipMap: the names beside the scores are not counted")
    return op.emit(Add(), op[0]) if op[0].ref is None else op[0]


@rule("TfIdfVectorizer")
def tf_idf(op: Operator) -> Any:
    """Every n-gram of the input is looked up in the pool; the output has a place for each that is known."""
    x = op[0]
    indexes = op.get("ngram_indexes") or []
    if not indexes or not x.shape:
        raise ReaderError("has no n-grams, or no input with an axis")
    width = int(np.max(indexes)) + 1
    lengths = op.get("max_gram_length", 1) - op.get("min_gram_length", 1) + 1
    skips = op.get("max_skip_count", 0) + 1
    looked = op.emit(Elementwise("compare"), *([x] * (1 + max(lengths * skips, 1))))
    return op.move("count", (*x.shape[:-1], width), looked, dtype="float32")
