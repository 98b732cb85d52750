// The episode and the frame that are looked at, and playing.
const state = { episode: 0, frame: 0, playing: 0 };
const watchers = []; // called with what changed: "episode", "frame" or "keyframes"
const tell = (what) => watchers.forEach((watcher) => watcher(what));
const episode = () => data.episodes[state.episode];

function seek(frame, playing = false) {
  if (!playing) stop();
  const wanted = clamp(Math.round(frame), 0, episode().n - 1);
  if (wanted === state.frame) return;
  state.frame = wanted;
  tell("frame");
}

function choose(index) {
  const wanted = clamp(index, 0, data.episodes.length - 1);
  if (wanted === state.episode) return;
  stop();
  state.episode = wanted;
  state.frame = 0;
  tell("episode");
}

function stop() {
  if (!state.playing) return;
  cancelAnimationFrame(state.playing);
  state.playing = 0;
  showPlaying();
}

function play() {
  if (state.playing) return stop();
  if (state.frame >= episode().n - 1) seek(0);
  const begun = performance.now(), from = state.frame;
  const speed = data.fps * Number(get("speed").value);
  const step = (now) => {
    const frame = from + Math.floor(((now - begun) / 1000) * speed);
    if (frame > state.frame) seek(frame, true);
    if (state.frame >= episode().n - 1) return stop();
    state.playing = requestAnimationFrame(step);
  };
  state.playing = requestAnimationFrame(step);
  showPlaying();
}

function showPlaying() {
  const button = get("play");
  button.textContent = state.playing ? "❚❚" : "▶";
  button.setAttribute("aria-label", state.playing ? "pause" : "play");
}

// The keyframe before or after a frame; null where there is none.
function neighbour(frame, direction) {
  const there = keyframes(state.episode).filter((each) => (direction < 0 ? each < frame : each > frame));
  return there.length ? there[direction < 0 ? there.length - 1 : 0] : null;
}

function jump(direction) {
  const to = neighbour(state.frame, direction);
  seek(to === null ? (direction < 0 ? 0 : episode().n - 1) : to);
}

function showFrame() {
  const now = episode(), index = state.episode, frame = state.frame;
  const still = () => state.episode === index && state.frame === frame;
  show(get("film"), now.film, frame, still);
  const number = at(now.frames, frame), last = at(now.frames, now.n - 1);
  get("place").textContent = `frame ${Math.round(number)} of ${Math.round(last)}  ·  ${clock(at(now.seconds, frame))}`;
  const about = [keyframes(index).includes(frame) ? "keyframe" : "frame"];
  if (now.labels && now.labels.includes(frame)) about.push("labelled");
  if (now.film.step > 1) about.push(`every ${now.film.step}th frame is drawn`);
  get("filmsays").textContent = about.join(", ");
  get("paintedbox").hidden = !now.inpainted;
  if (now.inpainted) {
    show(get("painted"), now.inpainted, frame, still);
    const cost = now.cost ? `, ${figure(now.cost[frame])} nats` : "";
    get("paintedsays").textContent = `inpainted between keyframes${cost}`;
  }
  for (const film of [now.film, now.inpainted]) { // the sheet after this one, before it is needed
    const next = film?.ids[Math.floor(frame / film.step / film.perSheet) + 1];
    if (next !== undefined) sheet(next);
  }
}
