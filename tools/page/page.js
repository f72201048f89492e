"use strict";

// Everything that comes from the node is put in as text, never as HTML.

const retry = 5000; // ms
const shownEvents = 100;
const kept = 60; // points of a graph
const shown = 500; // peers
const history = new Map();
const find = (id) => document.getElementById(id);

function element(name, text, kind) {
  const result = document.createElement(name);
  if (text !== undefined) result.textContent = text;
  if (kind) result.className = kind;
  return result;
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit + 1 < units.length) {
    count /= 1024;
    ++unit;
  }
  return (unit > 0 && count < 10 ? count.toFixed(1) : Math.floor(count)) + " " + units[unit];
}

function span(ms) {
  if (ms < 10) return ms.toFixed(1) + " ms";
  if (ms < 1000) return Math.round(ms) + " ms";
  const s = Math.floor(ms / 1000);
  if (s < 120) return s + " s";
  if (s < 7200) return Math.floor(s / 60) + " min";
  if (s < 172800) return Math.floor(s / 3600) + " h";
  return Math.floor(s / 86400) + " d";
}

// A graph of one or more lines, for eyes; the numbers beside it are for all.
function graph(lines) {
  const space = "http://www.w3.org/2000/svg";
  const result = document.createElementNS(space, "svg");
  result.setAttribute("viewBox", "0 0 " + (kept - 1) + " 20");
  result.setAttribute("preserveAspectRatio", "none");
  result.setAttribute("aria-hidden", "true");
  const top = Math.max(1e-9, ...lines.flatMap((x) => x.values));
  for (const { values, kind } of lines) {
    const line = document.createElementNS(space, "polyline");
    const first = kept - values.length;
    line.setAttribute("class", kind);
    line.setAttribute("points",
      values.map((y, i) => (first + i) + "," + (19 - 18 * y / top)).join(" "));
    result.append(line);
  }
  return result;
}

function cell(row, label, ...content) {
  const result = element("td");
  result.dataset.label = label;
  result.append(...content);
  row.append(result);
}

// What has been seen of a peer, with what is seen now.
function remember(peer, now) {
  const known = history.get(peer.node) ?? { in: [], out: [], trips: [] };
  if (known.at !== undefined && now > known.at) {
    const rate = (a, b) => Math.max(0, (a - b) * 1000 / (now - known.at));
    known.in.push(rate(peer.messages_in, known.messages_in));
    known.out.push(rate(peer.messages_out, known.messages_out));
  }
  if (peer.connection?.round_trip_us !== undefined)
    known.trips.push(peer.connection.round_trip_us / 1000);
  for (const x of [known.in, known.out, known.trips])
    if (x.length > kept) x.shift();
  Object.assign(known, { at: now, messages_in: peer.messages_in, messages_out: peer.messages_out });
  history.set(peer.node, known);
  return known;
}

function last(values) {
  return values.length > 0 ? values[values.length - 1] : 0;
}

function waiting(x) {
  const result = element("span");
  if (x.messages === 0) {
    result.textContent = "0";
    return result;
  }
  result.textContent = x.messages + " (" + bytes(x.bytes) + ", " + span(x.oldest_ms) + ")";
  for (const y of x.engines) {
    result.append(element("br"), element("small", y.engine + ": " + y.messages));
  }
  return result;
}

function peerRow(peer, seen) {
  const row = element("tr");
  const id = element("code", peer.node.slice(0, 12));
  id.title = peer.node;
  cell(row, "Peer", id, peer.name ? " " + peer.name : "");
  cell(row, "State", element("span", peer.text + (peer.permanent ? " (permanent)" : ""), peer.state));
  if (seen.trips.length > 0 && peer.connection)
    cell(row, "Round trip", graph([{ values: seen.trips, kind: "round-trip" }]), " " + span(last(seen.trips)));
  else cell(row, "Round trip", "-");
  cell(row, "In and out per second",
    graph([{ values: seen.in, kind: "in" }, { values: seen.out, kind: "out" }]),
    " " + Math.round(last(seen.in)) + " / " + Math.round(last(seen.out)));
  cell(row, "Waiting", waiting(peer.waiting));
  cell(row, "Untaken", String(peer.untaken));
  return row;
}

