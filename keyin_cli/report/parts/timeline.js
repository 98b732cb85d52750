// The rows under the film, all over the same frames: strip, keyframes, labels, other methods, probability, cost, signals.
const timeline = get("timeline");
const share = (frame) => `${((frame + 0.5) / episode().n) * 100}%`;
let head, strip, readouts = [], held = null;

function row(kind, name, title = name) {
  const says = make("div", { className: "says", title }), track = make("div", { className: "track" });
  says.append(make("b", { textContent: name }));
  timeline.append(make("div", { className: `row ${kind}` }, says, track));
  return [track, says];
}

function tick(frame, kind) {
  const element = make("i", { className: `tick ${kind}` });
  element.style.left = share(frame);
  return element;
}

function near(list, frame) {
  return list.some((each) => Math.abs(each - frame) <= 1);
}

function build() {
  const now = episode();
  timeline.replaceChildren();
  readouts = [];
  const [film] = row("strip", "frames");
  strip = film.appendChild(make("canvas"));
  row("keys", data.compared || "keyframes")[0].id = "keys";
  const count = get("keys").previousSibling.appendChild(make("span"));
  readouts.push(() => (count.textContent = `${keyframes(state.episode).length} here`));
  if (now.labels) {
    const [track, says] = row("lane", "labels", "true keyframes");
    says.id = "labels";
    track.append(...now.labels.map((frame) => tick(frame, "true")));
  }
  for (const [name, times] of Object.entries(now.others)) {
    row("lane", name)[0].append(...times.map((frame) => tick(frame, now.labels && near(now.labels, frame) ? "hit" : "")));
  }
  curve(now.probability, "probability", 0, 1);
  curve(now.cost, "cost, nats", 3, null);
  for (const [name, lines] of Object.entries(now.signals)) signal(name, lines);
  head = timeline.appendChild(make("div", { className: "head" }));
  timeline.setAttribute("aria-valuemax", now.n - 1);
  showKeys();
  drawStrip();
}

