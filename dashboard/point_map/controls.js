// Hands on the map: pointer, wheel, keys, buttons, the list of clusters, the legend, the hover text.

const STEP = 48; // pixels that an arrow key moves by

function attachGestures(map) {
  const { stage } = map, fingers = new Map();
  let last = null, pressed = null, space = false;
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const opOf = (event) => (event.shiftKey ? "add" : event.altKey ? "subtract" : map.op);

  stage.onpointerdown = (event) => {
    if (event.button > 1 || event.target.closest("button, .legend")) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    pressed = last = place(event);
    map.cross = null;
    if (fingers.size > 1) map.stroke = null;
    else if (map.mode !== "move" && !space && event.button === 0) {
      map.stroke = { kind: map.mode, op: opOf(event), points: [map.toCell(...last)], drawn: [last] };
    }
  };

  stage.onpointermove = (event) => {
    const here = place(event);
    if (!fingers.has(event.pointerId)) return hover(map, here);
    if (fingers.size === 2) pinch(map, fingers, event.pointerId, here);
    else if (map.stroke) extend(map, here);
    else map.pan(here[0] - last[0], here[1] - last[1]);
    fingers.set(event.pointerId, here);
    last = here;
    hover(map, null);
    return undefined;
  };

  stage.onpointerup = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const here = place(event), still = Math.hypot(here[0] - pressed[0], here[1] - pressed[1]) < 5;
    const { stroke } = map;
    map.stroke = null;
    if (still) tap(map, here);
    else if (stroke) finish(map, stroke);
    map.redraw();
  };
  stage.onpointercancel = (event) => { fingers.delete(event.pointerId); map.stroke = null; map.redraw(); };
  stage.onpointerleave = () => hover(map, null);
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0022));
    map.zoom(Math.max(0.5, Math.min(2, factor)), ...place(event));
  }, { passive: false });

  stage.onkeydown = (event) => {
    if (event.target !== stage) return;
    if (event.key === " ") space = true;
    if (onKey(map, event)) { event.preventDefault(); event.stopPropagation(); }
  };
  stage.onkeyup = (event) => { if (event.key === " ") space = false; };
  stage.onblur = () => { space = false; map.cross = null; map.redraw(); };
}

