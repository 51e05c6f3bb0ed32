// Draws the report out of the JSON beside it. Texts come from tasks and file names: they are set as text, never as HTML.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);

/** Make an element; strings among its children become text. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.floor(seconds)}s`;
  const minutes = Math.floor(seconds / 60), two = (number) => String(number).padStart(2, "0");
  if (minutes < 60) return `${minutes}m${two(Math.floor(seconds % 60))}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h${two(minutes % 60)}m` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}

function amount(value, digits) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en", {maximumFractionDigits: digits ?? 2});
}

const LONG = 24; // characters that fit into one column of facts

function facts(list, pairs) {
  for (const [name, value] of pairs) {
    if (value !== "" && value !== null && value !== undefined) {
      const text = String(value);
      list.append(make("div", text.length > LONG ? {class: "long"} : {}, make("dt", {}, name), make("dd", {}, text)));
    }
  }
}

/** A link only where it leads somewhere that a browser may go to by a click: nothing but http and https. */
function linked(text, target) {
  if (!/^https:\/\//.test(target || "")) return text;
  return make("a", {href: target, rel: "noopener noreferrer"}, text);
}

/**
 * Fill a table. A cell is a text, or a pair of a number to sort by and its text.
 * @param {string[]} heads names of the columns
 */
function fill(table, heads, rows) {
  const body = make("tbody");
  const cells = heads.map((head, column) => {
    const button = make("button", {type: "button"}, head);
    const cell = make("th", {scope: "col"}, button);
    button.addEventListener("click", () => sort(column, cell));
    return cell;
  });
  const key = (row, column) => (Array.isArray(row[column]) ? row[column][0] : row[column]);
  function show() {
    body.replaceChildren(...rows.map((row) => make("tr", {}, ...row.map((cell, column) =>
      make(column ? "td" : "th", column ? {} : {scope: "row"}, Array.isArray(cell) ? cell[1] : cell)))));
  }
  function sort(column, cell) {
    const up = cell.getAttribute("aria-sort") === "descending";
    for (const other of cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.sort((one, other) => {
      const a = key(one, column) ?? -1, b = key(other, column) ?? -1;
      return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1);
    });
    show();
  }
  table.replaceChildren(make("thead", {}, make("tr", {}, ...cells)), body);
  show();
}

const ENDS = ["under-way", "succeeded", "failed", "host-lost", "out-of-memory", "stopped"];
const COLOURS = {
  "under-way": "running", succeeded: "running", failed: "failed", "host-lost": "host-lost",
  "out-of-memory": "out-of-memory", stopped: "stopped",
};
const LEGEND = [
  ["waiting", "waiting for a host"], ["starting", "starting"], ["running", "running"], ["failed", "ran, and failed"],
  ["host-lost", "host lost"], ["out-of-memory", "out of memory"], ["stopped", "stopped"], ["cached", "from the call cache"],
];

function showTop() {
  at("name").textContent = data.name;
  const outcome = at("outcome");
  outcome.textContent = data.outcome;
  outcome.className = data.state;
  facts(at("facts"), data.facts);
  if (data.failure) {
    at("failure").hidden = false;
    at("failure-message").textContent = data.failure.message;
    at("failure-remedy").textContent = data.failure.remedy && `What to do: ${data.failure.remedy}.`;
    at("failure-stderr").textContent = data.failure.stderr.join("\n");
    facts(at("failure-facts"), data.failure.facts);
  }
}

function showTables() {
  const hours = (value) => [value, amount(value, Math.abs(value) < 0.1 ? 4 : 2)];
  const money = (value) => [value ?? -1, value === null ? "–" : `$${value.toFixed(value < 1 ? 4 : 2)}`];
  const heads = ["Task", "Calls", "Cached", "Failed", "Tries", "Hosts lost", "Waited", "Ran", "vCPU-hours", "GiB-hours", "Cost"];
  fill(at("tasks"), heads, data.tasks.map((row) => [
    row.task, row.calls, row.cached, row.failed, row.tries, row.lost, [row.waiting, duration(row.waiting)],
    [row.running, duration(row.running)], hours(row.vcpuHours), hours(row.gibHours), money(row.cost)]));
  at("cost-notes").append(...data.costNotes.map((text) => make("li", {}, text)));
  fill(at("slowest"), ["Call", "Ran", "Waited", "Tries"], data.slowest.map((row) => [
    row.call, [row.running, duration(row.running)], [row.waiting, duration(row.waiting)], row.tries]));
  at("waste").hidden = !data.wasteful.length;
  fill(at("wasteful"), ["Call", "GiB-hours unused", "Asked for, MiB", "Peak, MiB", "Why"], data.wasteful.map((row) => [
    row.call, hours(row.unused), [row.memory, amount(row.memory)], [row.peak ?? -1, amount(row.peak)], row.why]));
  at("advice").hidden = !data.advice.length;
  at("advice-command").textContent = data.adviceCommand;
  const advice = ["Task", "Memory, MiB", "Peak, MiB", "Held, MiB", "Would do, MiB", "vCPUs", "Busy", "Would do", "GiB-hours saved", "Saved"];
  fill(at("advice-table"), advice, data.advice.map((row) => [
    row.task, [row.memory, amount(row.memory)], [row.peak, amount(row.peak)], [row.held ?? -1, amount(row.held)],
    [row.suggestedMemory, amount(row.suggestedMemory)], [row.vcpus, amount(row.vcpus)], [row.cores ?? -1, amount(row.cores)],
    [row.suggestedVcpus, amount(row.suggestedVcpus)], hours(row.savedGibHours), money(row.savedCost)]));
}

/** Show which share of what it asked for a task used, as a scale from nothing to all. */
function showUse() {
  at("use").hidden = !data.use.length;
  at("use-note").textContent = data.useNote;
  for (const row of data.use) {
    const scale = make("div", {class: "scale", "aria-hidden": "true"});
    const percent = (share) => `${Math.min(100, Math.max(0, share * 100))}%`;
    const band = make("i"), mark = make("b");
    band.style.left = percent(row.low);
    band.style.width = `calc(max(2px, ${percent(row.high)} - ${percent(row.low)}))`;
    mark.style.left = percent(row.median);
    scale.append(band, mark);
    const whole = (share) => `${share > 0 && share < 0.005 ? "<\u00a01" : Math.round(share * 100)}\u00a0%`;
    const alike = whole(row.low) === whole(row.most);
    const text = alike ? whole(row.most) : `${whole(row.low)} to ${whole(row.high)}, median ${whole(row.median)}, most ${whole(row.most)}`;
    at("use-rows").append(make("div", {class: "use"},
      make("span", {}, row.task), make("span", {class: "quiet"}, row.what), scale, make("span", {class: "share"}, text)));
  }
}

function showValues(list, values) {
  for (const [name, items] of values) {
    list.append(make("dt", {}, name));
    for (const [text, target] of items) list.append(make("dd", {}, linked(text, target)));
  }
}

function showRest() {
  showValues(at("outputs"), data.outputs);
  showValues(at("inputs"), data.inputs);
  at("outputs-box").hidden = !data.outputs.length;
  at("inputs-box").hidden = !data.inputs.length;
  at("values").hidden = !data.outputs.length && !data.inputs.length;
  at("command").textContent = data.command;
  if (!data.command) at("again-h").textContent = "Versions";
  facts(at("versions"), data.versions);
  at("notes").append(...data.notes.map((text) => make("li", {}, text)));
}

// The timeline. Calls are rows in the order in which they began; tries are columns of numbers, as there may be many
// thousands: nothing is made of a call before it is looked at.
class Timeline {
  constructor(calls, tries, span) {
    this.calls = calls;
    this.tries = tries;
    this.span = span;
    this.first = new Uint32Array(calls.name.length + 1);
    for (const call of tries.call) this.first[call + 1] += 1;
    for (let row = 0; row < calls.name.length; row += 1) this.first[row + 1] += this.first[row];
    this.selected = -1;
    this.select("");
  }

  /** Show only the calls whose name has a text. */
  select(text) {
    const wanted = text.trim().toLowerCase();
    this.rows = [];
    this.calls.name.forEach((name, row) => {
      const words = `${name} ${data.names[this.calls.task[row]]}`.toLowerCase();
      if (!wanted || words.includes(wanted)) this.rows.push(row);
    });
    this.all();
  }

  all() {
    this.view = {from: 0, to: Math.max(this.span, 0.001), top: 0, bottom: Math.max(this.rows.length, 1)};
  }

  /** Show a part; never less than 10 ms and 3 rows, and nothing outside of the run. */
  show(from, to, top, bottom) {
    const rows = Math.max(this.rows.length, 1), span = Math.max(this.span, 0.001);
    const width = Math.min(span, Math.max(0.01, to - from)), height = Math.min(rows, Math.max(3, bottom - top));
    const left = Math.min(Math.max(0, from), span - width), up = Math.min(Math.max(0, top), rows - height);
    this.view = {from: left, to: left + width, top: up, bottom: up + height};
  }

  zoom(factor, x, y) {
    const {from, to, top, bottom} = this.view;
    const time = from + (to - from) * x, row = top + (bottom - top) * y;
    this.show(time - (time - from) * factor, time + (to - time) * factor,
      row - (row - top) * factor, row + (bottom - row) * factor);
  }

  /** Bring a row into view, by its place among those shown. */
  reveal(place) {
    const {from, to, top, bottom} = this.view, height = bottom - top;
    const up = place < top ? place : place + 1 > bottom ? place + 1 - height : top;
    this.show(from, to, up, up + height);
  }
}

/** Round steps for an axis: about as many as fit. */
function ticks(from, to, most) {
  const steps = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 604800];
  const step = steps.find((one) => (to - from) / one <= most) || (to - from) / most;
  const found = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) found.push(time);
  return found;
}

