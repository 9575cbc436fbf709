// Figures as `costmodel.quantities.show` writes them: four digits, bytes with binary prefixes, everything else with SI prefixes.
const SI = { 15: "P", 12: "T", 9: "G", 6: "M", 3: "k", 0: "", "-3": "m", "-6": "µ", "-9": "n", "-12": "p" };
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

function rounded(x, digits) {
  // [digits, power of ten] of x to so many digits; halves to even, as Python rounds
  let [mantissa, power] = x.toExponential(digits - 1).split("e");
  const exact = x.toExponential(40).split("e")[0];
  if (exact[digits + 1] === "5" && /^0*$/.test(exact.slice(digits + 2)) && (Number(mantissa.slice(-1)) & 1)) {
    const down = exact.slice(0, digits + 1);
    if (Number(down.slice(-1)) % 2 === 0) { mantissa = down; power = x.toExponential(40).split("e")[1]; }
  }
  return [mantissa, Number(power)];
}

function digitsAt(mantissa, shift) {
  // the mantissa with its point moved to the right, without zeros behind the point
  const digits = mantissa.replace(".", "");
  const whole = digits.slice(0, shift + 1).padEnd(shift + 1, "0"), rest = digits.slice(shift + 1).replace(/0+$/, "");
  return rest ? `${whole}.${rest}` : whole;
}

function show(value, unit = "") {
  if (!Number.isFinite(value)) return "-";
  if (unit === "" && Number.isInteger(value) && Math.abs(value) < 10000) return String(value);
  if (unit === "B" && Math.abs(value) < 1024) return `${Number(value.toPrecision(6))} B`;
  if (value === 0) return `0 ${unit}`.trim();
  if (unit === "B") {
    let step = 0;
    while (step < BINARY.length - 1 && value / 1024 ** step >= 1024) step += 1;
    const [mantissa, power] = rounded(value / 1024 ** step, 4);
    return `${digitsAt(mantissa, power)} ${BINARY[step]}B`;
  }
  const [mantissa, power] = rounded(value, 4);
  const base = 3 * Math.floor(power / 3), prefix = SI[base];
  const figure = digitsAt(mantissa, power - base);
  if (prefix === undefined) return `${figure}e${base} ${unit}`.trim();
  return unit ? `${figure} ${prefix}${unit}` : `${figure}${prefix}`;
}

// Figures as people type them: "512 KiB", "2 GB/s"; the units of a dimension are the library's.
function parse(text, knob) {
  const match = /^\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(\S*)\s*$/.exec(text);
  if (!match) throw `write a number${knob.worth ? " and a unit" : ""}, e.g. ${shown(knob, knob.value)}`;
  let value = Number(match[1]);
  if (knob.worth) {
    if (!(match[2] in knob.worth)) throw `write a unit, e.g. ${shown(knob, knob.value)}`;
    value *= knob.worth[match[2]];
  } else if (match[2] && match[2] !== knob.unit) throw `write a number, e.g. ${shown(knob, knob.value)}`;
  if (!(value > 0 && Number.isFinite(value))) throw "must be finite and positive";
  if (knob.multiple_of) {
    const parts = Math.round(value / knob.multiple_of);
    if (parts < 1 || Math.abs(value / knob.multiple_of - parts) > 1e-9 * parts) throw `must be a multiple of ${knob.multiple_of}`;
  }
  if (knob.key.endsWith("_bits") && value > 64) throw "must be at most 64";
  return value;
}

function shown(knob, value) {
  if (knob.worth) {
    const text = show(value, knob.unit);  // short where that is exact, else every digit
    try { if (parseBare(text, knob) === value) return text; } catch { /* too large for a prefix */ }
    return `${value} ${knob.unit}`;
  }
  return String(Number(value.toPrecision(12)));
}

function parseBare(text, knob) {
  const [number, suffix] = text.split(" ");
  return Number(number) * (knob.worth[suffix] ?? NaN);
}

const $ = id => document.getElementById(id);
const make = (name, properties = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value; else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
};
const draw = (parent, name, attributes = {}) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
};

// Settings: what the knobs stand at.
const knobs = page.knobs, choices = page.choices;
const settings = {};
const controls = {};

