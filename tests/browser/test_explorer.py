"""The explorer in a browser: what it shows is what `predict` says, at once, with nothing from outside."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import costmodel as cm
from costmodel import quantities

pytestmark = pytest.mark.browser

ROWS = {
    "macs": "", "other_ops": "", "weight_bytes": "B", "live_bytes": "B", "ddr_bytes": "B", "ddr_time_s": "s", "mac_time_s": "s",
    "other_time_s": "s", "time_serial_s": "s", "time_overlapped_s": "s",
}  # fmt: skip
"""What a row shows, by `predict`'s names, in the page's order; words stand between."""

READ = """(() => {
  restore(); update();
  const text = cell => cell.textContent;
  return {
    rows: [...$("layers").tBodies[0].rows].map(line => [...line.cells].map(text)),
    foot: [...$("layers").tFoot.rows[0].cells].map(text),
    totals: Object.fromEntries(TOTALS.map(([key]) => [key, $("total-" + key).textContent])),
    broken: !$("broken").hidden, verdict: $("verdict").textContent,
  };
})()"""


def set_to(chromium: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """The page as its link with these settings restores it."""
    return dict(chromium.run(f"history.replaceState(null, '', '#{urlencode(settings)}'), {READ}"))


def shows(text: str, value: Any, unit: str) -> bool:
    """Whether a text is the value to its digits; a sum of floats in another order may end one digit of sixteen apart."""
    near = [value] if isinstance(value, int) else [value, value * (1 - 1e-13), value * (1 + 1e-13)]
    return text in [quantities.show(one, unit) for one in near]


def setting(seed: int, alpha: bool, low: int, high: int) -> dict[str, Any]:
    """Settings at random: rates with three digits, sizes with all."""
    rng = random.Random(seed)

    def rate(middle: float) -> float:
        return float(f"{middle * 10 ** rng.uniform(-2.5, 2.5):.3g}")

    chosen: dict[str, Any] = {
        "sram_bytes": int(2 ** rng.uniform(14, 25)), "bytes_per_s": rate(1e9), "mac_flops_per_s": rate(1e12), "other_ops_per_s": rate(1e10),
        "clock": rng.choice([0.1, 0.5, 0.85, 1, 2.25]), "weight_bits": rng.randint(1, 32), "activation_bits": rng.choice([4, 8, 11, 16, 32]),
        "resolution": rng.randint(low, high), "traffic": rng.choice(["resident", "resident", "compulsory", "weights", "weights_round_trip"]),
        "time": rng.choice(["serial", "overlapped"]),
    }  # fmt: skip
    if alpha:
        chosen["width_parts"] = rng.choice([rng.randint(5, 200) / 100, rng.randint(1, 64) / 32])
    return chosen


def predicted(name: str, chosen: dict[str, Any]) -> cm.Prediction:
    """What the library says of the settings."""
    sizes = {"resolution": chosen["resolution"]} | ({"width_multiplier": chosen["width_parts"]} if "width_parts" in chosen else {})
    machine = cm.Hardware(
        sram=chosen["sram_bytes"], ddr=chosen["bytes_per_s"],
        macs=chosen["mac_flops_per_s"] * chosen["clock"], other=chosen["other_ops_per_s"] * chosen["clock"],
    )  # fmt: skip
    both = chosen["traffic"] == "weights_round_trip"
    policy: dict[str, Any] = {"traffic": "weights", "round_trip": True} if both else {"traffic": chosen["traffic"]}
    bits = {key: chosen[key] for key in ("weight_bits", "activation_bits")}
    return cm.predict(cm.zoo.build(name, **sizes), machine, **bits, **policy)


def compare(page: dict[str, Any], prediction: cm.Prediction) -> None:
    """Every cell of the page against the prediction."""
    assert len(page["rows"]) == len(prediction)
    for cells, row in zip(page["rows"], prediction.rows, strict=True):
        name, _, output, macs, other, weights, live, fits, *moved, binds = cells
        assert (name, output, fits, binds) == (
            row.name, "x".join(map(str, row.output_shapes[0])), "yes" if row.fits_sram else "no", row.bound_by,
        )  # fmt: skip
        for text, (key, unit) in zip([macs, other, weights, live, *moved], ROWS.items(), strict=True):
            assert shows(text, getattr(row, key), unit), (row.name, key, text, getattr(row, key))
    total, totals = prediction.total, page["totals"]
    for key, value, unit in (
        ("serial_s", total.time_serial_s, "s"), ("overlapped_s", total.time_overlapped_s, "s"), ("macs", total.macs, ""),
        ("other_ops", total.other_ops, ""), ("trainable", total.parameters["trainable"], ""), ("weight_bytes", total.weight_bytes, "B"),
        ("peak_live_bytes", total.peak_live_bytes, "B"), ("bus_bytes", total.ddr_bytes, "B"),
    ):  # fmt: skip
        assert shows(totals[key], value, unit), (key, totals[key], value)
    assert totals["bound_by"] == total.bound_by
    assert ("do not fit" in page["verdict"]) == (not total.fits_sram)


@pytest.mark.parametrize(
    ("name", "alpha", "low", "high"),
    [
        ("mobilenet_v1", True, 8, 448),
        ("mobilenet_v2", True, 8, 448),
        ("mobilenet_v3_small", True, 32, 448),
        ("nasnet_a_mobile", False, 33, 320),
    ],
)
def test_values_are_those_of_predict_at_fifty_settings(
    chromium: Any, written: Callable[..., Path], name: str, alpha: bool, low: int, high: int
) -> None:
    page = written(name)
    chromium.open(page.as_uri())
    compared = 0
    for seed in range(1000):
        chosen = setting(seed, alpha, low, high)
        try:
            prediction = predicted(name, chosen)
        except cm.CostModelError:  # sizes that don't meet
            assert set_to(chromium, chosen)["broken"], chosen
            continue
        compare(set_to(chromium, chosen), prediction)
        compared += 1
        if compared == 50:
            break
    assert compared == 50
    assert chromium.complaints == []
    assert chromium.requests == [page.as_uri()]


@pytest.mark.parametrize("name", sorted(cm.zoo.NETWORKS))
def test_every_network_begins_as_predict_has_it(chromium: Any, written: Callable[..., Path], name: str) -> None:
    chromium.open(written(name).as_uri())
    compare(set_to(chromium, {}), cm.predict(name))
    assert chromium.complaints == []


def test_a_file_with_open_sizes_and_a_machine_with_flash(chromium: Any, written: Callable[..., Path]) -> None:
    size = cm.symbols("H W", integer=True)
    x = cm.Input((1, 3, *size), name="x")
    network = cm.Network.of(cm.layers.Conv2d(8, 3)(x, name="<script>alert(1)</script>"), "tiny")
    chromium.open(written(network, hardware="stm32f407", at={"H": 20, "W": 30}).as_uri())
    page = set_to(chromium, {"H": 24})
    sizes = cm.Network.of(cm.layers.Conv2d(8, 3)(cm.Input((1, 3, 24, 30)), name="<script>alert(1)</script>"), "tiny")
    prediction = cm.predict(sizes, "stm32f407")
    assert page["rows"][0][0] == "<script>alert(1)</script>"
    assert shows(page["totals"]["macs"], prediction.total.macs, "")
    assert shows(page["totals"]["bus_bytes"], prediction.total.flash_bytes_moved, "B")
    assert shows(page["totals"]["serial_s"], prediction.total.time_serial_s, "s")
    assert page["totals"]["bound_by"] == prediction.total.bound_by
    assert page["verdict"].endswith("fit the SRAM of 192 KiB; its weights, 216 B, fit the flash of 1 MiB.")  # 8 * 3*3*3
    assert chromium.complaints == []


def test_a_machine_with_overhead_bursts_and_utilisation(chromium: Any, written: Callable[..., Path]) -> None:
    plain = cm.Hardware.load("pardhi")
    machine = plain.replace(overhead="20 us", burst="64 B", utilisation={"depthwise": 0.25})
    chromium.open(written("mobilenet_v2", hardware=machine).as_uri())
    for traffic in ("resident", "compulsory"):
        prediction = cm.predict("mobilenet_v2", machine, traffic=traffic)
        compare(set_to(chromium, {"traffic": traffic}), prediction)
        assert prediction.total.time_serial_s > cm.predict("mobilenet_v2", plain, traffic=traffic).total.time_serial_s
    assert "overhead" in {row.bound_by for row in prediction}


def test_widths_of_a_networks_own_and_one_for_all(chromium: Any, written: Callable[..., Path]) -> None:
    document = json.loads(cm.zoo.build("lenet_300_100").to_json())
    for node, bits in zip([node for node in document["nodes"] if node["kind"] == "dense"], (4, 16, 16), strict=True):
        node["weight_bits"] = bits
    mixed = cm.Network.from_json(json.dumps(document | {"name": "mixed"}))
    chromium.open(written(mixed).as_uri())
    compare(set_to(chromium, {}), cm.predict(mixed))
    assert chromium.run("$('knob-weight_bits').disabled")
    compare(set_to(chromium, {"widths": "given", "weight_bits": 5}), cm.predict(mixed, weight_bits=5, activation_bits=8))
    assert not chromium.run("$('knob-weight_bits').disabled")


@pytest.mark.parametrize(
    ("value", "unit"),
    [(v, u) for u in ("", "B", "s") for v in (0, 7, 999, 1000, 1023, 1024, 1088, 9999, 10_000, 12_345, 99_995, 999_950, 1_048_576, 2_500_000)]
    + [(2**20 * 1023.97, "B"), (1.0625, "s"), (1.0635e-3, "s"), (9.9996e-4, "s"), (3.14159e-11, "s"), (0.000999951, "s"), (1e14, "FLOPS")],
)  # fmt: skip
def test_figures_are_written_as_the_library_writes_them(chromium: Any, written: Callable[..., Path], value: float, unit: str) -> None:
    if "TOTALS" not in str(chromium.run("typeof show === 'function' ? 'TOTALS' : ''")):
        chromium.open(written("mobilenet_v1").as_uri())
    assert chromium.run(f"show({json.dumps(value)}, {json.dumps(unit)})") == quantities.show(value, unit)


@pytest.mark.parametrize(("name", "limit_ms"), [("mobilenet_v1", 50), ("mobilenet_v2", 50), ("nasnet_a_mobile", 200)])
def test_a_page_is_small_and_a_change_is_drawn_at_once(chromium: Any, written: Callable[..., Path], name: str, limit_ms: float) -> None:
    page = written(name)
    assert page.stat().st_size < 3_000_000
    chromium.open(page.as_uri())
    drawn = chromium.run(
        "(async () => { const found = []; for (let i = 0; i < 20; i += 1) { settings.sram_bytes = 65536 * (i + 1);"
        " settings.resolution = 96 + 32 * (i % 5); await new Promise(requestAnimationFrame); update(); found.push(page.drawn_ms); }"
        " return found; })()"
    )
    assert sorted(drawn)[5] < limit_ms, drawn  # a quarter of them, whatever else the machine does


def test_keys_move_sliders_and_words_follow(chromium: Any, written: Callable[..., Path]) -> None:
    chromium.open(written("mobilenet_v1").as_uri())
    chromium.run("document.querySelector('#knob-resolution + input').focus()")
    before = chromium.run("$('total-macs').textContent")
    chromium.press("ArrowRight")
    chromium.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert before == "568.7M"
    assert chromium.run("$('knob-resolution').value") == "256"
    assert chromium.run("$('total-macs').textContent") == quantities.show(cm.zoo.mobilenet_v1(resolution=256).macs)
    assert chromium.run("location.hash") == "#resolution=256"
    chromium.run("$('layer').focus()")
    chromium.press("ArrowRight")
    assert chromium.run("$('layer').getAttribute('aria-valuetext')").startswith("block1/dw: ")


def test_every_control_has_a_name_and_pictures_have_words(chromium: Any, written: Callable[..., Path]) -> None:
    chromium.open(written("mobilenet_v1").as_uri())
    chromium.call("Accessibility.enable")
    chromium.run("new Promise(done => setTimeout(done, 300))")
    nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
    named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
    controls = [one for one in named if one[0] in ("textbox", "slider", "combobox", "button", "image", "img", "table")]
    assert len(controls) > 30
    assert [role for role, name in controls if not name and role != "table"] == []
    assert len({name for role, name in controls if role == "slider"}) == len([1 for role, _ in controls if role == "slider"])
    assert chromium.run("$('verdict').getAttribute('aria-live')") == "polite"


def test_a_wrong_figure_is_said_and_changes_nothing(chromium: Any, written: Callable[..., Path]) -> None:
    chromium.open(written("mobilenet_v1").as_uri())
    said = chromium.run(
        "(() => { const box = $('knob-sram_bytes'); box.value = '1 Mb'; box.dispatchEvent(new Event('change'));"
        " return [box.getAttribute('aria-invalid'), $('knob-sram_bytes-wrong').textContent, settings.sram_bytes]; })()"
    )
    assert said == ["true", "SRAM write a unit, e.g. 1 MiB", 2**20]
    taken = chromium.run(
        "(async () => { const box = $('knob-sram_bytes'); box.value = '512 KiB'; box.dispatchEvent(new Event('change'));"
        " await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));"
        " return [box.hasAttribute('aria-invalid'), settings.sram_bytes, location.hash]; })()"
    )
    assert taken == [False, 2**19, "#sram_bytes=524288"]


def test_sorted_and_copied(chromium: Any, written: Callable[..., Path]) -> None:
    chromium.open(written("mobilenet_v1").as_uri())
    first, last = chromium.run(
        "(() => { [...document.querySelectorAll('#layers th button')].find(b => b.textContent === 'MACs').click();"
        " const rows = $('layers').tBodies[0].rows; return [now.rows[lines.indexOf(rows[0])].macs, now.rows[lines.indexOf(rows[29])].macs]; })()"
    )
    macs = [row.macs for row in cm.predict("mobilenet_v1")]
    assert (first, last) == (max(macs), min(macs))
    assert chromium.run("document.querySelector('#layers th[aria-sort]').textContent") == "MACs"
    copied = chromium.run("tableText()").splitlines()
    assert copied[0].split("\t")[:4] == ["layer", "kind", "output", "MACs"]
    assert copied[1].split("\t")[3] == str(max(macs))


def test_light_and_dark(chromium: Any, written: Callable[..., Path]) -> None:
    chromium.open(written("mobilenet_v1").as_uri())
    found = []
    for scheme in ("light", "dark"):
        chromium.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        found.append(chromium.run("getComputedStyle(document.body).backgroundColor"))
    chromium.call("Emulation.setEmulatedMedia", features=[])
    assert found == ["rgb(255, 255, 255)", "rgb(23, 25, 28)"]
