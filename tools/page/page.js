// The summary at the top, and the stream of what the node says.

function peersLine(peers) {
  const wanted = peers.filter((x) => x.state !== "idle");
  const missing = wanted.filter((x) => x.state !== "connected");
  const idle = peers.length - wanted.length;
  const text = number(wanted.length - missing.length) + " of " + number(wanted.length) + " connected" +
    (missing.length > 0 ? "; not: " + list(missing.map((x) => who(x) + " (" + reason(x) + ")")) : "") +
    (idle > 0 ? "; " + number(idle) + " idle" : "");
  return ["Peers", text, missing.length > 0 ? "behind" : "connected"];
}

function enginesLine(engines) {
  const behind = engines.filter((x) => x.behind);
  if (behind.length === 0) return ["Engines", "none of " + number(engines.length) + " is behind", "connected"];
  return ["Engines", number(behind.length) + " of " + number(engines.length) + " behind: " +
    list(behind.map((x) => x.engine.name + " (" + messages(x.engine.untaken) + ", oldest " + span(x.oldest) + ": from " + fromText(x) + ")")), "behind"];
}

function toSendLine(peers, all) {
  const old = peers.filter((x) => isLate(x.waiting)).sort((a, b) => b.waiting.oldest_ms - a.waiting.oldest_ms);
  if (old.length === 0) return ["To send", all.toSend.messages > 0 ? messages(all.toSend.messages) : "nothing", "connected"];
  return ["To send", messages(all.toSend.messages) + " (" + bytes(all.toSend.bytes) + "), waiting: " +
    list(old.map((x) => number(x.waiting.messages) + " to " + who(x) + ", oldest " + span(x.waiting.oldest_ms))), "behind"];
}

function limitsLine(limits) {
  if (limits.length === 0) return ["Limits", "none", ""];
  const near = limits.filter(isNear);
  const text = (x) => limitName(x) + " " + percent(x);
  return near.length > 0 ? ["Limits", "near: " + near.map(text).join(", "), "near"]
    : ["Limits", "none is near; fullest: " + text(limits[0]), "connected"];
}

function speedLine(peers, all) {
  const trips = peers.flatMap((x) => x.connection?.round_trip_us ?? []).map((x) => x / 1000).sort((a, b) => a - b);
  const text = "in " + rate(all.rates[0]) + " messages/s (" + bytes(all.rates[2]) + "/s), out " +
    rate(all.rates[1]) + " messages/s (" + bytes(all.rates[3]) + "/s)" +
    (trips.length === 0 ? "" : "; round trip " + (trips.length > 1 ? span(trips[0]) + " to " : "") + span(trips.at(-1)));
  return ["Speed", text, ""];
}

function showSummary(lines) {
  find("summary").replaceChildren(...lines.flatMap(([label, text, kind]) =>
    [element("dt", label), element("dd", text, kind)]));
}

function showTitle(status) {
  const connected = status.peers.filter((x) => x.state === "connected").length;
  find("title").textContent = who(status) + (status.name ? " (" + status.node.slice(0, 12) + ")" : "");
  document.title = number(connected) + " connected - node " + who(status);
  find("about").textContent = "up for " + span(status.age_ms) + ", " +
    (status.addresses.join(", ") || "nobody is told where it is") + ", " +
    number(status.known_adverts) + " adverts known, " + number(status.remembered_peers) + " peers remembered";
}

function show(status, events) {
  const now = performance.now();
  const known = new Set(status.peers.map((x) => x.node));
  for (const id of history.keys()) if (!known.has(id)) history.delete(id);
  for (const x of status.peers) remember(x, now);
  const engines = judgeAll(status, now);
  const all = totals(status.peers);
  const limits = [...status.limits].sort((a, b) => share(b) - share(a));
  showTitle(status);
  showSummary([peersLine(status.peers), enginesLine(engines), toSendLine(status.peers, all),
    limitsLine(limits), speedLine(status.peers, all), ["Updated", zone(Date.now()), ""]]);
  showPeers(status, all, now);
  showEngines(engines);
  showWorkers(status.workers);
  showLimits(limits, status.peers);
  showEvents(events, status.names);
  find("content").hidden = false;
}

let source;
let events = [];
let asked = 0; // since when
let updated; // when the last answer came

function showTrouble(isTrouble) {
  find("trouble").textContent = !isTrouble ? ""
    : updated === undefined ? "No answer from the node."
    : "No answer since " + clock(updated) + ": all this is of then.";
  document.body.classList.toggle("stale", isTrouble);
}

// The browser tries again by itself, unless the node says no.
function listen() {
  source?.close();
  source = undefined;
  if (!find("refresh").checked || document.hidden) return;
  asked = Date.now();
  const mine = source = new EventSource("/stream");
  mine.addEventListener("open", () => { events = []; });
  mine.addEventListener("event", (message) => {
    events.push(JSON.parse(message.data));
    if (events.length > shownEvents) events.shift();
  });
  mine.addEventListener("status", (message) => {
    updated = Date.now();
    show(JSON.parse(message.data), events.slice());
    showTrouble(false);
  });
  mine.addEventListener("error", () => {
    showTrouble(true);
    if (mine.readyState === EventSource.CLOSED) setTimeout(listen, retry);
  });
}

// A node that is stuck ends no connection.
setInterval(() => {
  if (source && Date.now() - Math.max(asked, updated ?? 0) > patience) showTrouble(true);
}, 1000);
find("refresh").addEventListener("change", listen);
document.addEventListener("visibilitychange", listen);
listen();