function begin() {
  for (const knob of knobs) settings[knob.key] = knob.value;
  for (const choice of choices) settings[choice.key] = choice.value;
}

function place(knob, value) { return knob.log ? Math.log10(value) : value; }

function build() {
  for (const knob of knobs) {
    const id = `knob-${knob.key}`;
    const box = make("input", { type: "text", id, inputMode: knob.worth ? "text" : "decimal", autocomplete: "off" });
    const slider = make("input", {
      type: "range", min: place(knob, knob.low), max: place(knob, knob.high), step: knob.log ? 0.01 : knob.step, "aria-label": `${knob.label}, slider`,
    });
    const wrong = make("span", { className: "wrong", id: `${id}-wrong`, hidden: true });
    box.setAttribute("aria-describedby", wrong.id);
    const label = make("label", { htmlFor: id }, knob.label);
    const said = [knob.worth ? "" : knob.unit, knob.help].filter(Boolean).join(", ");
    if (said) label.append(" ", make("small", {}, `(${said})`));
    $(knob.group).append(make("div", { className: "knob" }, label, box, slider, wrong));
    slider.addEventListener("input", () => {
      let value = knob.log ? Number((10 ** slider.valueAsNumber).toPrecision(3)) : Number(slider.valueAsNumber.toPrecision(12));
      if (knob.key === "sram_bytes") value = Math.max(1, Math.round(value / 1024)) * 1024;
      turn(knob.key, value);
    });
    box.addEventListener("change", () => {
      try {
        turn(knob.key, parse(box.value, knob));
      } catch (reason) {
        box.setAttribute("aria-invalid", "true"); wrong.textContent = `${knob.label} ${reason}`; wrong.hidden = false;
      }
    });
    controls[knob.key] = { box, slider, wrong };
  }
  for (const choice of choices) {
    const id = `choice-${choice.key}`;
    const select = make("select", { id }, ...choice.options.map(([value, text]) => make("option", { value }, text)));
    $("assumptions").append(make("div", { className: "knob" }, make("label", { htmlFor: id }, choice.label), select));
    select.addEventListener("change", () => turn(choice.key, select.value));
    controls[choice.key] = { select };
  }
}

function write() {
  for (const knob of knobs) {
    const { box, slider, wrong } = controls[knob.key];
    box.disabled = slider.disabled = settings.widths === "own" && knob.key.endsWith("_bits");
    box.value = shown(knob, settings[knob.key]); box.removeAttribute("aria-invalid"); wrong.hidden = true;
    slider.value = place(knob, settings[knob.key]); slider.setAttribute("aria-valuetext", `${box.value} ${knob.worth ? "" : knob.unit}`.trim());
  }
  for (const choice of choices) controls[choice.key].select.value = settings[choice.key];
}

let waiting = false;
function turn(key, value) {
  settings[key] = value;
  if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; update(); }); }
}

function hash() {
  const changed = [...knobs, ...choices].filter(one => settings[one.key] !== one.value);
  return changed.map(one => `${encodeURIComponent(one.key)}=${encodeURIComponent(settings[one.key])}`).join("&");
}

function restore() {
  begin();
  for (const pair of location.hash.slice(1).split("&")) {
    const [key, text = ""] = pair.split("=").map(part => { try { return decodeURIComponent(part); } catch { return ""; } });
    const knob = knobs.find(one => one.key === key), choice = choices.find(one => one.key === key);
    if (knob) { try { settings[key] = parse(knob.worth ? `${text} ${knob.unit}` : text, knob); } catch { /* stays as it begins */ } }
    if (choice && choice.options.some(([value]) => value === text)) settings[key] = text;
  }
}

