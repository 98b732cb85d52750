// Lines over steps: groups that open, charts that are drawn when they are near, values under the pointer.
const [WIDTH, HEIGHT, LEFT, RIGHT, ABOVE, BELOW] = [360, 190, 46, 10, 10, 30];

function ticks(low, high, count) {
  const raw = (high - low || 1) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) found.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return found;
}

function decades(low, high) {
  const found = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); 10 ** power <= high * 1.0001; power++) found.push(10 ** power);
  return found.length > 1 ? found.filter((_, place) => place % Math.ceil(found.length / 5) === 0) : ticks(low, high, 4).filter((each) => each > 0);
}

// The values' extent without the few that would press all others into a line: those of the first steps.
function extent(chart) {
  const all = chart.lines.flatMap((line) => line.y).filter((value) => value !== null).sort((a, b) => a - b);
  if (!all.length) return [0, 1];
  if (chart.log) return [all[0], all[all.length - 1]];
  const low = all[Math.floor(all.length * 0.005)], high = all[Math.ceil(all.length * 0.985) - 1] ?? all[all.length - 1];
  const from = low >= 0 && low < 0.6 * high ? 0 : low, last = chart.lines.flatMap((line) => line.y.slice(-1));
  const top = Math.max(high, ...last), margin = (top - from || Math.abs(top) || 1) * 0.06;
  return [from === 0 ? 0 : from - margin, top + margin];
}

function plot(chart) {
  const box = make("div", { className: "plot" }, make("h3", { textContent: chart.title }));
  const legend = box.appendChild(make("div", { className: "legend" }));
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const xs = chart.lines.flatMap((line) => line.x), names = [...new Set(chart.lines.map((line) => line.name))];
  const [first, last] = [Math.min(...xs), Math.max(...xs)], [low, high] = extent(chart);
  const level = (value) => (chart.log ? Math.log(value) : value);
  const right = (x) => LEFT + ((x - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT);
  const down = (y) => clamp(HEIGHT - BELOW - ((level(y) - level(low)) / (level(high) - level(low) || 1)) * (HEIGHT - ABOVE - BELOW), ABOVE, HEIGHT - BELOW);
  for (const value of chart.log ? decades(low, high) : ticks(low, high, 4)) {
    svg.append(draw("path", { class: "axis", d: `M${LEFT} ${down(value)}H${WIDTH - RIGHT}` }), draw("text", { x: LEFT - 6, y: down(value) + 3.5, "text-anchor": "end" }, figure(value)));
  }
  for (const value of ticks(first, last, 4)) {
    const anchor = right(value) > WIDTH - 3 * RIGHT ? "end" : "middle";
    svg.append(draw("text", { x: right(value) + (anchor === "end" ? RIGHT / 2 : 0), y: HEIGHT - BELOW + 15, "text-anchor": anchor }, figure(value)));
  }
  svg.append(draw("text", { x: WIDTH - RIGHT, y: HEIGHT - 3, "text-anchor": "end" }, chart.x));
  for (const end of chart.ends) svg.append(draw("path", { class: "end", d: `M${right(end)} ${ABOVE}V${HEIGHT - BELOW}` }));
  const place = (line) => (names.length > 1 && !chart.lines.some((each) => each.faint) ? names.indexOf(line.name) : 0);
  for (const line of chart.lines) {
    const points = line.x.map((x, index) => [x, line.y[index]]).filter(([, y]) => y !== null && !(chart.log && y <= 0));
    if (!points.length) continue;
    const path = points.map(([x, y]) => `${right(x).toFixed(1)} ${down(y).toFixed(1)}`).join("L");
    const dashes = place(line) > 9 ? { "stroke-dasharray": "4 3" } : {};
    svg.append(colour(draw("path", { class: line.faint ? "curve pale" : "curve", d: `M${path}`, ...dashes }), place(line)));
  }
  const cursor = svg.appendChild(draw("path", { class: "cursor", d: "" }));
  const read = (x) => {
    const parts = chart.lines.map((line) => {
      const index = x === null ? line.x.length - 1 : line.x.reduce((best, each, i) => (Math.abs(each - x) < Math.abs(line.x[best] - x) ? i : best), 0);
      return colour(make("span", { className: line.faint ? "pale" : "" }, make("i"), `${line.name} ${figure(line.y[index])}`), place(line));
    });
    legend.replaceChildren(...parts, ...(x === null ? [] : [make("span", { textContent: `${chart.x} ${figure(x)}` })]));
    cursor.setAttribute("d", x === null ? "" : `M${right(x)} ${ABOVE}V${HEIGHT - BELOW}`);
  };
  svg.onpointermove = (event) => {
    const frame = svg.getBoundingClientRect(), x = ((event.clientX - frame.left) / frame.width) * WIDTH;
    const wanted = first + ((x - LEFT) / (WIDTH - LEFT - RIGHT)) * (last - first);
    read(xs.reduce((best, each) => (Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best), xs[0]));
  };
  svg.onpointerleave = () => read(null);
  read(null);
  svg.setAttribute("aria-label", `${chart.title}, at the end: ${legend.textContent}`);
  box.append(svg);
  return box;
}

function charts() {
  const groups = Map.groupBy ? Map.groupBy(data.charts, (chart) => chart.group) : data.charts.reduce((map, chart) => map.set(chart.group, [...(map.get(chart.group) || []), chart]), new Map());
  let place = 0;
  for (const [name, some] of groups) {
    const grid = make("div", { className: "charts" });
    const fill = () => grid.childElementCount || grid.append(...some.map(plot));
    if (groups.size === 1) {
      get("charts").append(grid);
      fill();
      continue;
    }
    const box = make("details", { open: place++ < 2 && groups.size < 4 }, make("summary", { textContent: name }), grid);
    box.ontoggle = fill;
    get("charts").append(box);
  }
}