const AXIS = 22;

function draw(canvas, line) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const colours = ENDS.map((end) => colour(COLOURS[end]));
  const [waiting, starting, cached, text, rule, back] =
    ["waiting", "starting", "cached", "text", "line", "back"].map(colour);
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.parentElement.clientWidth;
  const height = Math.max(120, Math.min(480, line.rows.length * 22)) + AXIS;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = back;
  pen.fillRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const {from, to, top, bottom} = line.view;
  const perSecond = width / (to - from), perRow = (height - AXIS) / (bottom - top);
  const x = (time) => (time - from) * perSecond;
  for (const time of ticks(from, to, width / 80)) {
    pen.fillStyle = rule;
    pen.fillRect(x(time), 0, 1, height);
    pen.fillStyle = text;
    pen.fillText(duration(time), x(time) + 4, AXIS / 2);
  }
  const bar = Math.max(1, Math.min(perRow * 0.8, 18));
  const tries = line.tries;
  // Where many rows share a pixel, what went wrong is drawn last: it must not vanish beneath what went well.
  const late = [];
  let first, last, gap; // where a row's bars begin and end, and the widest room between two of them that is in view
  const piece = (fill, y, start, end) => {
    const left = Math.max(-1, x(start)), right = Math.min(width + 1, x(end));
    const room = [Math.max(last, 0), Math.min(x(start), width)];
    if (first < last && room[1] - room[0] > gap[1] - gap[0]) gap = room;
    [first, last] = [Math.min(first, x(start)), Math.max(last, x(end))];
    if (right < 0 || left > width) return;
    pen.fillStyle = fill;
    pen.fillRect(left, y, Math.max(1, right - left), bar);
  };
  for (let place = Math.floor(top); place < Math.min(line.rows.length, Math.ceil(bottom)); place += 1) {
    const row = line.rows[place], y = AXIS + (place - top) * perRow + (perRow - bar) / 2;
    [first, last, gap] = [Infinity, -Infinity, [0, 0]];
    if (line.calls.state[row] === data.states.indexOf("cached")) {
      const time = line.calls.began[row] ?? 0;
      piece(cached, y, time, line.calls.ended[row] ?? time);
    }
    for (let one = line.first[row]; one < line.first[row + 1]; one += 1) {
      const created = tries.created[one], started = tries.started[one], stopped = tries.stopped[one] ?? line.span;
      if (created === null && started === null) continue;
      const onHost = tries.starting[one] ?? started ?? stopped;
      if (created !== null) piece(waiting, y, created, onHost);
      if (started !== null) {
        piece(starting, y, onHost, started);
        piece(colours[tries.end[one]], y, started, stopped);
      }
      if (tries.end[one] > 1) late.push([tries.end[one], y, stopped]);
    }
    if (line.selected === row) {
      pen.strokeStyle = text;
      pen.lineWidth = 2;
      pen.strokeRect(1, y - 2, width - 2, bar + 4);
    }
    if (first > last) first = last = x(line.calls.began[row] ?? 0);
    if (perRow >= 13) label(pen, line.calls.name[row], y + bar / 2, {first, last, gap, width, bar}, text, back);
  }
  for (const [end, y, stopped] of late) {
    pen.fillStyle = colours[end];
    pen.fillRect(x(stopped) - 2, y - (bar < 4 ? 1 : 0), 4, Math.max(bar, 3));
  }
}

