// The table of the peers.

// A graph of one or more lines, for eyes; the numbers beside it are for all.
function graph(lines) {
  const space = "http://www.w3.org/2000/svg";
  const result = document.createElementNS(space, "svg");
  const top = Math.max(...lines.flatMap((x) => x.values), 0);
  if (top === 0 || lines[0].values.length < 2) return "";
  result.setAttribute("viewBox", "0 0 " + (kept - 1) + " 20");
  result.setAttribute("preserveAspectRatio", "none");
  result.setAttribute("aria-hidden", "true");
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

// `isNone`: there is nothing to see, so that small screens do not show it.
function cell(row, label, isNone, ...content) {
  const result = element("td", undefined, isNone ? "none" : "");
  result.dataset.label = label;
  result.append(...content);
  row.append(result);
}

const note = (text, kind) => element("small", text, kind ? "note " + kind : "note");

function backlog(x, engines) {
  if (x.messages === 0) return ["0"];
  const facts = [x.bytes !== undefined && bytes(x.bytes), x.oldest_ms !== undefined && "oldest " + span(x.oldest_ms)];
  const each = (y) => engines.length === 1 ? "engine " + y.engine
    : y.engine + ": " + number(y.messages) + ", oldest " + span(y.oldest_ms);
  return [element("span", number(x.messages), isLate(x) ? "behind" : ""),
    note(facts.filter((y) => y).join(", ")), ...engines.map((y) => note(each(y)))];
}

function untaken(peer) {
  const oldest = peer.untaken_by.map((x) => x.oldest_ms);
  return { messages: peer.untaken, oldest_ms: oldest.length > 0 ? Math.max(...oldest) : undefined };
}

function nameCell(row, peer) {
  const id = element("code", peer.node.slice(0, 12));
  id.title = peer.node;
  const content = peer.name ? [element("strong", peer.name), " "] : [];
  if (peer.permanent) {
    const tag = element("span", "permanent", "tag");
    tag.title = "The connection is kept up for its own sake";
    content.push(tag, " ");
  }
  cell(row, "Peer", false, ...content, peer.name ? note("") : "", id);
}

function stateNotes(peer, seen, self) {
  const result = [];
  if (seen.since !== undefined) {
    const x = peer.connection;
    const where = x.address ? " " + (x.name ? x.name + ", " : "") + x.address : "";
    result.push(note("since " + clock(seen.since) + (x.direction === "in" ? ", it called from" : ", dialled at") + where));
  }
  const next = advice(peer, self);
  if (next) result.push(note(next, "next"));
  if (!peer.connection && peer.last_end)
    result.push(note("was connected until " + clock(Date.now() - peer.last_end.ago_ms) + ": " + words(peer.last_end.reason)));
  for (const x of peer.untaken_by.filter(isLate))
    result.push(note(messages(x.messages) + " of it held up by engine " + x.engine + " here", "behind"));
  if (isHeldUp(peer)) {
    const slow = peer.waiting.engines.filter(isLate).map((x) => x.engine);
    result.push(note(slow.length > 0 ? "there, behind: engine " + list(slow) : "it does not keep up", "behind"));
  }
  return result;
}

function tripCell(row, seen, now) {
  if (seen.trips.length === 0) return cell(row, "Round trip", true, "-");
  const age = now - seen.tripAt;
  cell(row, "Round trip", false, span(seen.trips.at(-1)),
    graph([{ values: seen.trips, kind: "round-trip" }]), age >= 30000 ? note("not measured for " + span(age)) : "");
}

// What became of messages that came to nothing.
function lostNotes(peer) {
  const failed = Object.entries(peer.failed).map(([reason, count]) => number(count) + " " + words(reason));
  return [
    ...(failed.length > 0 ? [note("failed: " + list(failed))] : []),
    ...(peer.rejected > 0 ? [note("rejected here: " + number(peer.rejected))] : []),
    ...(peer.dropped > 0 ? [note("dropped here: " + number(peer.dropped))] : []),
  ];
}

function rateCell(row, seen, peer) {
  const [sent, got] = [seen.rates[1], seen.rates[0]];
  cell(row, "Messages/s, in / out", peer.messages_in + peer.messages_out === 0,
    rate(mean(seen, 0)) + " / " + rate(mean(seen, 1)),
    graph([{ values: got, kind: "in" }, { values: sent, kind: "out" }]),
    note("in all " + number(peer.messages_in) + " / " + number(peer.messages_out)),
    ...lostNotes(peer));
}

function peerRow(peer, self, now) {
  const seen = history.get(peer.node);
  const row = element("tr");
  nameCell(row, peer);
  const kind = holdsUp(peer) || isHeldUp(peer) ? "behind" : peer.state;
  cell(row, "State", false, element("span", peer.text, kind), ...stateNotes(peer, seen, self));
  tripCell(row, seen, now);
  rateCell(row, seen, peer);
  cell(row, "To send", peer.waiting.messages === 0, ...backlog(peer.waiting, peer.waiting.engines));
  cell(row, "Received, not taken", peer.untaken === 0, ...backlog(untaken(peer), peer.untaken_by));
  return row;
}

// Those of which there is something to see come first.
function order(a, b) {
  const weight = (x) => [x.state === "idle",
    x.state === "connected" && !holdsUp(x) && !isHeldUp(x), who(x), x.node];
  const [p, q] = [weight(a), weight(b)];
  for (let i = 0; i < p.length; ++i)
    if (p[i] !== q[i]) return p[i] < q[i] ? -1 : 1;
  return 0;
}

// Of all peers together: the numbers since each is served.
function totals(peers) {
  const seen = peers.map((x) => history.get(x.node));
  const held = peers.map(untaken);
  const oldest = (all) => Math.max(0, ...all.map((x) => x.oldest_ms ?? 0));
  return {
    rates: counters.map((_, i) => sum(seen.map((x) => mean(x, i)))),
    messages_in: sum(peers.map((x) => x.messages_in)),
    messages_out: sum(peers.map((x) => x.messages_out)),
    toSend: { messages: sum(peers.map((x) => x.waiting.messages)),
      bytes: sum(peers.map((x) => x.waiting.bytes)), oldest_ms: oldest(peers.map((x) => x.waiting)) },
    untaken: { messages: sum(held.map((x) => x.messages)), oldest_ms: oldest(held) },
  };
}

function totalRow(all, count) {
  const row = element("tr");
  cell(row, "Peer", false, element("strong", "All " + number(count)));
  cell(row, "State", true);
  cell(row, "Round trip", true);
  cell(row, "Messages/s, in / out", false, rate(all.rates[0]) + " / " + rate(all.rates[1]),
    note("in all " + number(all.messages_in) + " / " + number(all.messages_out)));
  cell(row, "To send", all.toSend.messages === 0, ...backlog(all.toSend, []));
  cell(row, "Received, not taken", all.untaken.messages === 0, ...backlog(all.untaken, []));
  return row;
}

function showPeers(status, all, now) {
  const self = status.node.slice(0, 12);
  const first = [...status.peers].sort(order).slice(0, shown);
  find("peers").tBodies[0].replaceChildren(...first.map((x) => peerRow(x, self, now)));
  const many = status.peers.length > 1;
  find("peers").tFoot.replaceChildren(...(many ? [totalRow(all, status.peers.length)] : []));
  const more = status.peers.length - first.length;
  find("more").textContent = more > 0 ? "and " + number(more) + " more: see /status.json" : "";
}