// Figures: the closed forms at the settings.
function predict(settings) {
  const v = { ...settings };
  for (const knob of knobs) if (knob.parts) v[knob.key] = Math.round(v[knob.key] * knob.parts);
  const found = settings.widths === "own" ? own_figures(v) : given_figures(v);
  const overlapped = settings.time === "overlapped";
  const bytes = found.bus_bytes[settings.traffic];
  const rows = page.layers.map((layer, i) => {
    const row = { index: i, name: layer.name, kind: layer.kind, output: found.shapes[i].join("x"), bus_bytes: bytes[i] };
    for (const key in found.rows) row[key] = found.rows[key][i];
    Object.assign(row, times(found.bus_work[settings.traffic][i], found.mac_work[i], row.other_ops, 1, v));
    row.fits = row.live_bytes <= v.sram_bytes;
    row.time = overlapped ? row.overlapped_s : row.serial_s;
    return row;
  });
  const total = { ...found.total, bus_bytes: found.total_bus_bytes[settings.traffic] };
  Object.assign(total, times(found.total_bus_work[settings.traffic], found.total_mac_work, total.other_ops, rows.length, v));
  total.overlapped_s = rows.reduce((sum, row) => sum + row.overlapped_s, 0);
  total.fits = total.peak_live_bytes <= v.sram_bytes;
  total.time = overlapped ? total.overlapped_s : total.serial_s;
  return { rows, total, v, broken: page.conditions.filter((_, i) => !found.conditions[i]) };
}

// Pictures.
const COLUMNS = [
  ["name", "layer", null], ["kind", "kind", null], ["output", "output", null], ["macs", "MACs", ""], ["other_ops", "other ops", ""],
  ["weight_bytes", "weights", "B"], ["live_bytes", "live", "B"], ["fits", "fits", null], ["bus_bytes", page.bus, "B"],
  ["bus_s", `${page.bus} time`, "s"], ["mac_s", "MAC time", "s"], ["other_s", "other time", "s"], ["serial_s", "serial", "s"],
  ["overlapped_s", "overlapped", "s"], ["bound_by", "binds", null],
];
const WIDE = [14, 13, 8, 5.5, 5.5, 6, 6, 3.5, 6, 6, 6, 6, 6, 6.5, 4.5];
const TOTALS = [
  ["serial_s", "time, serial", "s"], ["overlapped_s", "time, overlapped", "s"], ["rate", "inferences/s", ""], ["macs", "MACs", ""],
  ["other_ops", "other operations", ""], ["trainable", "trainable parameters", ""], ["weight_bytes", "weights", "B"],
  ["peak_live_bytes", "peak of live bytes", "B"], ["bus_bytes", `${page.bus} traffic`, "B"], ["bound_by", "binds", null],
];
const text = (value, unit) => unit === null ? (typeof value === "boolean" ? (value ? "yes" : "no") : String(value)) : show(value, unit);

let now, chosen = 0, order = { key: null, falling: true };
const cells = [], lines = [], footers = {}, figures = {};

function buildResults() {
  for (const [key, label] of TOTALS) {
    figures[key] = make("dd", { id: `total-${key}` });
    $("totals").append(make("div", {}, make("dt", {}, label), figures[key]));
  }
  const table = $("layers"), head = table.tHead.rows[0], foot = table.tFoot.rows[0];
  table.style.width = `${WIDE.reduce((a, b) => a + b)}rem`;
  COLUMNS.forEach(([key, label, unit], i) => {
    const button = make("button", { type: "button" }, label);
    const th = make("th", { scope: "col", className: unit === null ? "text" : "" }, button);
    th.style.width = `${WIDE[i]}rem`;
    button.addEventListener("click", () => sort(key));
    head.append(th);
    footers[key] = foot.insertCell(); footers[key].className = unit === null ? "text" : "";
  });
  page.layers.forEach((layer, index) => {
    const line = make("tr"), row = {};
    for (const [key, , unit] of COLUMNS) {
      row[key] = document.createTextNode("");
      const cell = line.insertCell();
      cell.append(row[key]);
      if (unit === null) cell.className = "text";
      if (key === "name") cell.title = layer.name;
    }
    line.addEventListener("click", () => choose(index));
    cells.push(row); lines.push(line);
  });
  table.tBodies[0].append(...lines);
  $("layer").max = page.layers.length - 1;
  $("layer").addEventListener("input", () => choose($("layer").valueAsNumber));
}

function sort(key) {
  order = { key, falling: order.key === key ? !order.falling : COLUMNS.find(one => one[0] === key)[2] !== null };
  [...$("layers").tHead.rows[0].cells].forEach((th, i) => {
    if (COLUMNS[i][0] === key) th.setAttribute("aria-sort", order.falling ? "descending" : "ascending"); else th.removeAttribute("aria-sort");
  });
  arrange();
}

