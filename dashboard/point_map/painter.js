// Painting people into pixels: sums of colour a pixel, then opacity by density. No DOM but a canvas.

const FAINT = 255; // the colour code of people who are not picked
const FAINT_WEIGHT = 0.16; // a picked person outweighs six others in the same pixel

// Paints in slices, so that a frame never waits for a million people: `begin` says from where to
// look, `step` works until a deadline, and once it returns true `canvas` shows `view`.
class Painter {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
    this.view = null; // what `canvas` shows
    this.job = null;
    this.cost = 0; // milliseconds that the last whole picture took
  }

  // `shown` is a colour code a person, in the order of the index; `colours` are [r, g, b] by code.
  begin(view, index, shown, colours) {
    const { width, height } = view, cells = width * height * 4;
    if (!this.sums || this.sums.length !== cells) {
      this.sums = new Float32Array(cells);
      this.pixels = new ImageData(width, height);
      this.words = new Uint32Array(this.pixels.data.buffer);
    } else this.sums.fill(0);
    const clamp = (v) => Math.max(0, Math.min(GRID, Math.floor(v)));
    const margin = 8 / view.scale;
    const box = [
      clamp(view.x - width / 2 / view.scale - margin), clamp(view.x + width / 2 / view.scale + margin),
      clamp(view.y - height / 2 / view.scale - margin), clamp(view.y + height / 2 / view.scale + margin),
    ];
    const seen = this.count(index, box);
    this.job = {
      view, index, shown, kernel: stamp(view, seen),
      reds: colours.map((c) => c[0]), greens: colours.map((c) => c[1]), blues: colours.map((c) => c[2]),
      box, row: box[2] >> 8, line: 0, touched: 0, weight: 0, spent: 0, opacity: null,
    };
  }

  count(index, box) {
    let seen = 0;
    forTiles(box, index, (first, last) => { seen += last - first; });
    return seen;
  }

  step(deadline) {
    const job = this.job, began = performance.now();
    let now = began;
    while (job.row <= job.box[3] >> 8 && now < deadline) {
      this.paintTiles(job.row++);
      now = performance.now();
    }
    if (job.row > job.box[3] >> 8) {
      job.opacity ??= opacities(job);
      while (job.line < job.view.height && now < deadline) {
        this.toneLines(job.line, Math.min(job.view.height, job.line + 64));
        job.line += 64;
        now = performance.now();
      }
    }
    job.spent += now - began;
    if (job.line < job.view.height) return false;
    this.finish();
    return true;
  }

  finish() {
    const { view, spent } = this.job;
    if (this.canvas.width !== view.width || this.canvas.height !== view.height) {
      this.canvas.width = view.width; this.canvas.height = view.height;
    }
    this.context.putImageData(this.pixels, 0, 0);
    [this.view, this.cost, this.job] = [view, spent, null];
  }

  paintTiles(row) {
    const job = this.job, { index, shown, view, kernel, box, reds, greens, blues } = job;
    const { x, y, starts } = index, { width, height, scale } = view, sums = this.sums;
    const first = starts[row * TILES + (box[0] >> 8)], last = starts[row * TILES + (box[1] >> 8) + 1];
    const left = width / 2 - view.x * scale, top = height / 2 + view.y * scale;
    const { reach, side, weights } = kernel;
    let touched = 0, total = 0;
    for (let i = first; i < last; i++) {
      const px = Math.floor(x[i] * scale + left), py = Math.floor(top - y[i] * scale);
      if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
      const code = shown[i], part = code === FAINT ? FAINT_WEIGHT : 1;
      const r = reds[code], g = greens[code], b = blues[code];
      for (let ky = 0, k = 0; ky < side; ky++) {
        let at = ((py + ky - reach) * width + px - reach) * 4;
        for (let kx = 0; kx < side; kx++, k++, at += 4) {
          const w = weights[k] * part;
          if (w === 0) continue;
          if (sums[at + 3] === 0) touched++;
          total += w;
          sums[at] += w * r; sums[at + 1] += w * g; sums[at + 2] += w * b; sums[at + 3] += w;
        }
      }
    }
    job.touched += touched; job.weight += total;
  }

  toneLines(from, to) {
    const { view, opacity } = this.job, sums = this.sums, words = this.words;
    for (let i = from * view.width, end = to * view.width; i < end; i++) {
      const at = i * 4, weight = sums[at + 3];
      if (weight === 0) { words[i] = 0; continue; }
      const level = weight * 64, alpha = opacity[level < 4095 ? level | 0 : 4095];
      words[i] = (alpha << 24) | ((sums[at + 2] / weight) << 16)
        | ((sums[at + 1] / weight) << 8) | (sums[at] / weight);
    }
  }
}

// A dot's pixels and their weights. Few people get discs, many get single pixels: the dots in view
// cover about as much of the picture whatever their number, and never cost more than a frame.
function stamp(view, seen) {
  const area = view.width * view.height;
  const ideal = 0.42 * Math.sqrt(area / Math.max(seen, 1) / Math.PI);
  const radius = Math.min(ideal, 3.6 * view.ratio, Math.sqrt(2.5e6 / Math.max(seen, 1)));
  if (radius < 0.9) return { reach: 0, side: 1, weights: [1], radius: 0.5 };
  const reach = Math.ceil(radius), side = 2 * reach + 1, weights = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      weights.push(Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y))));
    }
  }
  return { reach, side, weights, radius };
}

// Opacity by weight, in 64ths. Discs lie over one another; single pixels grow opaque with the
// logarithm of how many share them, so that a lone dot stays visible and density shows in crowds.
function opacities({ touched, weight, kernel }) {
  const crowd = weight / Math.max(touched, 1), table = new Uint8Array(4096);
  const disc = Math.min(0.85, Math.max(0.7, 1 - 0.12 ** (1 / (2.4 * Math.max(crowd, 0.3)))));
  const full = Math.log1p(6 * crowd);
  for (let i = 0; i < 4096; i++) {
    const many = (i + 1) / 64;
    const share = kernel.radius > 1.4
      ? 1 - (1 - disc) ** many
      : (0.22 + (0.78 * Math.log1p(many)) / full) * Math.min(1, many * 2);
    table[i] = Math.round(255 * Math.min(1, share));
  }
  return table;
}