function curve(values, name, place, most) {
  if (!values) return;
  const [track, says] = row("chart", name);
  const top = most ?? Math.max(...values, 1e-9), n = values.length;
  const points = values.map((value, frame) => `${frame + 0.5} ${(1 - clamp((value ?? 0) / top, 0, 1)).toFixed(4)}`);
  const svg = draw("svg", { viewBox: `0 0 ${n} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(draw("path", { class: "area", d: `M0.5 1L${points.join("L")}L${n - 0.5} 1Z` }));
  svg.append(draw("path", { class: "curve", d: `M${points.join("L")}` }));
  track.append(colour(svg, place));
  const now = says.appendChild(make("span"));
  readouts.push(() => (now.textContent = figure(values[state.frame])));
}

function signal(name, lines) {
  const [track] = row("signal", name, `${name}: ${lines.length} numbers, each on its own scale`);
  lines.forEach((levels, place) => {
    const svg = draw("svg", { viewBox: `0 -3 ${Math.max(1, levels.length - 1)} 105`, preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(draw("path", { class: "curve", d: `M${levels.map((level, frame) => `${frame} ${99 - level}`).join("L")}` }));
    track.append(colour(svg, place));
  });
}

function showKeys() {
  const track = get("keys"), stage = strip.parentElement, list = keyframes(state.episode);
  const start = episode().keyframes || [];
  stage.querySelectorAll(".stem").forEach((each) => each.remove());
  const ghosts = start.filter((frame) => !list.includes(frame)).map((frame) => tick(frame, "ghost"));
  track.replaceChildren(...ghosts, ...list.map(grip));
  for (const frame of list) {
    const stem = stage.appendChild(make("i", { className: "stem" }));
    stem.style.left = share(frame);
  }
  showHead();
}

function grip(frame) {
  const movable = Boolean(data.editing);
  const element = make("button", { type: "button", className: `grip${movable ? " movable" : ""}` });
  element.style.left = share(frame);
  element.dataset.frame = frame;
  element.setAttribute("role", movable ? "slider" : "button");
  element.setAttribute("aria-label", `keyframe ${number(state.episode, frame)}`);
  element.setAttribute("aria-valuenow", number(state.episode, frame));
  element.setAttribute("aria-valuemin", number(state.episode, 0));
  element.setAttribute("aria-valuemax", number(state.episode, episode().n - 1));
  element.onclick = (event) => event.detail === 0 && seek(frame);
  element.onfocus = () => element.matches(":focus-visible") && seek(frame);
  element.onpointerdown = (event) => hold(event, element, frame);
  return element;
}

function frameAt(event) {
  const box = get("keys").getBoundingClientRect();
  return clamp(Math.floor(((event.clientX - box.left) / box.width) * episode().n), 0, episode().n - 1);
}

// Drag a keyframe: the film shows where it would be; it is moved when it is let go, Escape leaves it.
function hold(event, element, frame) {
  event.preventDefault();
  event.stopPropagation();
  if (event.button) return;
  seek(frame);
  if (!data.editing) return;
  element.setPointerCapture(event.pointerId);
  element.classList.add("held");
  held = { frame, to: frame, element };
  element.onpointermove = (moved) => {
    if (!held) return;
    held.to = clamp(frameAt(moved), ...bounds(frame));
    element.style.left = share(held.to);
    seek(held.to);
  };
  element.onpointerup = () => release(true);
  element.onpointercancel = () => release(false);
}

function release(keep) {
  if (!held) return;
  const { frame, to, element } = held;
  held = null;
  element.onpointermove = null;
  element.classList.remove("held");
  if (keep && to !== frame) move(frame, to);
  else {
    seek(frame);
    showKeys();
  }
}

function scrub(event) {
  if (event.button || !event.target.closest(".track")) return;
  event.preventDefault();
  timeline.focus({ focusVisible: false });
  timeline.setPointerCapture(event.pointerId);
  seek(frameAt(event));
  timeline.onpointermove = (moved) => seek(frameAt(moved));
  timeline.onpointerup = timeline.onpointercancel = () => (timeline.onpointermove = null);
}

function addHere(event) {
  const inside = event.target === timeline || event.target.closest(".track"); // the first click has captured the pointer
  if (data.editing && inside && !event.target.closest(".grip")) add(frameAt(event));
}

function showHead() {
  head.style.left = `calc(var(--gutter) + (100% - var(--gutter)) * ${(state.frame + 0.5) / episode().n})`;
  timeline.setAttribute("aria-valuenow", state.frame);
  timeline.setAttribute("aria-valuetext", get("place").textContent);
  readouts.forEach((each) => each());
  document.querySelectorAll(".grip").forEach((each) => each.classList.toggle("here", Number(each.dataset.frame) === state.frame));
}

// As many frames as fit beside each other, each the one at its middle.
function drawStrip() {
  const now = episode(), index = state.episode, box = strip.getBoundingClientRect(), scale = devicePixelRatio || 1;
  if (!box.width) return;
  strip.width = Math.round(box.width * scale);
  strip.height = Math.round(box.height * scale);
  const width = strip.height * (now.film.width / now.film.height);
  const count = Math.max(1, Math.min(now.n, Math.round(strip.width / width))), cell = strip.width / count;
  const context = strip.getContext("2d");
  context.imageSmoothingEnabled = now.film.width > 96 || strip.height < now.film.height;
  for (let place = 0; place < count; place++) {
    const frame = Math.floor(((place + 0.5) / count) * now.n);
    const piece = () => {
      if (state.episode !== index) return;
      context.save();
      context.beginPath();
      context.rect(place * cell, 0, cell, strip.height);
      context.clip();
      const wide = Math.max(cell, width), tall = (wide / width) * strip.height;
      paint(context, now.film, frame, place * cell + (cell - wide) / 2, (strip.height - tall) / 2, wide, tall, piece);
      context.restore();
    };
    piece();
  }
}
