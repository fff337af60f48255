// Geometry of the map in whole cells of its grid: index, picking, simplifying. No DOM in here.

const GRID = 65535;
const TILES = 256; // tiles along either axis of the index; a tile is 256 cells wide
const MAX_POINTS = 60; // of one shape, as kindred.clusters.selection has it
const MAX_SHAPES = 16;

// Sort people by tile (a counting sort), so that what is close on screen is close in memory and
// only tiles in view are visited. `order[i]` is the row, in the sender's order, of the i-th person.
function indexPeople(n, x, y, planes) {
  const starts = new Uint32Array(TILES * TILES + 1);
  for (let i = 0; i < n; i++) starts[(y[i] >> 8) * TILES + (x[i] >> 8) + 1]++;
  for (let t = 0; t < TILES * TILES; t++) starts[t + 1] += starts[t];
  const next = starts.slice();
  const index = {
    n, starts,
    order: new Uint32Array(n), x: new Uint16Array(n), y: new Uint16Array(n),
    planes: planes.map(() => new Uint8Array(n)),
  };
  const [outX, outY, order] = [index.x, index.y, index.order];
  for (let i = 0; i < n; i++) {
    const [px, py] = [x[i], y[i]];
    const at = next[(py >> 8) * TILES + (px >> 8)]++;
    order[at] = i; outX[at] = px; outY[at] = py;
    for (let p = 0; p < planes.length; p++) index.planes[p][at] = planes[p][i];
  }
  const counts = (tile) => starts[tile + 1] - starts[tile];
  const side = [...Array(TILES).keys()];
  const columns = side.map((c) => side.reduce((sum, r) => sum + counts(r * TILES + c), 0));
  const rows = side.map((r) => starts[(r + 1) * TILES] - starts[r * TILES]);
  index.extent = [...middle(columns, n), ...middle(rows, n)];
  return index;
}

// Where nearly all are along an axis: a few far away must not make the rest small.
function middle(counts, n) {
  const few = 0.004 * n;
  let [low, high, left, right] = [0, TILES - 1, 0, 0];
  while (low < high && left + counts[low] <= few) left += counts[low++];
  while (high > low && right + counts[high] <= few) right += counts[high--];
  return [low * 256, Math.min(GRID, (high + 1) * 256)];
}

// Who is picked: a byte a person, 1 for picked; later shapes overrule earlier ones.
function pickPeople(shapes, index) {
  const mask = new Uint8Array(index.n);
  for (const shape of shapes) {
    const value = shape.op === "add" ? 1 : 0;
    if (shape.kind === "box") pickBox(shape.points, index, mask, value);
    else pickLasso(shape.points, index, mask, value);
  }
  return mask;
}

function span(points) {
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
}

function forTiles([x0, x1, y0, y1], index, visit) {
  for (let row = y0 >> 8; row <= y1 >> 8; row++) {
    const first = index.starts[row * TILES + (x0 >> 8)];
    const last = index.starts[row * TILES + (x1 >> 8) + 1];
    if (first < last) visit(first, last);
  }
}

function pickBox(points, index, mask, value) {
  const [x0, x1, y0, y1] = span(points), { x, y } = index;
  forTiles([x0, x1, y0, y1], index, (first, last) => {
    for (let i = first; i < last; i++) {
      if (x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) mask[i] = value;
    }
  });
}

// The even–odd rule of kindred.clusters.selection: an edge covers heights [low, high) and is
// crossed by cells strictly left of it. For each height the crossings become whole numbers:
// px < lx + k·dx/dy exactly when px < lx + ceil(k·dx/dy), and that quotient never rounds across
// a whole number, since its parts stay below 2^33 and 2^16 and a double holds 53 bits.
function pickLasso(points, index, mask, value) {
  const [x0, x1, y0, y1] = span(points), { x, y } = index;
  const edges = points.map((p, i) => [p, points[(i + 1) % points.length]])
    .filter(([a, b]) => a[1] !== b[1])
    .map(([a, b]) => (a[1] < b[1] ? [...a, ...b] : [...b, ...a]));
  const starts = new Uint32Array(y1 - y0 + 2);
  for (const [, ly, , hy] of edges) for (let row = ly; row < hy; row++) starts[row - y0 + 1]++;
  for (let row = 0; row <= y1 - y0; row++) starts[row + 1] += starts[row];
  const crossings = new Int32Array(starts[y1 - y0 + 1]), next = starts.slice();
  for (const [lx, ly, hx, hy] of edges) {
    for (let row = ly; row < hy; row++) {
      crossings[next[row - y0]++] = lx + Math.ceil(((row - ly) * (hx - lx)) / (hy - ly));
    }
  }
  forTiles([x0, x1, y0, y1], index, (first, last) => {
    for (let i = first; i < last; i++) {
      const row = y[i] - y0;
      if (row < 0 || row > y1 - y0) continue;
      let odd = 0;
      for (let c = starts[row]; c < starts[row + 1]; c++) odd ^= x[i] < crossings[c] ? 1 : 0;
      if (odd) mask[i] = value;
    }
  });
}

// Douglas–Peucker, with a tolerance that grows until no more than `MAX_POINTS` points are left;
// a scribble, of which too little would be left, is thinned evenly.
function simplify(points, tolerance) {
  for (let slack = tolerance; ; slack *= 1.25) {
    const kept = keepFar(points, slack);
    if (kept.length > MAX_POINTS) continue;
    if (kept.length > 2 || points.length < 3) return kept;
    const step = Math.ceil(points.length / MAX_POINTS);
    return points.filter((_, i) => i % step === 0);
  }
}

function keepFar(points, slack) {
  const keep = new Uint8Array(points.length), todo = [[0, points.length - 1]];
  keep[0] = keep[points.length - 1] = 1;
  while (todo.length) {
    const [a, b] = todo.pop(), [ax, ay] = points[a], [bx, by] = points[b];
    const length = Math.hypot(bx - ax, by - ay);
    let far = -1, furthest = slack;
    for (let i = a + 1; i < b; i++) {
      const [px, py] = points[i];
      const away = length
        ? Math.abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length
        : Math.hypot(px - ax, py - ay);
      if (away > furthest) { far = i; furthest = away; }
    }
    if (far > 0) { keep[far] = 1; todo.push([a, far], [far, b]); }
  }
  return points.filter((_, i) => keep[i]);
}

// The person nearest to a cell, no further than `reach` cells; -1 if there is none.
function nearest(index, cx, cy, reach) {
  const clamp = (v) => Math.max(0, Math.min(GRID, Math.round(v)));
  const box = [clamp(cx - reach), clamp(cx + reach), clamp(cy - reach), clamp(cy + reach)];
  let best = -1, closest = reach * reach;
  forTiles(box, index, (first, last) => {
    for (let i = first; i < last; i++) {
      const dx = index.x[i] - cx, dy = index.y[i] - cy, d = dx * dx + dy * dy;
      if (d < closest) { closest = d; best = i; }
    }
  });
  return best;
}