let arranged = "";
function arrange() {
  const { key, falling } = order;
  const rows = [...now.rows];
  if (key) rows.sort((a, b) => ((a[key] > b[key]) - (a[key] < b[key])) * (falling ? -1 : 1) || a.index - b.index);
  const places = rows.map(row => row.index).join();
  if (places !== (arranged || rows.map((_, i) => i).join())) $("layers").tBodies[0].append(...rows.map(row => lines[row.index]));
  arranged = places;
}

function update() {
  const started = performance.now();
  write();
  now = predict(settings);
  const { rows, total, broken } = now;
  const setting = hash();
  history.replaceState(null, "", setting ? `#${setting}` : location.pathname + location.search);
  $("broken").hidden = !broken.length;
  if (broken.length) $("broken").textContent = `No such network: its sizes break ${broken.slice(0, 3).join("; ")}.`;
  $("results").hidden = broken.length > 0;
  const fit = held => held ? "fit" : "do not fit";
  const flash = page.flash_bytes === null ? "" :
    `; its weights, ${show(total.weight_bytes, "B")}, ${fit(total.weight_bytes <= page.flash_bytes)} the flash of ${show(page.flash_bytes, "B")}`;
  const verdict = broken.length ? "" : `${page.name} takes ${show(total.serial_s, "s")} (${show(total.overlapped_s, "s")} where the bus works beside the core); ` +
    `${total.bound_by} binds; its feature maps, at most ${show(total.peak_live_bytes, "B")} at once, ${fit(total.fits)} the SRAM of ${show(settings.sram_bytes, "B")}${flash}.`;
  say($("verdict"), verdict);
  if (!broken.length) {
    total.rate = total.serial_s > 0 ? 1 / total.serial_s : NaN;
    for (const [key, , unit] of TOTALS) say(figures[key], key === "rate" && total.rate < 10000 ? String(Number(total.rate.toPrecision(4))) : text(total[key], unit));
    for (const row of rows) for (const [key, , unit] of COLUMNS) say(cells[row.index][key], text(row[key], unit));
    for (const [key, , unit] of COLUMNS) {
      const value = { name: "total", live_bytes: total.peak_live_bytes, kind: "", output: "" }[key] ?? total[key];
      footers[key].textContent = typeof value === "string" ? value : text(value, unit);
    }
    arrange();
    drawBars(); drawRoof(); choose(chosen);
  }
  void document.body.offsetHeight;
  page.drawn_ms = performance.now() - started;
}

function say(node, words) { if (node.textContent !== words) node.textContent = words; }

const nice = high => { const power = 10 ** Math.floor(Math.log10(high)); return [0.2, 0.5, 1, 2].map(f => f * power).find(step => high / step <= 6); };
const W = 1000;

