// Keys, buttons, light and dark; then everything is shown.
const KEYS = {
  ArrowLeft: (event) => (event.shiftKey ? jump(-1) : seek(state.frame - 1)),
  ArrowRight: (event) => (event.shiftKey ? jump(1) : seek(state.frame + 1)),
  "[": () => jump(-1),
  "]": () => jump(1),
  Home: () => seek(0),
  End: () => seek(episode().n - 1),
  " ": play,
  p: () => choose(state.episode - 1),
  n: () => choose(state.episode + 1),
  Escape: () => release(false),
};
const EDITING = {
  k: () => toggle(state.frame),
  Delete: () => keyframes(state.episode).includes(state.frame) && drop(state.frame),
  ",": () => nudge(-1),
  ".": () => nudge(1),
};

function pressed(event) {
  const { target, key } = event;
  if (event.altKey || target.closest("input, select, textarea, video, details, .scroll, #planning, #charts")) return;
  if (event.ctrlKey || event.metaKey) {
    if (!data.editing || key.toLowerCase() !== "z") return;
    event.preventDefault();
    return event.shiftKey ? redo() : undo();
  }
  if ((key === " " || key === "Enter") && target.closest("button, a, summary")) return;
  if (data.editing && target.closest(".grip") && (key === "ArrowLeft" || key === "ArrowRight")) {
    event.preventDefault();
    seek(Number(target.dataset.frame));
    nudge(key === "ArrowLeft" ? -1 : 1);
    return document.querySelector(`.grip[data-frame="${state.frame}"]`)?.focus();
  }
  const name = key.length === 1 ? key.toLowerCase() : key;
  const does = KEYS[name] || (data.editing && EDITING[name]);
  if (!does) return;
  event.preventDefault();
  does(event);
}

function bench() {
  const clicks = { before: () => jump(-1), after: () => jump(1), back: () => seek(state.frame - 1), on: () => seek(state.frame + 1), play };
  if (data.editing) Object.assign(clicks, { toggle: () => toggle(state.frame), undo, redo, download });
  for (const [id, does] of Object.entries(clicks)) {
    get(id).onclick = () => does();
  }
  get("bench").addEventListener("click", (event) => {
    if (event.detail) event.target.closest("button")?.blur(); // after a click with the pointer, keys speak to the film again
  });
  get("speed").onchange = () => { get("speed").blur(); if (state.playing) { stop(); play(); } };
  get("search").oninput = (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    data.episodes.forEach((each, index) => (items[index].parentElement.hidden = !`${each.shown} ${each.number}`.toLowerCase().includes(wanted)));
  };
  timeline.onpointerdown = scrub;
  timeline.ondblclick = addHere;
  timeline.tabIndex = 0;
  for (const [name, value] of Object.entries({ role: "slider", "aria-label": "frame", "aria-valuemin": 0 })) timeline.setAttribute(name, value);
  watchers.push((what) => {
    if (what === "episode") { build(); showChosen(true); }
    showFrame();
    if (what === "keyframes") { showKeys(); showItem(state.episode); }
    if (what === "frame") { showHead(); showHere(true); } else showCards();
    if (what === "episode") showHead();
    if (data.editing) showEdits();
  });
  document.addEventListener("keydown", pressed);
  new ResizeObserver(() => drawStrip()).observe(timeline);
  addEventListener("beforeunload", (event) => past.length !== downloaded && event.preventDefault());
  list();
  showChosen(false);
  showFrame();
  build();
  showFrame();
  showCards();
  if (data.editing) showEdits();
}

for (const picture of document.querySelectorAll(".pictures img")) {
  picture.decode().then(() => picture.parentElement.classList.toggle("wide", picture.naturalWidth > 2.2 * picture.naturalHeight));
}
get("theme").onclick = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
};
if (data.episodes.length) bench();
if (data.scenes.length) scenes();
if (data.charts.length) charts();
