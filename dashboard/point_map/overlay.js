// What lies over the people: cluster names, notes, the stroke being drawn, the ring around one.

function theme(host) {
  const styles = getComputedStyle(host);
  const read = (name, otherwise) => styles.getPropertyValue(name).trim() || otherwise;
  const background = read("--st-background-color", "#ffffff");
  return {
    background,
    text: read("--st-text-color", "#1f2430"),
    border: read("--st-border-color", "#d8dbe2"),
    accent: read("--st-primary-color", "#2f6bff"),
    font: read("--st-font", "sans-serif"),
    dark: luminance(background) < 0.4,
  };
}

function luminance(colour) {
  const [r, g, b] = rgb(colour);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

function rgb(colour) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = colour; // the browser's own parser: whatever notation the theme uses
  const hex = context.fillStyle;
  if (hex.startsWith("#")) return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return (hex.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}

// Names by size, the biggest first; one that would cover another is left out until there is room.
function drawNames(context, map, look) {
  const placed = [];
  const clusters = [...map.header.clusters].filter((c) => c.id !== null)
    .sort((a, b) => (b.id === map.focus) - (a.id === map.focus) || b.people - a.people);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  for (const cluster of clusters) {
    const [x, y] = map.toScreen(cluster.x, cluster.y);
    const faded = map.focus !== null && map.focus !== cluster.id;
    context.font = `600 ${map.small ? 11 : 12.5}px ${look.font}`;
    const lines = wrap(context, cluster.name, map.small ? 96 : 150);
    const width = Math.max(...lines.map((line) => context.measureText(line).width));
    const height = lines.length * 15;
    const box = [x - width / 2 - 4, x + width / 2 + 4, y - height / 2 - 2, y + height / 2 + 2];
    if (box[0] < 0 || box[1] > map.width || box[2] < 0 || box[3] > map.height) continue;
    if (placed.some((b) => box[0] < b[1] && box[1] > b[0] && box[2] < b[3] && box[3] > b[2])) continue;
    placed.push(box);
    context.globalAlpha = faded ? 0.35 : 1;
    lines.forEach((line, i) => {
      const at = y + (i - (lines.length - 1) / 2) * 15;
      context.strokeStyle = look.background;
      context.lineWidth = 4;
      context.strokeText(line, x, at);
      context.fillStyle = look.text;
      context.fillText(line, x, at);
    });
  }
  context.globalAlpha = 1;
}

function wrap(context, text, width) {
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.slice(0, 3);
}

function drawNotes(context, map, look) {
  context.font = `500 12px ${look.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const note of map.header.annotations) {
    const [x, y] = map.toScreen(note.x, note.y);
    const text = note.text.length > 44 ? `${note.text.slice(0, 43)}…` : note.text;
    const width = context.measureText(text).width;
    const side = x + width + 30 > map.width ? -1 : 1;
    const left = side > 0 ? x + 12 : x - width - 24;
    context.strokeStyle = look.accent;
    context.lineWidth = 1.5;
    line(context, [[x, y], [x + side * 12, y - 14]]);
    context.stroke();
    disc(context, x, y, 3.5, look.accent);
    context.fillStyle = look.background;
    context.beginPath();
    context.roundRect(left, y - 26, width + 12, 22, 6);
    context.fill();
    context.strokeStyle = look.border;
    context.lineWidth = 1;
    context.stroke();
    context.fillStyle = look.text;
    context.fillText(text, left + 6, y - 15);
  }
}

function drawShapes(context, map, look) {
  for (const shape of map.shapes) outline(context, map, look, shape.kind, shape.points, shape.op, true);
  const { stroke } = map;
  if (stroke && stroke.points.length > 1) {
    outline(context, map, look, stroke.kind, stroke.points, stroke.op, stroke.kind === "box");
  }
  if (map.cross) {
    const [x, y] = map.cross;
    context.strokeStyle = look.text;
    context.lineWidth = 1.5;
    line(context, [[x - 11, y], [x + 11, y]]);
    context.stroke();
    line(context, [[x, y - 11], [x, y + 11]]);
    context.stroke();
  }
}

function outline(context, map, look, kind, points, op, closed) {
  let path = points.map((p) => map.toScreen(...p));
  if (kind === "box") {
    const [[ax, ay], [bx, by]] = [path[0], path[path.length - 1]];
    path = [[ax, ay], [bx, ay], [bx, by], [ax, by]];
  }
  line(context, path, closed);
  context.globalAlpha = 0.07;
  context.fillStyle = op === "subtract" ? look.text : look.accent;
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.strokeStyle = look.background;
  context.lineWidth = 3.5;
  context.stroke();
  context.setLineDash(op === "subtract" ? [5, 4] : []);
  context.strokeStyle = op === "subtract" ? look.text : look.accent;
  context.lineWidth = 1.75;
  context.stroke();
  context.setLineDash([]);
}

function line(context, path, closed = false) {
  context.beginPath();
  path.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
}

function disc(context, x, y, radius, fill) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
}

function drawRing(context, map, look) {
  if (map.hovered < 0) return;
  const [x, y] = map.toScreen(map.index.x[map.hovered], map.index.y[map.hovered]);
  disc(context, x, y, 5.5, map.hex[map.index.planes[0][map.hovered]]);
  context.lineWidth = 2.5;
  context.strokeStyle = look.background;
  context.stroke();
  context.beginPath();
  context.arc(x, y, 7.5, 0, 2 * Math.PI);
  context.lineWidth = 1.5;
  context.strokeStyle = look.text;
  context.stroke();
}

// The map as it is seen, with its title and legend, as a PNG of twice the pixels where it can be.
function savePicture(map) {
  const look = theme(map.host), ratio = map.ratio, head = 54;
  const entries = map.header.legend.entries;
  const foot = 18 + Math.ceil(entries.length / 2) * 20;
  const canvas = document.createElement("canvas");
  canvas.width = map.width * ratio;
  canvas.height = (map.height + head + foot) * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = look.background;
  context.fillRect(0, 0, map.width, map.height + head + foot);
  context.fillStyle = look.text;
  context.textBaseline = "middle";
  context.font = `600 16px ${look.font}`;
  context.fillText(map.header.title, 14, 20);
  context.font = `400 12px ${look.font}`;
  context.fillText(map.header.source, 14, 40);
  context.drawImage(map.people, 0, head, map.width, map.height);
  context.drawImage(map.over, 0, head, map.width, map.height);
  entries.forEach((entry, i) => {
    const x = 14 + (i % 2) * (map.width / 2), y = map.height + head + 16 + (i >> 1) * 20;
    disc(context, x + 5, y, 5, map.hex[entry.code]);
    context.fillStyle = look.text;
    context.fillText(entry.label, x + 18, y);
  });
  const link = document.createElement("a");
  link.download = map.header.file;
  link.href = canvas.toDataURL("image/png");
  link.click();
}