// Those of which there is something to see come first.
function order(a, b) {
  const weight = (x) => [x.state === "idle", x.state === "connected", -x.waiting.messages, x.node];
  const [p, q] = [weight(a), weight(b)];
  for (let i = 0; i < p.length; ++i)
    if (p[i] !== q[i]) return p[i] < q[i] ? -1 : 1;
  return 0;
}

function showPeers(peers, now) {
  const known = new Set(peers.map((x) => x.node));
  for (const id of history.keys()) if (!known.has(id)) history.delete(id);
  const first = peers.sort(order).slice(0, shown);
  find("peers").tBodies[0].replaceChildren(...first.map((x) => peerRow(x, remember(x, now))));
  find("more").textContent =
    peers.length > shown ? "and " + (peers.length - shown) + " more: see /status.json" : "";
}

function showEngines(engines) {
  find("engines").tBodies[0].replaceChildren(...engines.map((x) => {
    const row = element("tr");
    cell(row, "Engine", x.name);
    cell(row, "Kind", x.typed ? "typed" : "plain");
    cell(row, "Untaken", String(x.untaken));
    return row;
  }));
}

// Of a node of one process there are none.
function showWorkers(workers) {
  find("workers-section").hidden = workers.length === 0;
  find("workers").tBodies[0].replaceChildren(...workers.map((x) => {
    const row = element("tr");
    const silence = x.silent_ms === undefined ? "" : " for " + span(x.silent_ms);
    cell(row, "Worker", String(x.worker));
    cell(row, "State", element("span", x.state + silence, x.state === "serving" ? "connected" : "retrying"));
    cell(row, "Peers", String(x.peers));
    cell(row, "Up for", span(x.age_ms));
    cell(row, "Addresses", x.addresses.join(", ") || "-");
    return row;
  }));
}

function showLimits(limits) {
  find("limits").replaceChildren(...limits.map((x) => {
    const text = (n) => x.name.endsWith("_bytes") ? bytes(n) : String(n);
    const near = x.used >= 0.8 * x.max;
    const label = x.name.replaceAll("_", " ") + (x.worker === undefined ? "" : " of worker " + x.worker);
    const item = element("li", label + ": " + text(x.used) + " of " + text(x.max) + " ", near ? "near" : "");
    const bar = element("progress");
    bar.max = Math.max(1, x.max);
    bar.value = x.used;
    bar.setAttribute("aria-label", label);
    item.append(bar);
    return item;
  }));
}

function showEvents(events) {
  find("events").replaceChildren(...events.reverse().map((x) => {
    const { at, event, ...rest } = x;
    const item = element("li", new Date(at).toLocaleTimeString() + " " + event + " ");
    item.append(element("small",
      Object.entries(rest).map(([key, value]) => key + ": " + value).join(", ")));
    return item;
  }));
}

function show(status, events) {
  const name = status.name ? " (" + status.name + ")" : "";
  find("title").textContent = status.node.slice(0, 12) + name;
  document.title = "Node " + status.node.slice(0, 12) + name;
  find("about").textContent = "up for " + span(status.age_ms) + ", " +
    (status.addresses.join(", ") || "nobody is told where it is") + ", " +
    status.known_adverts + " adverts known, " + status.remembered_peers + " peers remembered";
  showPeers(status.peers, performance.now());
  showEngines(status.engines);
  showWorkers(status.workers);
  showLimits(status.limits);
  showEvents(events);
}

const interrupted = "The node does not answer.";
let source;
let events = [];

// The browser tries again by itself, unless the node says no.
function listen() {
  source?.close();
  source = undefined;
  if (!find("refresh").checked || document.hidden) return;
  const mine = source = new EventSource("/stream");
  mine.addEventListener("open", () => { events = []; });
  mine.addEventListener("event", (message) => {
    events.push(JSON.parse(message.data));
    if (events.length > shownEvents) events.shift();
  });
  mine.addEventListener("status", (message) => {
    show(JSON.parse(message.data), events.slice());
    find("trouble").textContent = "";
  });
  mine.addEventListener("error", () => {
    find("trouble").textContent = interrupted;
    if (mine.readyState === EventSource.CLOSED) setTimeout(listen, retry);
  });
}

find("refresh").addEventListener("change", listen);
document.addEventListener("visibilitychange", listen);
listen();
