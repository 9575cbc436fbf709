"""The graph: built by calls, checked as it is built, to networkx, to JSON and back; hostile JSON is refused."""

import json

import pytest

import costmodel as cm
from costmodel.layers.structure import Placeholder
from costmodel.network import Input, Network, Node, TensorRef, sequential
from costmodel.network.layout import infer

L = cm.layers


def residual() -> Network:
    x = Input((1, 8, 6, 6))
    y = L.ReLU()(L.Conv2d(8, 3)(x, name="conv"), name="act")
    return Network.of(L.Add()(x, y, name="add"), name="residual")


def test_nodes_stand_in_the_order_of_creation() -> None:
    assert list(residual().nodes) == ["input", "conv", "act", "add"]


def test_unnamed_layers_are_numbered_by_kind() -> None:
    net = sequential((1, 3, 8, 8), [L.Conv2d(4, 3), L.ReLU(), L.Conv2d(4, 3)])
    assert list(net.nodes) == ["input", "conv2d_1", "relu_1", "conv2d_2"]


def test_a_tensor_may_be_read_twice_by_one_layer() -> None:
    x = Input((1, 8))
    net = Network.of(L.Add()(x, x, name="double"))
    assert net.nodes["double"].inputs == (TensorRef("input"), TensorRef("input"))
    assert net.graph.number_of_edges("input", "double") == 2
    assert cm.predict(net, traffic="compulsory")["double"].input_bytes == 8


def test_networkx_graph_carries_layers_and_shapes() -> None:
    graph = residual().graph
    assert graph.nodes["conv"]["layer"] == L.Conv2d(8, 3)
    assert graph.nodes["add"]["output_shapes"] == ((1, 8, 6, 6),)
    assert list(graph.edges("conv")) == [("conv", "act")]


def test_networks_compare_and_hash_by_content() -> None:
    assert residual() == residual()
    assert hash(residual()) == hash(residual())
    assert residual() != cm.zoo.mobilenet_cifar()


@pytest.mark.parametrize("name", sorted(cm.zoo.NETWORKS))
def test_json_round_trip(name: str) -> None:
    net = cm.zoo.build(name)
    again = Network.from_json(net.to_json())
    assert again == net
    assert again.totals == net.totals


def test_json_may_list_nodes_in_any_order() -> None:
    document = json.loads(residual().to_json())
    document["nodes"].reverse()
    assert Network.from_json(json.dumps(document)).macs == residual().macs


def test_symbolic_network_has_no_json() -> None:
    net = cm.zoo.mobilenet_v1(resolution=cm.symbols("R", multiple_of=32))
    with pytest.raises(cm.errors.SymbolicError, match="plain numbers"):
        net.to_json()


def broken(change) -> str:
    document = json.loads(residual().to_json())
    change(document, {node["name"]: node for node in document["nodes"]})
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, n: n["conv"].update(inputs=["add"]), "has a cycle"),
        (lambda d, n: n["conv"].update(inputs=["conv"]), "has a cycle"),
        (lambda d, n: n["conv"].update(inputs=["nowhere"]), "name 'nowhere', which is no layer"),
        (lambda d, n: n["conv"].update(inputs=["input:3"]), "'input:3'"),
        (lambda d, n: n["conv"].update(kind="conv9d"), "unknown layer kind 'conv9d'"),
        (lambda d, n: n["conv"]["fields"].update(out_channels=-1), "`out_channels` (=-1)"),
        (lambda d, n: n["conv"]["fields"].update(out_channels="__import__('os')"), "`out_channels`"),
        (lambda d, n: n["conv"].update(colour="red"), "unknown key 'colour'"),
        (lambda d, n: n["conv"].update(weight_bits=0), "`weight_bits` (=0)"),
        (lambda d, n: n["act"].update(name="conv"), "two nodes are named 'conv'"),
        (lambda d, n: n["act"].update(name=3), "needs a `name`"),
        (lambda d, n: d.update(schema=2), "`schema` (=2) must be 1"),
        (lambda d, n: d.update(outputs=[]), "has no output"),
        (lambda d, n: d.update(outputs="add"), "must be a list"),
        (lambda d, n: d.update(nodes={}), "needs `name` (text) and `nodes`"),
    ],
)
def test_hostile_json(change, message: str) -> None:
    with pytest.raises(cm.CostModelError) as error:
        Network.from_json(broken(change))
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000])
def test_text_that_is_no_document(text: str) -> None:
    with pytest.raises(cm.CostModelError):
        Network.from_json(text)


