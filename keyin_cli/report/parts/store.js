// What the page knows, and small helpers. Everything below runs in one function, and only text is ever put into the page.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

const get = (id) => document.getElementById(id);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function colour(element, place) {
  element.style.setProperty("--c", `var(--c${place % 10})`);
  return element;
}

// Numbers that grow evenly come as the first one and a step.
const at = (values, index) => (Array.isArray(values) ? values[index] : values.first + values.step * index);
const round = (value, digits) => Number(value.toFixed(digits));

function figure(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) return value.toExponential(1).replace("e+", "e");
  return size >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes}:${(seconds % 60).toFixed(1).padStart(4, "0")} min` : `${seconds.toFixed(2)} s`;
}

// Sheets of frames are decoded when one of their frames is looked at.
const decoded = new Map();
function sheet(id, then) {
  let there = decoded.get(id);
  if (!there) {
    const image = new Image();
    there = { image, ready: false, waiting: [] };
    decoded.set(id, there);
    image.src = "data:image/webp;base64," + get(`sheet-${id}`).textContent.trim();
    image.decode().then(() => {
      there.ready = true;
      for (const waiting of there.waiting.splice(0)) waiting();
    });
  }
  if (there.ready) return there.image;
  if (then) there.waiting.push(then);
  return null;
}

// Draw frame `index` of a film into a rectangle; `then` is called when its sheet is there, if it was not.
function paint(context, film, index, x, y, width, height, then) {
  const place = Math.floor(index / film.step);
  const image = sheet(film.ids[Math.floor(place / film.perSheet)], then);
  if (!image) return false;
  const cell = place % film.perSheet;
  const column = cell % film.columns, row = Math.floor(cell / film.columns);
  context.drawImage(image, column * film.width, row * film.height, film.width, film.height, x, y, width, height);
  return true;
}

// Fit a frame into a canvas of its own size; small frames are drawn with sharp pixels.
function show(canvas, film, index, still) {
  if (canvas.width !== film.width || canvas.height !== film.height) {
    canvas.width = film.width;
    canvas.height = film.height;
    canvas.style.setProperty("--ratio", film.width / film.height);
  }
  canvas.classList.toggle("crisp", film.width <= 96);
  paint(canvas.getContext("2d"), film, index, 0, 0, film.width, film.height, () => still() && show(canvas, film, index, still));
}