/** Write a call's name behind its bars, else before or between them; on them, on a plate, where nothing has room. */
function label(pen, name, y, {first, last, gap, width, bar}, text, back) {
  const short = name.length > 60 ? `${name.slice(0, 59)}…` : name;
  const long = pen.measureText(short).width, end = width - long - 4;
  const behind = last + 6, before = first - long - 6;
  const between = gap[1] - gap[0] >= long + 8 ? (gap[0] + gap[1] - long) / 2 : -1;
  const beside = behind <= end ? behind : before >= 4 ? Math.min(before, end) : between;
  const left = beside >= 4 ? beside : Math.max(4, Math.min(first + 4, end));
  if (beside < 4) {
    pen.globalAlpha = 0.8;
    pen.fillStyle = back;
    pen.fillRect(left - 3, y - bar / 2 + 1, long + 6, bar - 2);
    pen.globalAlpha = 1;
  } else {
    pen.lineWidth = 3;
    pen.strokeStyle = back;
    pen.strokeText(short, left, y);
  }
  pen.fillStyle = text;
  pen.fillText(short, left, y);
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CHART = {width: 240, height: 48};

/** Draw columns as an area. What it shows is said beside it, for those who can't see it, too. */
function area(letters) {
  const {width, height} = CHART, step = width / letters.length;
  const make = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  let path = `M0 ${height}`;
  [...letters].forEach((letter, column) => {
    const top = height - (LETTERS.indexOf(letter) / (LETTERS.length - 1)) * (height - 2);
    path += `L${(column * step).toFixed(1)} ${top.toFixed(1)}L${((column + 1) * step).toFixed(1)} ${top.toFixed(1)}`;
  });
  const drawing = make("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"});
  drawing.append(make("path", {d: `${path}L${width} ${height}Z`}));
  return drawing;
}

