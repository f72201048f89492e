"use strict";

// The script of the page, in parts that become one file.
// Everything that comes from the node is put in as text, never as HTML.

const retry = 5000; // ms
const patience = 5000; // ms without an answer
const late = 5000; // ms that a message waits until somebody is behind
const shownEvents = 100;
const kept = 60; // points of a graph
const averaged = 5; // of these, in a rate
const shown = 500; // peers
const named = 5; // peers or engines in a line of the summary
const counters = ["messages_in", "messages_out", "bytes_in", "bytes_out"];
const history = new Map(); // of peers
const engineHistory = new Map();
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
  if (ms > 0 && ms < 10) return ms.toFixed(1) + " ms";
  if (ms < 1000) return Math.round(ms) + " ms";
  const s = Math.floor(ms / 1000);
  if (s < 120) return s + " s";
  if (s < 7200) return Math.floor(s / 60) + " min";
  if (s < 172800) return Math.floor(s / 3600) + " h";
  return Math.floor(s / 86400) + " d";
}

function clock(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString("en-GB");
  return date.toDateString() === new Date().toDateString()
    ? time : date.toLocaleDateString("en-CA") + " " + time;
}

function zone(at) {
  return new Date(at).toLocaleTimeString("en-GB", { timeZoneName: "short" });
}

const number = (x) => x.toLocaleString("en-GB");
const rate = (x) => x > 0 && x < 10 ? x.toFixed(1) : number(Math.round(x));
const words = (x) => x.replaceAll("_", " ");
const messages = (n) => number(n) + (n === 1 ? " message" : " messages");
const who = (x) => x.name || x.node.slice(0, 12);
const sum = (values) => values.reduce((a, b) => a + b, 0);

function list(items) {
  const more = items.length - named;
  return items.slice(0, named).join(", ") + (more > 0 ? " and " + number(more) + " more" : "");
}

// What to do about a failed attempt, as in docs/OPERATING.md.
function adviceOnFailure(reason, name) {
  switch (reason) {
    case "connection_refused": return "Nothing listens there. Is " + name + " running, and is this its address?";
    case "unreachable": return "There is no route to that host. Is the network up, and the address right?";
    case "timed_out": return "Nothing came back: a firewall drops it, or the host is down.";
    case "bad_address":
    case "not_permitted": return "This host cannot or may not connect there: look at the address, and at its rules.";
    case "unknown_name": return "No host has that name: look at the name in the advert of " + name + ".";
    case "no_name_server":
    case "resolver_failed":
    case "too_many_names": return "Nobody answers for the name: look at the name servers.";
    case "forbidden_addresses": return "Give this node the advert of " + name + " (--peer), or allow the range (--dial-range).";
    case "out_of_resources": return "This process has no descriptors or memory left: see ulimit -n.";
    case "handshake_timeout": return "What accepts there does not answer as a node does: another program, or " + name + " is overloaded.";
    case "length_over_limit":
    case "length_zero":
    case "unexpected_frame":
    case "noise_failed": return "What answers there is not " + name + ": look at the address and the port.";
    case "lost": return "Often another node listens there: look at the address, and at the log there.";
    default: return "";
  }
}

function adviceOnRefusal(peer, self) {
  const name = who(peer);
  if (peer.refused_by === "here") return "This node does not allow it: see --allow and --deny here.";
  switch (peer.refusal) {
    case "denied": return name + " does not allow this node: ask its operator to allow " + self + ".";
    case "over_capacity": return name + " has no room: its operator can raise --max-peers.";
    case "incompatible": return "The two have no version in common: update the older program.";
    default: return "";
  }
}

function adviceOnObstacle(obstacle, name) {
  if (obstacle.reason === "stranger")
    return "Give this node the advert of " + name + " (--peer), or wait for its call.";
  if (obstacle.reason === "no_address")
    return "Give this node an advert of " + name + " that names an address (--peer), or wait for its call.";
  return obstacle.addresses.some((x) => x.reason === "outside_dial_ranges")
    ? "Give this node the advert of " + name + " (--peer), or allow the network (--dial-range)."
    : "Have " + name + " advertise a tcp:// address of one host (--advertise), or wait for its call.";
}

// What to do about a peer that is not connected.
function advice(peer, self) {
  if (peer.state === "refused") return adviceOnRefusal(peer, self);
  if (peer.state === "connected" || peer.state === "stopping") return "";
  if (peer.obstacle && (peer.state !== "idle" || peer.obstacle.reason !== "stranger"))
    return adviceOnObstacle(peer.obstacle, who(peer));
  return peer.failure ? adviceOnFailure(peer.failure.reason, who(peer)) : "";
}

// In a word or two.
function reason(peer) {
  if (peer.refusal && peer.state === "refused")
    return words(peer.refusal) + (peer.refused_by === "here" ? " here" : "");
  if (peer.failure) return words(peer.failure.reason);
  if (peer.obstacle) return words(peer.obstacle.reason);
  return peer.state;
}
