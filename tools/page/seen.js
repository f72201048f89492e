// What has been seen of peers and engines, and how they get on.

// What has been seen of a peer, with what is seen now.
function remember(peer, now) {
  let known = history.get(peer.node);
  // What lies between is not known.
  if (!known || now - known.at > patience)
    known = { rates: counters.map(() => []), trips: [] };
  else if (now > known.at)
    counters.forEach((x, i) => {
      known.rates[i].push(Math.max(0, (peer[x] - known.counts[i]) * 1000 / (now - known.at)));
      if (known.rates[i].length > kept) known.rates[i].shift();
    });
  known.at = now;
  known.counts = counters.map((x) => peer[x]);
  rememberConnection(known, peer.connection, now);
  history.set(peer.node, known);
  return known;
}

function rememberConnection(known, connection, now) {
  if (!connection) {
    known.since = undefined;
    known.trips = [];
    return;
  }
  // It moves by what the answer was under way, unless it is another one.
  const since = Date.now() - connection.age_ms;
  if (known.since === undefined || Math.abs(since - known.since) > 2000) known.since = since;
  const trip = connection.round_trip_us;
  if (trip === undefined) return;
  if (known.trip !== trip) known.tripAt = now;
  known.trip = trip;
  known.trips.push(trip / 1000);
  if (known.trips.length > kept) known.trips.shift();
}

// Of the counter with this index.
function mean(known, index) {
  const values = known.rates[index].slice(-averaged);
  return values.length > 0 ? sum(values) / values.length : 0;
}

// Who has sent each engine what it has not taken.
function senders(peers) {
  const result = new Map();
  for (const peer of peers)
    for (const x of peer.untaken_by) {
      if (!result.has(x.engine)) result.set(x.engine, []);
      result.get(x.engine).push({ peer, messages: x.messages, oldest_ms: x.oldest_ms });
    }
  return result;
}

// How an engine gets on: it is behind if something has waited for it for long.
function judge(engine, from, now) {
  const known = engineHistory.get(engine.name) ??
    { heads: new Map(), since: now, others: 0, othersSince: now };
  // When the oldest message of each sender came: later than before, if the
  // engine has taken what was the oldest.
  const heads = new Map(from.map((x) => [x.peer.node, now - x.oldest_ms]));
  for (const [node, came] of known.heads)
    if (!heads.has(node) || heads.get(node) > came + 500) known.movedAt = known.since = now;
  known.heads = heads;
  const others = Math.max(0, engine.untaken - sum(from.map((x) => x.messages)));
  if (others === 0 || others < known.others) known.othersSince = now;
  known.others = others;
  engineHistory.set(engine.name, known);
  const oldest = Math.max(0, ...from.map((x) => x.oldest_ms), others > 0 ? now - known.othersSince : 0);
  return {
    engine, others, oldest,
    from: from.sort((a, b) => b.messages - a.messages),
    behind: oldest >= late,
    moves: known.movedAt !== undefined && now - known.movedAt < late,
    // How long it has been seen to take nothing.
    still: now - known.since,
  };
}

function judgeAll(status, now) {
  const from = senders(status.peers);
  const result = status.engines.map((x) => judge(x, from.get(x.name) ?? [], now));
  const there = new Set(status.engines.map((x) => x.name));
  for (const name of engineHistory.keys()) if (!there.has(name)) engineHistory.delete(name);
  return result.sort((a, b) => b.behind - a.behind || b.oldest - a.oldest);
}

const isLate = (x) => x.messages > 0 && x.oldest_ms >= late;
const holdsUp = (peer) => peer.untaken_by.some(isLate);
const isHeldUp = (peer) => peer.state === "connected" && isLate(peer.waiting);
