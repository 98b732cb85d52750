// Keyframes as they are edited, undone and downloaded.
const edits = data.episodes.map((each) => ({ now: each.keyframes ? [...each.keyframes] : [], touched: false }));
const past = [], future = [];
let downloaded = 0; // how many edits the latest download had
const keyframes = (index) => edits[index].now;
const changed = (index) => String(edits[index].now) !== String(data.episodes[index].keyframes || []);

function put(index, list, note) {
  const before = edits[index].now, touched = edits[index].touched;
  if (String(before) === String(list)) return;
  past.push({ index, before, touched, after: list });
  future.length = 0;
  edits[index] = { now: list, touched: true };
  say(note);
  tell("keyframes");
}

function restore(from, to, which) {
  const edit = from.pop();
  if (!edit) return;
  to.push(edit);
  const list = which === "before" ? edit.before : edit.after;
  edits[edit.index] = { now: list, touched: which === "before" ? edit.touched : true };
  if (edit.index !== state.episode) choose(edit.index);
  const moved = edit.after.find((each) => !edit.before.includes(each)) ?? edit.before.find((each) => !edit.after.includes(each));
  const back = which === "before" ? edit.before.find((each) => !edit.after.includes(each)) : undefined;
  seek(back ?? moved ?? state.frame);
  say(which === "before" ? "Undone." : "Done again.");
  tell("keyframes");
}

const undo = () => restore(past, future, "before");
const redo = () => restore(future, past, "after");
const number = (index, frame) => Math.round(at(data.episodes[index].frames, frame));

function add(frame) {
  if (keyframes(state.episode).includes(frame)) return;
  const list = [...keyframes(state.episode), frame].sort((a, b) => a - b);
  put(state.episode, list, `Keyframe ${number(state.episode, frame)} added.`);
}

function drop(frame) {
  const list = keyframes(state.episode).filter((each) => each !== frame);
  put(state.episode, list, `Keyframe ${number(state.episode, frame)} deleted.`);
}

const toggle = (frame) => (keyframes(state.episode).includes(frame) ? drop(frame) : add(frame));

// Where a keyframe may be moved: between its neighbours.
function bounds(frame) {
  const before = neighbour(frame, -1), after = neighbour(frame, 1);
  return [before === null ? 0 : before + 1, after === null ? episode().n - 1 : after - 1];
}

function move(from, to) {
  const wanted = clamp(to, ...bounds(from));
  if (wanted === from) return from;
  const list = keyframes(state.episode).map((each) => (each === from ? wanted : each));
  put(state.episode, list, `Keyframe ${number(state.episode, from)} moved to ${number(state.episode, wanted)}.`);
  return wanted;
}

function nudge(direction) {
  const frame = state.frame;
  if (!keyframes(state.episode).includes(frame)) return say("There is no keyframe here to move; k adds one.");
  seek(move(frame, frame + direction));
}

// The file, as keyframes.json of `keyin find`: numbers are the source's. What was not touched goes back as it came.
function told() {
  const { rest, method, ...about } = data.editing;
  const episodes = [];
  let any = false;
  data.episodes.forEach((each, index) => {
    if (each.keyframes === null && !edits[index].touched) return; // nobody looked for any, which is other than none
    any = any || changed(index);
    const known = new Map(each.known.map(([frame, ...more]) => [frame, more]));
    const list = edits[index].now.map((frame) => {
      const [source, time, chance] = known.get(frame) || [];
      const seconds = time ?? round(at(each.seconds, frame), 6);
      return { source: source ?? number(index, frame), time: seconds, chance: chance ?? 1 };
    });
    episodes.push({
      episode: each.number,
      name: each.name,
      frames: Math.max(each.length ?? 0, ...list.map((keyframe) => keyframe.source + 1)),
      keyframes: list.map((keyframe) => keyframe.source),
      times: list.map((keyframe) => keyframe.time),
      probability: list.map((keyframe) => keyframe.chance),
    });
  });
  const all = [...episodes, ...rest].sort((a, b) => a.episode - b.episode);
  return { ...about, method: any ? [method, "edited by hand"].filter(Boolean).join(", ") : method, episodes: all };
}

function download() {
  const blob = new Blob([JSON.stringify(told(), null, 2) + "\n"], { type: "application/json" });
  const link = make("a", { href: URL.createObjectURL(blob), download: "keyframes.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  downloaded = past.length;
  say("keyframes.json is downloaded: give it to keyin import --labels, or to keyin export.");
}

function say(text) {
  get("status").textContent = text;
}

function showEdits() {
  const there = keyframes(state.episode).includes(state.frame);
  get("toggle").textContent = there ? "Delete keyframe" : "Add keyframe";
  get("undo").disabled = !past.length;
  get("redo").disabled = !future.length;
}