function drawBars() {
  const svg = $("bars"), H = 260, left = 64, bottom = 30, top = 8;
  const { rows } = now, overlapped = settings.time === "overlapped";
  const most = Math.max(...rows.map(row => row.time)) || 1, step = nice(most);
  const high = most * 1.03, y = value => (H - bottom - (H - bottom - top) * value / high), wide = (W - left) / rows.length;
  const paths = { bus: "", macs: "", other: "", rest: "" };
  const bar = (kind, x, w, from, to) => { if (to > from) paths[kind] += `M${x.toFixed(2)} ${y(from).toFixed(2)}h${w.toFixed(2)}V${y(to).toFixed(2)}h${(-w).toFixed(2)}z`; };
  const gap = wide > 4 ? wide * 0.12 : 0, body = wide - 2 * gap;
  rows.forEach((row, i) => {
    const x = left + wide * i + gap;
    if (overlapped) {
      bar("bus", x, body / 2, 0, row.bus_s); bar("macs", x + body / 2, body / 2, 0, row.mac_s); bar("other", x + body / 2, body / 2, row.mac_s, row.mac_s + row.other_s);
      bar("rest", x, body, Math.max(row.bus_s, row.mac_s + row.other_s), row.overlapped_s);
    } else {
      bar("bus", x, body, 0, row.bus_s); bar("macs", x, body, row.bus_s, row.bus_s + row.mac_s); bar("other", x, body, row.bus_s + row.mac_s, row.bus_s + row.mac_s + row.other_s);
      bar("rest", x, body, row.bus_s + row.mac_s + row.other_s, row.serial_s);
    }
  });
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`); svg.replaceChildren();
  for (let k = 0; k * step <= high; k += 1) {
    draw(svg, "path", { class: "grid", d: `M${left} ${y(k * step)}H${W}` });
    draw(svg, "text", { x: left - 6, y: y(k * step) + 4, "text-anchor": "end" }).textContent = show(Number((k * step).toPrecision(3)), "s");
  }
  draw(svg, "text", { x: left, y: H - 8 }).textContent = "first layer";
  draw(svg, "text", { x: W, y: H - 8, "text-anchor": "end" }).textContent = `layer ${rows.length}`;
  draw(svg, "rect", { class: "lane", id: "lane", y: top, height: H - bottom - top, width: Math.max(wide, 2) });
  for (const kind in paths) draw(svg, "path", { class: kind, d: paths[kind] });
  svg.onpointermove = svg.onclick = event => {
    const box = svg.getBoundingClientRect(), i = Math.floor(((event.clientX - box.left) / box.width * W - left) / wide);
    if (i >= 0 && i < rows.length) choose(i);
  };
  const heavy = [...rows].sort((a, b) => b.time - a.time).slice(0, 3);
  say($("bars-said"), (paths.rest.length > 40 && page.overhead ? "Grey is overhead. " : "") + (overlapped ? "In each column the bus stands beside the core; the longer binds. " : "") +
    `Most time: ${heavy.map(row => `${row.name} (${show(row.time, "s")})`).join(", ")}; together ${(100 * heavy.reduce((s, r) => s + r.time, 0) / (now.total.time || 1)).toFixed(0)} % of ${show(now.total.time, "s")}.`);
  svg.place = i => left + wide * i;
}

function drawRoof() {
  const svg = $("roof"), H = 340, left = 84, bottom = 42, top = 10, right = 12;
  const { rows, v } = now, worked = rows.filter(row => row.macs > 0 && row.time > 0);
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`); svg.replaceChildren(); svg.places = {};
  if (!worked.length) { say($("roof-said"), "No layer has MACs."); return; }
  const peak = v.mac_flops_per_s * v.clock, ridge = peak / v.bytes_per_s;
  const known = worked.filter(row => row.bus_bytes > 0).map(row => 2 * row.macs / row.bus_bytes);
  const x1 = Math.ceil(Math.log10(Math.max(ridge * 2, ...known)) + 0.05), x0 = Math.floor(Math.log10(Math.min(ridge / 2, ...known)) - 0.05);
  const intensity = row => row.bus_bytes > 0 ? 2 * row.macs / row.bus_bytes : 10 ** x1;
  const reached = worked.map(row => 2 * row.macs / row.time);
  const y1 = Math.ceil(Math.log10(peak) + 0.05), y0 = Math.min(y1 - 1, Math.floor(Math.log10(Math.min(...reached)) - 0.05));
  const x = value => left + (W - left - right) * (Math.log10(value) - x0) / (x1 - x0), y = value => H - bottom - (H - bottom - top) * (Math.log10(value) - y0) / (y1 - y0);
  for (let k = x0; k <= x1; k += 1) {
    draw(svg, "path", { class: "grid", d: `M${x(10 ** k)} ${top}V${H - bottom}` });
    draw(svg, "text", { x: x(10 ** k), y: H - bottom + 16, "text-anchor": "middle" }).textContent = k < 0 ? String(10 ** k) : show(Math.round(10 ** k));
  }
  const every = Math.ceil((y1 - y0) / 8);
  for (let k = y0; k <= y1; k += every) {
    draw(svg, "path", { class: "grid", d: `M${left} ${y(10 ** k)}H${W - right}` });
    draw(svg, "text", { x: left - 6, y: y(10 ** k) + 4, "text-anchor": "end" }).textContent = show(Number(`1e${k}`), "FLOPS");
  }
  draw(svg, "text", { x: (W + left) / 2, y: H - 6, "text-anchor": "middle" }).textContent = `FLOP of MACs for each byte over the bus (FLOP/B)`;
  const low = Math.max(10 ** x0, 10 ** y0 / v.bytes_per_s);
  draw(svg, "path", { class: "roof", d: `M${x(low)} ${y(low * v.bytes_per_s)}L${x(ridge)} ${y(peak)}H${W - right}` });
  const shapes = { bus: "", macs: "", other: "" };
  for (const row of worked) {
    const [px, py] = [x(intensity(row)), y(2 * row.macs / row.time)];
    svg.places[row.index] = [px, py];
    if (row.bound_by === "macs") shapes.macs += `M${(px - 4).toFixed(1)} ${(py - 4).toFixed(1)}h8v8h-8z`;
    else if (row.bound_by === "other") shapes.other += `M${px.toFixed(1)} ${(py - 5).toFixed(1)}l5 9h-10z`;
    else shapes.bus += `M${(px - 4).toFixed(1)} ${py.toFixed(1)}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`;
  }
  for (const kind in shapes) draw(svg, "path", { class: `points ${kind}`, d: shapes[kind] });
  draw(svg, "circle", { class: "mark", id: "ring", r: 9 });
  const best = Math.max(...reached) / peak, share = 100 * (2 * now.total.macs / (now.total.time || 1)) / peak;
  say($("roof-said"), `The line is what bus and MAC rate allow: ${show(peak, "FLOPS")}, from ${show(Number(ridge.toPrecision(4)))} FLOP/B on. ` +
    `The whole network reaches ${share.toFixed(1)} % of it in the ${settings.time} time, its best layer ${(100 * best).toFixed(1)} %.` +
    (worked.length < rows.length ? ` ${rows.length - worked.length} layers without MACs aren't shown.` : ""));
  svg.onpointermove = event => {
    const box = svg.getBoundingClientRect(), at = [(event.clientX - box.left) / box.width * W, (event.clientY - box.top) / box.width * W];
    let near = null, least = 15;
    for (const [index, [px, py]] of Object.entries(svg.places)) { const far = Math.hypot(px - at[0], py - at[1]); if (far < least) { least = far; near = Number(index); } }
    if (near !== null) choose(near);
  };
}