/** Say how values went: where they began and ended, and their most with its time. */
function course(letters, most, seconds, unit, digits) {
  const value = (column) => amount((LETTERS.indexOf(letters[column]) / (LETTERS.length - 1)) * most, digits);
  const highest = letters.indexOf(LETTERS[LETTERS.length - 1]);
  const when = highest < 0 ? "" : ` after ${duration((seconds * (highest + 1)) / letters.length)}`;
  return `first ${value(0)}, last ${value(letters.length - 1)}, most ${amount(most, digits)} ${unit}${when}`;
}

/** What a try used over time; nothing where it was not sampled. */
function charts(one, tries) {
  if (!data.charts[one]) return [];
  const [seconds, memory, held, cores, busy] = data.charts[one];
  const figure = (name, letters, words) => make("figure", {}, make("figcaption", {}, `${name} over ${duration(seconds)}: ${words}`), area(letters));
  const asked = (value, unit) => (value === null ? "" : `, of ${amount(value)} ${unit} asked for`);
  return [make("div", {class: "charts"},
    figure("Memory without caches", held, course(held, memory, seconds, "MiB", 0) + asked(tries.memory[one], "MiB")),
    figure("Processors busy", busy, course(busy, cores, seconds, "vCPUs", 1) + asked(tries.vcpus[one], "vCPUs")))];
}

/** Say in words what the timeline shows of a call. */
function describe(line, row) {
  const tries = line.tries, items = [];
  for (let one = line.first[row]; one < line.first[row + 1]; one += 1) {
    const created = tries.created[one], started = tries.started[one], stopped = tries.stopped[one] ?? line.span;
    const told = [ENDS[tries.end[one]].replace(/-/g, " ")];
    if (created !== null) told.push(`waited ${duration((started ?? stopped) - created)}`);
    if (started !== null) told.push(`ran ${duration(stopped - started)}`);
    if (tries.exit[one] !== null) told.push(`exit code ${tries.exit[one]}`);
    if (tries.memory[one] !== null) told.push(`asked for ${amount(tries.memory[one])} MiB and ${amount(tries.vcpus[one])} ${tries.vcpus[one] === 1 ? "vCPU" : "vCPUs"}`);
    if (tries.peak[one] !== null) told.push(`peak ${amount(tries.peak[one])} MiB`);
    if (tries.held[one] !== null) told.push(`${amount(tries.held[one])} MiB without caches`);
    if (tries.cores[one] !== null) told.push(`${amount(tries.cores[one])} processors busy`);
    if (tries.cost[one] !== null) told.push(`$${tries.cost[one].toFixed(4)}`);
    for (const column of ["type", "reason", "job", "stream"]) {
      const name = typeof tries[column][one] === "number" ? data.names[tries[column][one]] : tries[column][one];
      if (name) told.push(name);
    }
    items.push(make("li", {}, told.join(", "), ...charts(one, tries)));
  }
  const state = data.states[line.calls.state[row]], message = data.names[line.calls.message[row]];
  const box = [make("h3", {}, line.calls.name[row])];
  box.push(make("p", {}, message ? `${state}: ${message}` : state), make("ol", {}, ...items));
  at("detail").replaceChildren(...box);
}

