// Planned tasks: the table from above, the subgoals, and what was done towards each of them.
const scene = { method: 0, task: 0, step: 0, playing: 0 };
const task = () => data.scenes[scene.method].tasks[scene.task];

function flip([x, y]) {
  return [x, -y]; // y grows upwards on the table
}

function disc(point, radius, kind) {
  const [cx, cy] = flip(point);
  return draw("circle", { cx, cy, r: radius, class: kind });
}

function line(points, kind) {
  return draw("polyline", { points: points.map((point) => flip(point).join(",")).join(" "), class: kind });
}

function showScene() {
  const now = task(), { puck, finger, wall } = data.world, [x, y] = flip(now.wall), [w, h] = wall;
  const last = now.path.length - 1, step = clamp(scene.step, 0, last);
  const following = now.current.length ? now.current[Math.min(step, now.current.length - 1)] : -1;
  const world = get("world");
  world.replaceChildren(
    draw("rect", { x: x - w - puck, y: y - h - puck, width: 2 * (w + puck), height: 2 * (h + puck), rx: puck, class: "w-near" }),
    draw("rect", { x: x - w, y: y - h, width: 2 * w, height: 2 * h, class: "w-wall" }),
    disc(now.path[0], puck, "w-start"),
    line([now.path[0], ...now.subgoals], "w-way"),
    disc(now.goal, puck, "w-goal"),
    line(now.path.slice(0, step + 1), "w-path"),
    disc(now.path[step], puck, "w-puck"),
    disc(now.finger[Math.min(step, now.finger.length - 1)], finger, "w-finger"),
  );
  now.subgoals.forEach((point, place) => {
    const here = place === following ? " now" : "", [cx, cy] = flip(point);
    world.append(disc(point, 0.045, `w-sub${here}`), draw("text", { x: cx, y: cy, class: here.trim() }, String(place + 1)));
  });
  get("step").max = last;
  get("step").value = step;
  const outcome = now.success ? "reached the goal" : `${now.error.toFixed(2)} from the goal`;
  get("worldsays").textContent = `Task ${now.task}, step ${step} of ${last}: ${outcome}. Dashed: from subgoal to subgoal, numbered.`;
}

function showTask() {
  document.querySelectorAll("#tasks button").forEach((each, place) => each.setAttribute("aria-pressed", place === scene.task));
  const strip = data.scenes[scene.method].imagined[task().task];
  get("imagined").hidden = get("imaginedsays").hidden = !strip;
  if (strip) get("imagined").src = strip;
  scene.step = task().path.length - 1;
  showScene();
}

function showTasks() {
  const chosen = task().task, tasks = data.scenes[scene.method].tasks;
  scene.task = Math.max(0, tasks.findIndex((each) => each.task === chosen));
  get("tasks").replaceChildren(...tasks.map((each, place) => {
    const outcome = each.success ? "at the goal" : "not at the goal";
    const button = make("button", { type: "button", textContent: each.task, className: each.success ? "good" : "bad", title: outcome });
    button.setAttribute("aria-label", `task ${each.task}, ${outcome}`);
    button.onclick = () => { halt(); scene.task = place; showTask(); };
    return button;
  }));
  showTask();
}

function halt() {
  cancelAnimationFrame(scene.playing);
  scene.playing = 0;
  get("act").textContent = "▶";
  get("act").setAttribute("aria-label", "play");
}

function act() {
  if (scene.playing) return halt();
  const last = task().path.length - 1, from = scene.step >= last ? 0 : scene.step, begun = performance.now();
  const step = (now) => {
    scene.step = Math.min(last, from + Math.floor((now - begun) / 120));
    showScene();
    if (scene.step >= last) return halt();
    scene.playing = requestAnimationFrame(step);
  };
  scene.playing = requestAnimationFrame(step);
  get("act").textContent = "❚❚";
  get("act").setAttribute("aria-label", "pause");
}

function scenes() {
  get("method").append(...data.scenes.map((each, place) => make("option", { value: place, textContent: each.method })));
  get("method").onchange = (event) => {
    halt();
    const wanted = task().task;
    scene.method = Number(event.target.value);
    scene.task = Math.max(0, data.scenes[scene.method].tasks.findIndex((each) => each.task === wanted));
    showTasks();
  };
  get("step").oninput = (event) => { halt(); scene.step = Number(event.target.value); showScene(); };
  get("act").onclick = act;
  showTasks();
}
