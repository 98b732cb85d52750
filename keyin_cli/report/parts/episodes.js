// The list of episodes, and the cards of the keyframes of one.
const items = [];
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    const index = Number(entry.target.dataset.index);
    show(entry.target, data.episodes[index].film, keyframes(index)[0] ?? 0, () => true);
  }
}, { rootMargin: "200px" });

function list() {
  data.episodes.forEach((each, index) => {
    const face = make("canvas", { ariaHidden: "true" });
    face.dataset.index = index;
    const words = make("span", {}, make("b", { textContent: each.shown, title: each.shown }), make("small"), draw("svg"));
    const item = make("button", { type: "button", className: "item" }, face, words);
    item.onclick = () => choose(index);
    items.push(item);
    get("episodes").append(make("li", {}, item));
    showItem(index);
    seen.observe(face);
  });
}

function showItem(index) {
  const item = items[index], each = data.episodes[index], there = keyframes(index);
  const small = item.querySelector("small");
  small.textContent = `${there.length} ${there.length === 1 ? "keyframe" : "keyframes"}, ${each.n} frames`;
  item.classList.toggle("edited", changed(index));
  const width = Math.max(1.2, each.n / 60);
  const ticks = there.map((frame) => draw("rect", { x: frame + 0.5 - width / 2, width, y: 0, height: 6 }));
  const svg = draw("svg", { class: "ticks", viewBox: `0 0 ${each.n} 6`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...ticks);
  item.querySelector("svg").replaceWith(svg);
}

function showChosen(scroll) {
  items.forEach((item, index) => item.setAttribute("aria-current", index === state.episode));
  const item = items[state.episode].parentElement, box = get("episodes");
  if (scroll) {
    const top = item.offsetTop - box.offsetTop, left = item.offsetLeft - box.offsetLeft;
    if (top < box.scrollTop || top + item.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
    if (left < box.scrollLeft || left + item.offsetWidth > box.scrollLeft + box.clientWidth) box.scrollLeft = left - 12;
  }
  get("name").textContent = episode().shown;
}

function showCards() {
  const now = episode(), index = state.episode, there = keyframes(index);
  const cards = there.map((frame) => {
    const canvas = make("canvas", { width: now.film.width, height: now.film.height });
    show(canvas, now.film, frame, () => canvas.isConnected);
    const jumper = make("button", { type: "button" }, canvas);
    jumper.setAttribute("aria-label", `to keyframe ${number(index, frame)}`);
    jumper.onclick = () => seek(frame);
    const words = make("p", {}, make("b", { textContent: number(index, frame) }), ` · ${clock(at(now.seconds, frame))}`);
    const card = make("div", { className: "card", role: "listitem" }, jumper);
    card.dataset.frame = frame;
    card.classList.toggle("changed", !(now.keyframes || []).includes(frame));
    if (data.editing) {
      const bin = make("button", { type: "button", className: "drop", textContent: "×", title: "delete this keyframe" });
      bin.setAttribute("aria-label", `delete keyframe ${number(index, frame)}`);
      bin.onclick = () => drop(frame);
      card.append(bin);
    }
    card.append(words);
    return card;
  });
  const none = now.keyframes === null ? "Nobody looked for keyframes here yet." : "There are no keyframes here.";
  const hint = data.editing ? " Step to a frame and press k to mark it." : "";
  get("cards").replaceChildren(...(cards.length ? cards : [make("p", { className: "none", textContent: none + hint })]));
  showHere(false);
}

function showHere(scroll) {
  for (const card of get("cards").children) {
    const here = Number(card.dataset.frame) === state.frame;
    card.classList.toggle("here", here);
    if (here && scroll) {
      const box = get("cards");
      box.scrollTop = card.offsetTop - box.offsetTop - (box.clientHeight - card.offsetHeight) / 2;
      box.scrollLeft = card.offsetLeft - box.offsetLeft - (box.clientWidth - card.offsetWidth) / 2;
    }
  }
}