def test_names_differ() -> None:
    x = Input((1, 8))
    with pytest.raises(cm.errors.NetworkError, match="two layers named 'fc'"):
        Network.of(L.Dense(4)(L.Dense(4)(x, name="fc"), name="fc"))


def test_layers_are_called_on_tensors() -> None:
    with pytest.raises(cm.errors.ShapeError, match="must be called on tensors"):
        L.ReLU()((1, 2, 3))


def test_wrong_number_of_inputs() -> None:
    x = Input((1, 8, 4, 4))
    with pytest.raises(cm.errors.ShapeError, match="takes 1 input, got 2"):
        L.ReLU()(x, x)
    with pytest.raises(cm.errors.ShapeError, match="takes 2 inputs, got 1"):
        L.MatMul()(x)


def test_open_conditions_are_kept_and_shown() -> None:
    C = cm.symbols("C", integer=True)
    net = Network.of(L.Conv2d(8, 3, groups=4)(Input((1, C, 8, 8)), name="conv"))
    assert [message for _, message in net.conditions] == ["`in_channels` (=C) must be divisible by `groups` (=4)"]
    assert cm.predict(net).assumptions["conditions"] == ["Eq(Mod(C, 4), 0)"]


def test_norms_fold_into_their_host_alone() -> None:
    """Of 8 channels: with a biased host a norm leaves nothing, with a plain one a bias, alone a gain and an offset."""
    x = Input((1, 8, 4, 4))
    alone = L.BatchNorm()(x)
    plain = L.BatchNorm()(L.Conv2d(8, 1, bias=False)(alone))
    net = Network.of(L.BatchNorm()(L.Conv2d(8, 1, bias=True)(plain)))
    assert net.parameters["folded"] == 2 * 8 + (64 + 8) + (64 + 8 + 0)
    assert net.parameters["weights"] == 128
    assert net.parameters["trainable"] == 128 + 8 + 3 * 16
    assert net.parameters["all"] == 128 + 8 + 3 * 32


def channels_last_network() -> Network:
    """A picture of 8x6 with 3 channels through a convolution, a pooling and a mean, shapes in the order of TFLite and Keras."""
    x = Node("input", Placeholder((1, 8, 6, 3)), (), (), ((1, 8, 6, 3),))
    nodes = [x]
    for name, layer in (("conv", L.Conv2d(4, (3, 1))), ("pool", L.MaxPool2d((2, 3))), ("mean", L.GlobalAvgPool())):
        before = nodes[-1]
        shapes, conditions = infer(layer, before.output_shapes, last=True)
        nodes.append(Node(name, layer, (TensorRef(before.name),), before.output_shapes, shapes, conditions, channels_last=True))
    return Network("last", nodes, [TensorRef("mean")])


def test_layers_of_a_network_with_channels_last_are_asked_with_channels_first() -> None:
    net = channels_last_network()
    assert [n.output_shapes[0] for n in net.nodes.values()] == [(1, 8, 6, 3), (1, 8, 6, 4), (1, 4, 2, 4), (1, 1, 1, 4)]
    assert net.counts["conv"].macs == 8 * 6 * 4 * 3 * 1 * 3  # rows, columns, filters, taps, channels
    assert net.counts["conv"].weights == 4 * 3 * 1 * 3
    assert dict(net.counts["pool"].other) == {"compare": 4 * 2 * 4 * (2 * 3 - 1)}
    assert cm.predict(net)["conv"].output_shapes == ((1, 8, 6, 4),)


def test_json_keeps_channels_last() -> None:
    net = channels_last_network()
    again = Network.from_json(net.to_json())
    assert again == net
    assert again.totals == net.totals
    assert [n.channels_last for n in again.nodes.values()] == [False, True, True, True]


def test_json_with_a_wrong_channels_last_is_refused() -> None:
    document = json.loads(channels_last_network().to_json())
    document["nodes"][1]["channels_last"] = 1
    with pytest.raises(cm.errors.NetworkError, match="`channels_last`"):
        Network.from_json(json.dumps(document))


def test_a_wrong_shape_with_channels_last_is_said_in_both_orders() -> None:
    with pytest.raises(cm.errors.ShapeError, match=r"channels first, the inputs are \(1, 8, 6, 3\)"):
        infer(L.Conv2d(4, 3, groups=2), [(1, 8, 6, 3)], last=True)