function runTimeline() {
  const line = new Timeline(data.calls, data.tries, data.span);
  const canvas = at("canvas"), stage = at("stage"), band = at("band");
  let asked = false;
  const paint = () => {
    asked = false;
    draw(canvas, line);
    const {top, bottom} = line.view;
    const shown = Math.min(line.rows.length, Math.ceil(bottom) - Math.floor(top));
    at("shown").textContent = `${shown} of ${line.calls.name.length} calls are in view.`;
    stage.setAttribute("aria-label", `Timeline of ${line.calls.name.length} calls over ${duration(line.span)}`);
  };
  const redraw = () => {
    if (!asked) requestAnimationFrame(paint);
    asked = true;
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top - AXIS) / (box.height - AXIS);
    return {x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y))};
  };
  const choose = (wanted) => {
    const found = Math.max(0, Math.min(line.rows.length - 1, wanted));
    if (!line.rows.length) return;
    line.selected = line.rows[found];
    line.reveal(found);
    describe(line, line.selected);
    redraw();
  };
  const moved = (seconds) => line.show(line.view.from + seconds, line.view.to + seconds, line.view.top, line.view.bottom);
  let begun = null;
  stage.addEventListener("pointerdown", (event) => {
    begun = place(event);
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!begun) return;
    const now = place(event), box = canvas.getBoundingClientRect(), high = box.height - AXIS;
    band.hidden = false;
    band.style.left = `${Math.min(begun.x, now.x) * box.width}px`;
    band.style.width = `${Math.abs(begun.x - now.x) * box.width}px`;
    band.style.top = `${AXIS + Math.min(begun.y, now.y) * high}px`;
    band.style.height = `${Math.abs(begun.y - now.y) * high}px`;
  });
  stage.addEventListener("pointercancel", () => {
    begun = null;
    band.hidden = true;
  });
  stage.addEventListener("pointerup", (event) => {
    if (!begun) return;
    const now = place(event), {from, to, top, bottom} = line.view, started = begun;
    begun = null;
    band.hidden = true;
    if (Math.abs(now.x - started.x) < 0.01) return choose(Math.floor(top + (bottom - top) * now.y));
    const [left, right] = [started.x, now.x].sort((a, b) => a - b), [up, down] = [started.y, now.y].sort((a, b) => a - b);
    const all = down - up < 0.05; // a drag along the time keeps the rows
    line.show(from + (to - from) * left, from + (to - from) * right,
      all ? top : top + (bottom - top) * up, all ? bottom : top + (bottom - top) * down);
    redraw();
  });
  stage.addEventListener("dblclick", () => {
    line.all();
    redraw();
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // a wheel alone scrolls the page
    event.preventDefault();
    const {x, y} = place(event);
    line.zoom(event.deltaY > 0 ? 1.25 : 0.8, x, y);
    redraw();
  }, {passive: false});
  const step = () => (line.view.to - line.view.from) / 5;
  const keys = {
    ArrowDown: () => choose(line.rows.indexOf(line.selected) + 1),
    ArrowUp: () => choose(line.rows.indexOf(line.selected) - 1),
    ArrowLeft: () => moved(-step()),
    ArrowRight: () => moved(step()),
    Home: () => choose(0),
    End: () => choose(line.rows.length - 1),
    Escape: () => line.all(),
    "+": () => line.zoom(0.5, 0.5, focus()),
    "=": () => line.zoom(0.5, 0.5, focus()),
    "-": () => line.zoom(2, 0.5, focus()),
  };
  const focus = () => {
    const {top, bottom} = line.view, found = line.rows.indexOf(line.selected);
    return found < top || found > bottom ? 0.5 : (found + 0.5 - top) / (bottom - top);
  };
  stage.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    redraw();
  });
  const press = (id, act) => at(id).addEventListener("click", () => {
    act();
    redraw();
  });
  press("zoom-in", () => line.zoom(0.5, 0.5, focus()));
  press("zoom-out", () => line.zoom(2, 0.5, focus()));
  press("zoom-all", () => line.all());
  at("filter").addEventListener("input", (event) => {
    line.select(event.target.value);
    redraw();
  });
  at("legend").append(...LEGEND.map(([name, text]) => {
    const box = make("span", {"aria-hidden": "true"});
    box.style.background = `var(--${name})`;
    return make("li", {}, box, text);
  }));
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // Paper is white whatever the screen is.
  for (const [event, add] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(event, () => {
      document.documentElement.classList.toggle("print", add);
      paint();
    });
  }
  paint();
}

showTop();
showTables();
showUse();
showRest();
runTimeline();
document.documentElement.dataset.ready = "yes";