function pinch(map, fingers, id, here) {
  const [other] = [...fingers].filter(([key]) => key !== id).map(([, at]) => at);
  const before = fingers.get(id), gap = (a, b) => Math.max(8, Math.hypot(a[0] - b[0], a[1] - b[1]));
  map.pan((here[0] - before[0]) / 2, (here[1] - before[1]) / 2);
  map.zoom(gap(here, other) / gap(before, other), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
}

function extend(map, here) {
  const { stroke } = map, [x, y] = stroke.drawn[stroke.drawn.length - 1];
  if (stroke.kind === "box") stroke.drawn[1] = here;
  else if (Math.hypot(here[0] - x, here[1] - y) > 2) stroke.drawn.push(here);
  stroke.points = stroke.drawn.map((at) => map.toCell(...at));
  map.redraw();
}

function finish(map, { kind, op, drawn }) {
  const points = (kind === "box" ? drawn : simplify(drawn, 0.8)).map((at) => map.toCell(...at));
  if (points.length < (kind === "box" ? 2 : 3)) return;
  map.addShape(kind, points, op);
}

function tap(map, here, reach = 14) {
  hover(map, here, reach);
  if (map.hovered >= 0) map.tell.setTriggerValue("person", map.index.order[map.hovered]);
}

function hover(map, here, reach = 14) {
  const before = map.hovered, tip = map.find(".tip");
  map.hovered = -1;
  if (here && map.index && !map.stroke) {
    const cell = map.toCell(...here);
    map.hovered = nearest(map.index, ...cell, reach / map.scale);
  }
  tip.hidden = map.hovered < 0;
  if (map.hovered >= 0) {
    const [x, y] = map.toScreen(map.index.x[map.hovered], map.index.y[map.hovered]);
    tip.replaceChildren(...words(map));
    tip.style.left = `${Math.max(8, Math.min(x + 14, map.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y > 90 ? y - tip.offsetHeight - 12 : y + 16}px`;
  }
  if (before !== map.hovered) map.redraw();
}

function words(map) {
  const { header, index } = map, code = index.planes[0][map.hovered];
  const entry = header.legend.entries.find((e) => e.code === code);
  const cluster = header.clusters.find((c) => c.code === index.planes[index.planes.length - 1][map.hovered]);
  const lines = [make("b", "", cluster ? cluster.name : "")];
  if (index.planes.length > 1) lines.push(make("span", "", `${header.legend.title}: ${entry ? entry.label : "unknown"}`));
  lines.push(make("i", "", "Click to see this person"));
  return lines;
}

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

// Without a pointer: arrows move the map or, while selecting, a cross whose place Enter marks.
function onKey(map, event) {
  const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const far = event.shiftKey ? 4 : 1;
  if (event.ctrlKey || event.metaKey) return false;
  if (arrows[event.key]) {
    const [dx, dy] = arrows[event.key];
    if (map.mode === "move") map.pan(dx * STEP * far, dy * STEP * far);
    else moveCross(map, -dx * 12 * far, -dy * 12 * far);
    return true;
  }
  const keys = {
    "+": () => map.zoom(1.4), "=": () => map.zoom(1.4), "-": () => map.zoom(1 / 1.4), 0: () => map.reset(),
    m: () => map.setMode("move"), l: () => map.setMode("lasso"), b: () => map.setMode("box"),
    Escape: () => map.clear(), Enter: () => mark(map, event), c: () => closeStroke(map), " ": () => {},
  };
  if (!keys[event.key]) return false;
  keys[event.key]();
  return true;
}

function moveCross(map, dx, dy) {
  const [x, y] = map.cross ?? [map.width / 2, map.height / 2];
  map.cross = [Math.max(0, Math.min(map.width, x + dx)), Math.max(0, Math.min(map.height, y + dy))];
  if (map.stroke?.kind === "box") {
    map.stroke.drawn[1] = map.cross;
    map.stroke.points = map.stroke.drawn.map((at) => map.toCell(...at));
  }
  map.redraw();
}

function mark(map, event) {
  const here = map.cross ?? [map.width / 2, map.height / 2];
  if (map.mode === "move") return tap(map, [map.width / 2, map.height / 2], 120);
  map.cross = here;
  if (!map.stroke) {
    const op = event.altKey ? "subtract" : map.op;
    map.stroke = { kind: map.mode, op, drawn: [here], points: [map.toCell(...here)] };
    return map.announce(map.mode === "box"
      ? "First corner set. Move with the arrows and press Enter for the other."
      : "First corner set. Enter adds a corner, C closes the lasso.");
  }
  if (map.stroke.kind === "box") return closeStroke(map);
  map.stroke.drawn.push(here);
  map.stroke.points = map.stroke.drawn.map((at) => map.toCell(...at));
  map.announce(`${map.stroke.drawn.length} corners. C closes the lasso.`);
  return map.redraw();
}

function closeStroke(map) {
  const { stroke } = map;
  map.stroke = null;
  if (stroke) finish(map, stroke);
}

function attachControls(map) {
  const actions = {
    in: () => map.zoom(1.6), out: () => map.zoom(1 / 1.6), fit: () => map.reset(),
    clear: () => map.clear(), undo: () => map.setShapes(map.shapes.slice(0, -1)), picture: () => savePicture(map),
  };
  for (const button of map.parent.querySelectorAll("button[data-mode]")) {
    button.onclick = () => map.setMode(button.dataset.mode);
  }
  for (const button of map.parent.querySelectorAll("button[data-op]")) {
    button.onclick = () => { map.op = button.dataset.op; drawPanels(map); };
  }
  for (const button of map.parent.querySelectorAll("button[data-do]")) {
    button.onclick = () => actions[button.dataset.do]();
  }
}

// Everything around the canvas that depends on state.
function drawPanels(map) {
  const { header, stage } = map;
  if (!header) return;
  stage.dataset.mode = map.mode;
  stage.setAttribute("aria-label", header.alternative);
  for (const button of map.parent.querySelectorAll("button[data-mode]")) {
    button.setAttribute("aria-pressed", button.dataset.mode === map.mode);
  }
  for (const button of map.parent.querySelectorAll("button[data-op]")) {
    button.setAttribute("aria-pressed", button.dataset.op === map.op);
  }
  map.find(".ops").hidden = map.mode === "move";
  const pill = map.find(".pill"), count = map.picked.toLocaleString("en-GB");
  pill.hidden = !map.shapes.length;
  map.find(".count").textContent = map.picked === 1 ? "1 person picked" : `${count} people picked`;
  if (map.shapes.length) stage.dataset.picked = map.picked;
  else delete stage.dataset.picked;
  drawLegend(map);
  drawClusters(map);
}

function drawLegend(map) {
  const legend = map.find(".legend"), { title, entries, kind } = map.header.legend;
  legend.hidden = kind === "clusters";
  legend.dataset.kind = kind;
  if (legend.hidden) return;
  const rows = entries.map((entry) => {
    const row = make("li");
    const dot = make("span", "dot");
    dot.style.background = map.hex[entry.code];
    row.append(dot, make("span", "", entry.label));
    return row;
  });
  const list = make("ul");
  list.append(...rows);
  legend.replaceChildren(make("b", "", title), list);
}

function drawClusters(map) {
  const list = map.find(".clusters");
  if (list.children.length !== map.header.clusters.length || list.dataset.of !== map.text) {
    list.replaceChildren(...map.header.clusters.map((cluster) => clusterRow(map, cluster)));
    list.dataset.of = map.text;
  }
  map.header.clusters.forEach((cluster, i) => {
    const row = list.children[i].firstChild;
    row.setAttribute("aria-pressed", map.focus !== null && map.focus === cluster.id);
    row.querySelector(".dot").style.background = cluster.colour[map.look.dark ? "dark" : "light"];
  });
}

function clusterRow(map, cluster) {
  const item = make("li"), button = make("button", "cluster");
  button.type = "button";
  const bar = make("span", "bar");
  bar.style.width = `${Math.max(1, cluster.share * 100)}%`;
  button.append(make("span", "dot"), make("span", "name", cluster.name),
    make("span", "size", cluster.size), make("span", "share", cluster.percent), bar);
  button.title = `${cluster.name}. ${cluster.sentence}`;
  button.onclick = () => map.setFocus(cluster.id, cluster.box);
  button.onpointerenter = () => point(map, cluster.id);
  button.onpointerleave = () => point(map, null);
  if (cluster.id === null) button.disabled = true;
  item.append(button);
  return item;
}

// Pointing at a cluster in the list lights it up, unless somebody is picked.
function point(map, id) {
  if (map.shapes.length || map.pointed === id) return;
  map.pointed = id;
  map.pick();
}
