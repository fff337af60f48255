// The map of people: what it holds, its view, and how it speaks with Python.

const REST = 350; // milliseconds of stillness after which the view is told to Python
const maps = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  let map = maps.get(parentElement);
  if (!map) maps.set(parentElement, (map = new PointMap(parentElement)));
  map.tell = component;
  if (data) map.receive(data);
  return () => { map.destroy(); maps.delete(parentElement); };
}

class PointMap {
  constructor(parent) {
    this.parent = parent;
    this.host = parent.host ?? parent;
    this.find = (selector) => parent.querySelector(selector);
    this.stage = this.find(".stage");
    this.people = this.find(".people");
    this.over = this.find(".over");
    this.painter = new Painter();
    Object.assign(this, {
      header: null, index: null, view: null, shapes: [], mask: null, focus: null, pointed: null,
      hovered: -1, stroke: null, cross: null, mode: "move", op: "replace", asked: -1, frames: [],
    });
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.stage);
    attachGestures(this);
    attachControls(this);
  }

  destroy() {
    this.watch.disconnect();
    this.gone = true;
    cancelAnimationFrame(this.frame);
  }

  // One message: [u32 length of header][header, JSON][u16 x[n]][u16 y[n]][u8 plane[n]] …
  // What does not change from message to message is not done twice: Streamlit calls again for a
  // new theme, too.
  receive(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
    if (text !== this.text) {
      const header = JSON.parse(text), n = header.n;
      const at = bytes.byteOffset + 4 + length;
      if (header.points !== this.header?.points) {
        const body = bytes.buffer.slice(at, at + n * (4 + header.planes.length));
        const planes = header.planes.map((_, p) => new Uint8Array(body, n * (4 + p), n));
        this.index = indexPeople(n, new Uint16Array(body, 0, n), new Uint16Array(body, 2 * n, n), planes);
        this.hovered = -1;
        if (header.ground !== this.header?.ground) this.view = null;
        this.mask = null;
      }
      [this.text, this.header] = [text, header];
      if (header.asked !== this.asked) this.obey(header);
    }
    this.dress();
    this.resize();
    this.pick();
    drawPanels(this);
  }

  // What Python asks for: a selection, a cluster in focus, a place to look at.
  obey({ asked, shapes, focus, view }) {
    this.asked = asked;
    this.shapes = shapes;
    this.focus = focus;
    this.wish = view;
  }

  dress() {
    const look = theme(this.host);
    this.hex = look.dark ? this.header.colours.dark : this.header.colours.light;
    this.colours = this.hex.map(rgb);
    this.colours[FAINT] = look.dark ? [92, 98, 112] : [150, 155, 166];
    this.look = look;
    this.painter.view = null;
  }

  resize() {
    if (!this.header) return;
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.width = clientWidth;
    this.height = clientHeight;
    this.small = clientWidth < 520;
    for (const canvas of [this.people, this.over]) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    const [x0, x1, y0, y1] = this.index.extent;
    const wide = Math.max(x1 - x0, 1), high = Math.max(y1 - y0, 1);
    this.unit = Math.min((this.width - 48) / wide, (this.height - 72) / high); // pixels a cell, unzoomed
    this.home = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 };
    this.view ??= { ...this.home };
    if (this.wish) this.look_at(this.wish);
    this.wish = null;
    this.redraw();
  }

  look_at(wish) {
    if (wish.zoom) this.view = { x: wish.x, y: wish.y, zoom: wish.zoom };
    else this.zoomToBox(wish.box);
  }

  zoomToBox([x0, x1, y0, y1]) {
    const wide = Math.max(x1 - x0, 400), high = Math.max(y1 - y0, 400);
    const zoom = 0.72 * Math.min(this.width / wide, this.height / high) / this.unit;
    this.view = this.within({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom });
    this.moved();
  }

  within({ x, y, zoom }) {
    const clamp = (v) => Math.max(0, Math.min(GRID, v));
    return { x: clamp(x), y: clamp(y), zoom: Math.max(0.5, Math.min(200, zoom)) };
  }

  get scale() { return this.unit * this.view.zoom; }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.view.x) * this.scale, this.height / 2 - (y - this.view.y) * this.scale];
  }

  toCell(sx, sy) {
    const clamp = (v) => Math.max(0, Math.min(GRID, Math.round(v)));
    return [
      clamp(this.view.x + (sx - this.width / 2) / this.scale),
      clamp(this.view.y - (sy - this.height / 2) / this.scale),
    ];
  }

  pan(dx, dy) {
    this.view = this.within({ ...this.view, x: this.view.x - dx / this.scale, y: this.view.y + dy / this.scale });
    this.moved();
  }

  zoom(factor, sx = this.width / 2, sy = this.height / 2) {
    const before = this.scale;
    const [dx, dy] = [(sx - this.width / 2) / before, (sy - this.height / 2) / before];
    const view = this.within({ ...this.view, zoom: this.view.zoom * factor });
    const part = 1 - before / (this.unit * view.zoom);
    this.view = this.within({ x: this.view.x + dx * part, y: this.view.y - dy * part, zoom: view.zoom });
    this.moved();
  }

  reset() {
    this.view = { ...this.home };
    this.moved();
  }

  moved() {
    this.redraw();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      const { x, y, zoom } = this.view;
      const home = Math.abs(zoom - 1) < 0.01 && Math.abs(x - this.home.x) + Math.abs(y - this.home.y) < 50;
      this.say("view", home ? null : [Math.round(x), Math.round(y), Math.round(zoom * 100) / 100]);
    }, REST);
  }

  say(name, value) {
    if (!this.gone) this.tell.setStateValue(name, value);
  }

  // A finished stroke. Replacing starts anew; what would no longer fit in a link is refused.
  addShape(kind, points, op) {
    const shape = { op: op === "subtract" ? "subtract" : "add", kind, points };
    const shapes = op === "replace" ? [shape] : [...this.shapes, shape];
    if (shapes.length > MAX_SHAPES) return this.announce(`A selection holds ${MAX_SHAPES} strokes at most.`);
    return this.setShapes(shapes);
  }

  setShapes(shapes) {
    this.shapes = shapes;
    if (shapes.length) this.focus = null;
    this.say("shapes", shapes); // first of all, so that Python counts while the map does
    this.pick();
  }

  setFocus(id, box) {
    this.focus = this.focus === id ? null : id;
    this.shapes = [];
    this.pick();
    if (this.focus !== null && box) this.zoomToBox(box);
    else this.reset();
    this.say("focus", this.focus);
  }

  clear() {
    if (this.stroke) { this.stroke = null; return this.redraw(); }
    if (this.focus !== null) return this.setFocus(this.focus);
    if (this.shapes.length) return this.setShapes([]);
    return this.setMode("move");
  }

  setMode(mode) {
    [this.mode, this.stroke, this.cross] = [mode, null, null];
    drawPanels(this);
    this.redraw();
  }

  // Recompute who stands out: those picked, else those of the cluster in focus, else everyone.
  pick() {
    if (!this.index) return;
    const { n, planes } = this.index, labels = planes[planes.length - 1];
    const lit = this.pointed ?? this.focus;
    const cluster = lit === null ? null : this.header.clusters.find((c) => c.id === lit);
    if (this.shapes.length) this.mask = pickPeople(this.shapes, this.index);
    else this.mask = null;
    this.picked = this.mask ? this.mask.reduce((sum, bit) => sum + bit, 0) : 0;
    const shown = (this.shown ??= new Uint8Array(0)).length === n ? this.shown : new Uint8Array(n);
    if (this.mask) for (let i = 0; i < n; i++) shown[i] = this.mask[i] ? planes[0][i] : FAINT;
    else if (cluster) for (let i = 0; i < n; i++) shown[i] = labels[i] === cluster.code ? planes[0][i] : FAINT;
    else shown.set(planes[0]);
    this.shown = shown;
    this.painter.view = null;
    this.painter.job = null;
    drawPanels(this);
    this.redraw();
  }

  announce(text) {
    this.find(".news").textContent = text;
  }

  redraw() {
    if (!this.header || this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  // One frame: show the last whole picture where it belongs now, and go on with the next.
  draw() {
    if (this.gone || !this.width) return;
    const began = performance.now(), { painter } = this;
    const wanted = {
      x: this.view.x, y: this.view.y, scale: this.scale * this.ratio,
      width: this.people.width, height: this.people.height, ratio: this.ratio,
    };
    const same = (a, b) => a && Object.keys(b).every((key) => a[key] === b[key]);
    if (!painter.job && !same(painter.view, wanted)) painter.begin(wanted, this.index, this.shown, this.colours);
    if (painter.job) painter.step(painter.view ? began + 11 : Infinity);
    const context = this.people.getContext("2d");
    context.clearRect(0, 0, wanted.width, wanted.height);
    if (painter.view) {
      const grown = wanted.scale / painter.view.scale;
      context.drawImage(painter.canvas,
        wanted.width / 2 + ((painter.view.x - wanted.x) * wanted.scale) - (painter.view.width / 2) * grown,
        wanted.height / 2 - ((painter.view.y - wanted.y) * wanted.scale) - (painter.view.height / 2) * grown,
        painter.view.width * grown, painter.view.height * grown);
    }
    this.drawOver();
    if (!same(painter.view, wanted)) this.redraw();
    else this.stage.dataset.painted = this.header.points;
    this.stage.dataset.cost = (performance.now() - began).toFixed(1);
  }

  drawOver() {
    const context = this.over.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    drawNames(context, this, this.look);
    drawNotes(context, this, this.look);
    drawShapes(context, this, this.look);
    drawRing(context, this, this.look);
  }
}