function choose(index) {
  lines[chosen].classList.remove("chosen");
  chosen = index;
  lines[chosen].classList.add("chosen");
  const row = now.rows[index], slider = $("layer");
  const words = `${row.name}: ${show(row.time, "s")} ${settings.time} (${page.bus} ${show(row.bus_s, "s")}, MACs ${show(row.mac_s, "s")}, other ${show(row.other_s, "s")}); ${row.bound_by} binds`;
  slider.value = index; slider.setAttribute("aria-valuetext", words);
  say($("layer-said"), words);
  $("lane")?.setAttribute("x", $("bars").place(index));
  const at = $("roof").places?.[index], ring = $("ring");
  if (ring) { ring.setAttribute("visibility", at ? "visible" : "hidden"); if (at) { ring.setAttribute("cx", at[0]); ring.setAttribute("cy", at[1]); } }
}

async function copy(words, what) {
  try {
    await navigator.clipboard.writeText(words);
  } catch {  // a page opened from a file may have no clipboard
    const area = make("textarea", { value: words });
    document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
  }
  say($("said"), `${what} copied.`);
}

function tableText() {
  const keys = COLUMNS.map(([key]) => key);
  const rows = [...$("layers").tBodies[0].rows].map(line => now.rows[lines.indexOf(line)]);
  const units = COLUMNS.map(([, label, unit]) => unit ? `${label} (${unit})` : label);
  return [units, ...rows.map(row => keys.map(key => String(row[key])))].map(line => line.join("\t")).join("\n") + "\n";
}

build(); buildResults(); restore(); update();
$("reset").addEventListener("click", () => { begin(); update(); });
$("link").addEventListener("click", () => copy(location.href, "Link"));
$("copy").addEventListener("click", () => copy(tableText(), "Table"));
$("knobs").addEventListener("submit", event => event.preventDefault());
addEventListener("hashchange", () => { restore(); update(); });
