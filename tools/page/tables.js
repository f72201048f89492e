// Engines, workers, limits and events.

// Of those of this node's engines, and of unreliable ones, it is not told.
function fromText(x) {
  if (x.others === 0 && x.from.length === 1) return who(x.from[0].peer);
  const others = x.others > 0 ? [number(x.others) + " of this node, or unreliable"] : [];
  return list([...x.from.map((y) => number(y.messages) + " of " + who(y.peer)), ...others]);
}

function engineState(x) {
  if (!x.behind) return x.engine.untaken > 0 ? "at work" : "nothing waits";
  return (x.moves ? "behind: it takes too little" : x.still >= late ? "behind: it has taken nothing for " + span(x.still) + " or more"
    : "behind") + "; who sends to it waits";
}

function showEngines(engines) {
  find("engines").tBodies[0].replaceChildren(...engines.map((x) => {
    const row = element("tr");
    const kind = x.behind ? "behind" : "";
    const age = x.oldest > 0 ? ", oldest " + span(x.oldest) : "";
    cell(row, "Engine", false, element("strong", x.engine.name), x.engine.typed ? " typed" : "");
    cell(row, "State", false, element("span", engineState(x), kind));
    cell(row, "Received, not taken", x.engine.untaken === 0, element("span", number(x.engine.untaken) + age, kind));
    cell(row, "From", x.engine.untaken === 0, fromText(x) || "-");
    return row;
  }));
}

// Of a node of one process there are none.
function showWorkers(workers) {
  find("workers-section").hidden = workers.length === 0;
  find("workers").tBodies[0].replaceChildren(...workers.map((x) => {
    const row = element("tr");
    const silence = x.silent_ms === undefined ? "" : " for " + span(x.silent_ms);
    cell(row, "Worker", false, String(x.worker));
    cell(row, "State", false, element("span", x.state + silence, x.state === "serving" ? "connected" : "retrying"));
    cell(row, "Peers", false, number(x.peers));
    cell(row, "Up for", false, span(x.age_ms));
    cell(row, "Addresses", false, x.addresses.join(", ") || "-");
    return row;
  }));
}

const limitWords = {
  peers: "connected, or about to be",
  guests: "came by themselves and have left, while something is under way with them",
  remembered_peers: "not connected, of which something is remembered",
  kept_adverts: "adverts of nodes that nobody here has named",
  receive_bytes: "what peers may have here at once that somebody has vouched for, now",
  stranger_bytes: "messages of peers that came by themselves, and for them, now",
  outbox_bytes: "to send to the peer for which the most waits",
};

const share = (x) => x.max > 0 ? x.used / x.max : 0;
const isNear = (x) => share(x) >= 0.8;
const percent = (x) => Math.floor(100 * share(x)) + " %";
const limitName = (x) => words(x.name) + (x.worker === undefined ? "" : " of worker " + x.worker);

function limitNote(x, peers) {
  const text = limitWords[x.name] ?? "";
  if (x.name !== "outbox_bytes" || x.used === 0) return text;
  return text + ": " + who(peers.reduce((a, b) => b.waiting.bytes > a.waiting.bytes ? b : a));
}

function showLimits(limits, peers) {
  find("limits").tBodies[0].replaceChildren(...limits.map((x) => {
    const text = (n) => x.name.endsWith("_bytes") ? bytes(n) : number(n);
    const row = element("tr");
    const kind = isNear(x) ? "near" : "";
    const bar = element("progress");
    bar.max = Math.max(1, x.max);
    bar.value = x.used;
    bar.setAttribute("aria-label", limitName(x));
    cell(row, "Limit", false, element("span", limitName(x), kind), note(limitNote(x, peers)));
    cell(row, "Full", false, bar, " ", element("span", percent(x), kind));
    cell(row, "Used", false, text(x.used) + " of " + text(x.max));
    return row;
  }));
}

function eventText(x, names) {
  const { at, event, node, name, reason, by, address, engine, ...rest } = x;
  const subject = node ? (name || names[node] || node.slice(0, 12)) + ": " : engine ? "engine " + engine + ": " : "";
  const what = [words(event), reason && words(reason), by && (by === "here" ? "by this node" : "by the peer"), address,
    ...Object.entries(rest).map(([key, value]) => words(key) + " " + value)];
  return subject + what.filter((y) => y).join(", ");
}

// What says the same stands once, where it came last.
function showEvents(events, names) {
  const folded = new Map();
  for (const x of events) {
    const text = eventText(x, names);
    const { since, times } = folded.get(text) ?? { since: x.at, times: 0 };
    folded.delete(text);
    folded.set(text, { at: x.at, since, times: times + 1 });
  }
  find("events").replaceChildren(...[...folded].reverse().map(([text, x]) => {
    const item = element("li");
    const often = x.times > 1 ? number(x.times) + " times since " + clock(x.since) : "";
    item.append(element("time", clock(x.at)), " " + text + " ", element("small", often));
    return item;
  }));
}
