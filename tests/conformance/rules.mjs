// The rules of PROTOCOL.md that can be seen from outside. Each has a connection
// of its own, in an epoch of its own unless it says otherwise.

import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { Identity } from "./identity.mjs"
import { Refused } from "./session.mjs"
import { beginning, chunk } from "./talk.mjs"
import * as wire from "./wire.mjs"

export const rules = []

const both = ["connect", "listen"]

/** Adds a rule that is tried in these roles of the kit. */
function rule(section, text, run, { roles = ["connect"], slow = false } = {}) {
    rules.push({ section, text, run, roles, slow })
}

/** A rule that the kit breaks on an established connection. */
function offence(section, text, offend, options) {
    const run = async (peer) => {
        const talk = (await peer.connect()).begin()
        await offend(talk, peer)
        await talk.isBlamed()
    }
    rule(section, `${text} ends the connection`, run, options)
}

const small = randomBytes(20)
const sealedControl = (talk, plaintext) => talk.session.write(talk.session.out.seal("ControlMsg", plaintext))
const controlOf = (tag, ...body) =>
    wire.encode("ControlFrame", { tag, body: wire.toData(Buffer.from(body)) })

// Sends a message to the echo engine and waits for it to come back.
async function echo(talk, peer, msg, channel = talk.open(peer.echo)) {
    const first = await talk.sendLong(channel, msg)
    const answer = await talk.message(msg)
    await talk.ack(channel, first + 1n)
    return answer
}

// Has the peer send a message, which is not acknowledged.
async function receiveEcho(talk, peer, size) {
    talk.acknowledges = false
    const msg = randomBytes(size)
    await talk.sendLong(talk.open(peer.echo), msg)
    return talk.message(msg)
}

// -- Identities, Handshake, Negotiation ---------------------------------------

async function isRefused(peer, reason, options) {
    const session = await peer.session(options)
    await assert.rejects(session.established, (error) => {
        assert(error instanceof Refused, `not refused, but: ${error.message}`)
        assert.equal(error.reason, reason)
        return true
    })
}

async function isIgnored(session) {
    await assert.rejects(session.established, (error) => {
        assert(!(error instanceof Refused), "refused instead of closed without a word")
        return true
    })
    await session.closed
}

rule("Identities", "who claims an id that is not his key is denied", (peer) =>
    isRefused(peer, "denied", { claimedId: new Identity(randomBytes(32)).id }))

rule("Identities", "a point of small order is denied as an id", (peer) =>
    isRefused(peer, "denied", { claimedId: Buffer.alloc(32) }))

rule("Identities", "an id that is no canonical point is denied", (peer) =>
    isRefused(peer, "denied", { claimedId: Buffer.alloc(32, 0xff) }))

rule("Handshake", "a first message for another key is answered with nothing", async (peer) => {
    const session = await peer.session({ noiseRemote: new Identity(randomBytes(32)).noisePublic })
    await isIgnored(session)
})

rule("Handshake", "a request for another node is denied", (peer) =>
    isRefused(peer, "denied", { claimedRemote: new Identity(randomBytes(32)).id }))

rule("Handshake", "an offer without ChaCha20-Poly1305 is answered with nothing", async (peer) =>
    isIgnored(await peer.session({ ciphers: [2n] })))

rule("Handshake", "a first sealed frame that is no resume is answered with nothing", async (peer) => {
    const session = await peer.session({ firstFrame: "heartbeat" })
    await isIgnored(session)
})

rule("Negotiation", "a version that the peer has not is incompatible", (peer) =>
    isRefused(peer, "incompatible", { versions: [1n << 40n, (1n << 40n) + 1n] }))

rule("Negotiation", "an empty range of versions is incompatible", (peer) =>
    isRefused(peer, "incompatible", { versions: [2n, 1n] }))

rule("Negotiation", "with AES-256-GCM in the offer messages go, whichever cipher it is", async (peer) => {
    const talk = (await peer.connect({ ciphers: [1n, 2n] })).begin()
    await echo(talk, peer, small)
})

rule("Negotiation", "an unknown cipher in the offer is ignored", async (peer) => {
    const talk = (await peer.connect({ ciphers: [1n, 77n] })).begin()
    assert.equal(talk.session.cipher, 1n)
    await talk.isAlive(peer.sink)
})

rule("Handshake", "the request names both nodes, version 1 and ChaCha20-Poly1305", async (peer) => {
    const { session } = await peer.connect()
    const { request, ciphers, ext } = session.hello
    assert(wire.ofId(request.dstNodeId).equals(peer.self.id), "dst_node_id")
    assert(session.remote.equals(peer.remote), "src_node_id")
    assert(request.protoVerMin <= 1n && request.protoVerMax >= 1n, "versions")
    assert(ciphers.includes(1n), "ciphers")
    assert.equal(ext.length, 0, "extensions")
}, { roles: ["listen"] })

rule("Handshake", "a version beyond the offer ends the attempt", async (peer) => {
    const session = await peer.session({ answeredVersion: 1n << 40n })
    await isIgnored(session)
    await (await peer.connect()).begin().isAlive(peer.sink)
}, { roles: ["listen"] })

// -- Encodings, Frames, Sealed frames -----------------------------------------

offence("Encodings", "a uint with more octets than it needs", (talk) =>
    sealedControl(talk, Buffer.from([0x89, 0x00, 0x00])), { roles: both })

offence("Encodings", "an octet after the value", (talk) =>
    sealedControl(talk, Buffer.concat([controlOf(9n), Buffer.alloc(1)])))

offence("Encodings", "a bool that is neither 0 nor 1", (talk) => sealedControl(talk, controlOf(11n, 0, 2)))

offence("Encodings", "a name that is not UTF-8", (talk) =>
    sealedControl(talk, controlOf(1n, 0, 2, 0xc3, 0x28, 0, ...[0x80, 0x7e])))

rule("Frames", "a frame of length 0 ends the connection", async (peer) => {
    const talk = await peer.connect()
    talk.session.write(Buffer.alloc(4))
    await talk.until(({ kind }) => kind === "end", "the end of the stream")
})

offence("Sealed frames", "a frame that is sent twice", ({ session }) => {
    const frame = session.out.seal("ControlMsg", wire.encodeControl("heartbeat"))
    session.write(Buffer.concat([frame, frame]))
})

for (const kind of ["NodeMsg", "ControlMsg", "UnreliableMsg"])
    offence("Sealed frames", `a number left out (${kind})`, (talk, peer) => {
        const channel = talk.open(peer.sink)
        talk.session.out.next[kind] += 1n
        if (kind === "ControlMsg") talk.session.control("heartbeat")
        else talk.session.chunks(kind, wire.cut(channel, wire.serialize({ sender: "kit", msg: small })))
    })

offence("Sealed frames", "an altered frame", ({ session }) => {
    const frame = session.out.seal("ControlMsg", wire.encodeControl("heartbeat"))
    frame[frame.length - 1] ^= 1
    session.write(frame)
})

offence("Sealed frames", "an altered number", ({ session }) => {
    const frame = session.out.seal("ControlMsg", wire.encodeControl("heartbeat"))
    frame[5] ^= 1
    session.write(frame)
})

function writeWithCipher({ session }, tag, plaintext) {
    const msg = { tag, val: wire.toData(plaintext) }
    const val = { counter: session.out.next.ControlMsg, msg }
    session.write(wire.frame(wire.encode("FrameBody", { tag: "ControlMsg", val })))
}

offence("Sealed frames", "a frame that is not encrypted", (talk) =>
    writeWithCipher(talk, "EncryptedMsgNull", wire.encodeControl("heartbeat")))

offence("Sealed frames", "another cipher than was agreed upon", (talk) =>
    writeWithCipher(talk, "EncryptedMsgAes256Gcm", Buffer.alloc(18)))

offence("Sealed frames", "a list of no chunks", ({ session }) => session.chunks("NodeMsg", []))

// -- Control frames -----------------------------------------------------------

offence("Control frames", "an unknown tag below 128", (talk) => sealedControl(talk, controlOf(127n)))

rule("Control frames", "an unknown tag from 128 on is skipped", async (peer) => {
    const talk = (await peer.connect()).begin()
    sealedControl(talk, controlOf(128n, 1, 2, 3))
    await talk.isAlive(peer.sink)
})

offence("Control frames", "a second resume", (talk) => talk.session.control("resume", talk.session.said))

// -- Node adverts -------------------------------------------------------------

const sendNameOfHost = (talk, name) => {
    const addrs = [{ address: { tag: "DnsAddr", val: { name, port: 4000 } }, weight: 1n }]
    const advert = wire.signAdvert(talk.session.self, addrs, BigInt(Date.now()), 0n)
    talk.session.control("node_advert", advert)
}

rule("Node adverts", "an address may be the name of a host", async (peer) => {
    const talk = (await peer.connect()).begin()
    sendNameOfHost(talk, `a-1.${"b".repeat(63)}.example`)
    await talk.isAlive(peer.sink)
})

for (const name of ["", "Host.example", "a_b.example", "a..b", "a.", "-a.b", "127.0.0.1", "a.0x7f", "b".repeat(64)])
    offence("Node adverts", `a name that is no host's (${name})`, (talk) => sendNameOfHost(talk, name))

// -- Chunks -------------------------------------------------------------------

rule("Chunks", "messages of all sizes come back as they were", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.echo)
    for (const size of [0, 1, 100, 15_985, 15_990, 15_991, 15_992, 15_993, 16_000, 31_990, 50_000, 300_000])
        await echo(talk, peer, randomBytes(size), channel)
}, { roles: both })

rule("Chunks", "fragments of two channels may be mixed in a frame", async (peer) => {
    const talk = (await peer.connect()).begin()
    const payloads = [randomBytes(16_050), randomBytes(16_060)]
    const [a, b] = payloads.map((msg, i) =>
        wire.cut(talk.open(peer.echo, { ordering: i ? "Unordered" : "Ordered", window: talk.session.heard.window }), wire.serialize({ sender: "kit", msg })),
    )
    talk.send([a[0], b[0], b[1], a[1]], { together: true })
    for (const payload of payloads) await talk.message(payload)
})

offence("Chunks", "an empty chunk", (talk, peer) => talk.send([chunk(talk.open(peer.sink), true, [])]))

offence("Chunks", "a chunk of 16,001 octets", (talk, peer) =>
    talk.send([chunk(talk.open(peer.sink), true, Buffer.alloc(16_001))]))

offence("Chunks", "a short fragment that is not the last", (talk, peer) =>
    talk.send([chunk(talk.open(peer.sink), false, beginning(20_000).first.subarray(1))]))

offence("Chunks", "a message that is longer than it announced", (talk, peer) => {
    const { first, rest } = beginning(15_995)
    return talk.send([chunk(talk.open(peer.sink), false, first), chunk(0n, true, Buffer.concat([rest, Buffer.alloc(1)]))])
})

offence("Chunks", "a message that is shorter than it announced", (talk, peer) => {
    const { first, rest } = beginning(20_000)
    return talk.send([chunk(talk.open(peer.sink), false, first), chunk(0n, true, rest.subarray(1))])
})

offence("Chunks", "a fragment that would have to be the last", (talk, peer) =>
    talk.send([chunk(talk.open(peer.sink), false, beginning(15_985).first.subarray(0, 16_000))]))

offence("Negotiation", "a message that is longer than max_message", (talk, peer) => {
    const first = Buffer.alloc(wire.fragmentSize)
    Buffer.from(wire.encode("RelTime", BigInt(talk.session.remoteMaxMessage))).copy(first, 1)
    return talk.send([chunk(talk.open(peer.sink), false, first)])
})

// -- Channels -----------------------------------------------------------------

rule("Channels", "after resume and adverts comes reopened", async (peer) => {
    const talk = await peer.connect()
    const isFirst = ({ name }) => !["node_advert", "heartbeat"].includes(name)
    const frame = await talk.until(isFirst, "reopened")
    assert.equal(frame.name ?? frame.kind, "reopened", "to a peer that is in no channel")
}, { roles: both })

rule("Channels", "every open is answered by an ack, whether there is the engine or not", async (peer) => {
    const talk = (await peer.connect()).begin()
    for (const target of [peer.sink, "nobody is called so", ""]) {
        const entry = await talk.ack(talk.open(target))
        assert.equal(entry.next, 0n)
        assert(entry.window >= talk.session.heard.window)
    }
})

offence("Channels", "a channel that is not the next one", (talk, peer) => {
    talk.ours.push(null)
    talk.session.control("open", { channel: 1n, target: peer.sink, ordering: "Ordered", window: talk.session.heard.window })
})

offence("Channels", "a second channel to one engine", (talk, peer) => {
    talk.open(peer.sink)
    talk.open(peer.sink)
})

offence("Channels", "a window that was never granted", (talk, peer) => talk.open(peer.sink, { window: 1n << 60n }))

offence("Channels", "a channel beyond 1,024", (talk) => {
    for (let i = 0; i <= 1024; ++i) talk.open(`engine ${i}`)
})

offence("Channels", "a name of 256 octets", (talk) => talk.open("n".repeat(256)))

offence("Channels", "a chunk in a channel that is not open", (talk) => talk.send(wire.cut(0n, wire.serialize({ sender: "kit", msg: small }))))

offence("Channels", "to close a channel that is not open", ({ session }) => session.control("close", { channel: 0n }))

offence("Channels", "to close a channel with a part of a message in it", (talk, peer) => {
    const channel = talk.open(peer.sink)
    talk.send([chunk(channel, false, beginning(20_000).first)])
    talk.session.control("close", { channel })
})

offence("Channels", "to close a channel with a reject that is not settled", async (talk) => {
    const channel = talk.open("nobody is called so")
    await talk.ack(channel, talk.sendMessage(channel, small) + 1n)
    talk.session.control("close", { channel })
})

rule("Channels", "a channel that was closed is opened again under the next number", async (peer) => {
    const talk = (await peer.connect()).begin()
    for (let i = 0; i < 3; ++i) {
        const channel = talk.open(peer.sink)
        await talk.ack(channel, talk.sendMessage(channel, small) + 1n)
        talk.session.control("close", { channel })
    }
    await talk.isAlive(peer.sink)
})

rule("Channels", "no engine waits for another one", async (peer) => {
    const talk = (await peer.connect()).begin()
    talk.send([chunk(talk.open(peer.echo), false, beginning(1_000_000).first)])
    await talk.isAlive(peer.sink)
})

// -- Rekeying -----------------------------------------------------------------

rule("Rekeying", "messages go on under the next key, and the one after that", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.echo)
    for (let i = 0; i < 3; ++i) {
        talk.session.control("rekey")
        await echo(talk, peer, small, channel)
    }
}, { roles: both })

offence("Rekeying", "a frame under the old key", ({ session }) => {
    const { key } = session.out
    session.control("rekey")
    session.out.key = key
    session.control("heartbeat")
})

// -- Delivery: Resume ---------------------------------------------------------

const window = BigInt((1 << 24) + wire.messageOverhead)
const resumeOf = (said) => ({ resume: () => ({ first: 0n, received: null, window, ...said }) })

function badResume(text, said) {
    rule("Resume", `${text} ends the connection`, async (peer) => {
        const options = { resume: (session) => resumeOf(said(session)).resume() }
        await (await peer.connect(options)).isBlamed()
    })
}

badResume("a window below 16,128", () => ({ window: 16_127n }))
badResume("a first number above 2^62", () => ({ first: (1n << 62n) + 1n }))
badResume("to have what was never sent", ({ remoteEpoch }) => ({ received: { epoch: remoteEpoch, next: 1n << 40n } }))

rule("Resume", "who has nothing of this epoch expects its first number", async (peer) => {
    const talk = (await peer.connect(resumeOf({ first: 1000n }))).begin()
    assert.notEqual(talk.session.heard.received?.epoch, talk.session.options.epoch)
    const entry = await talk.ack(talk.open(peer.sink))
    assert.equal(entry.next, 1000n)
    await talk.isAlive(peer.sink)
})

// The options of a connection after `talk`, in the same epoch. What it has taken
// it has, unless it says otherwise.
function after(talk, next = talk.expected) {
    const { session } = talk
    const said = { first: talk.firstUnacknowledged(), received: { epoch: session.remoteEpoch, next } }
    return { epoch: session.options.epoch, prev: session.digest, ...resumeOf(said) }
}

rule("Resume", "after a cut the peer says what has arrived, and takes nothing twice", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.echo)
    const payload = randomBytes(100)
    await echo(talk, peer, payload, channel)
    talk.session.destroy()
    const next = await peer.connect(after(talk))
    const { heard, options } = next.session
    assert.deepEqual(heard.received, { epoch: options.epoch, next: 1n })
    // The channel is opened again, as if the acknowledgement had been lost.
    const again = next.open(peer.echo)
    next.begin()
    assert((await next.ack(again)).next === 1n)
    await echo(next, peer, small, again)
}, { roles: both })

rule("Resume", "what was not acknowledged comes again under the same number", async (peer) => {
    const talk = (await peer.connect()).begin()
    const { first, msg } = await receiveEcho(talk, peer, 10)
    talk.session.destroy()
    const next = (await peer.connect(after(talk, first))).begin()
    const again = await next.message(msg)
    assert.equal(again.first, first)
}, { roles: both })

rule("Resume", "what has arrived does not come again, and is acknowledged later", async (peer) => {
    const talk = (await peer.connect()).begin()
    await receiveEcho(talk, peer, 10)
    talk.session.destroy()
    const next = (await peer.connect(after(talk))).begin()
    await next.until(({ name }) => name === "reopened", "reopened")
    assert.equal(next.theirs.length, 1, "the channel is not open again")
    await echo(next, peer, randomBytes(20))
})

rule("Resume", "to a peer that forgot them messages go anew under other numbers", async (peer) => {
    const talk = (await peer.connect()).begin()
    const { first, msg } = await receiveEcho(talk, peer, 10)
    talk.session.destroy()
    const next = (await peer.connect()).begin()
    assert(next.session.heard.first > first, "a number that was used is used again")
    const again = await next.message(msg)
    assert(again.first >= next.session.heard.first, "a number below first")
})

rule("Resume", "the second half of a message may come on another connection, or both halves", async (peer) => {
    const talk = (await peer.connect()).begin()
    const payload = randomBytes(30_000)
    const chunks = (channel) => wire.cut(channel, wire.serialize({ sender: "kit", msg: payload }))
    const channel = talk.open(peer.echo)
    talk.send([chunks(channel)[0]])
    await talk.ack(channel)
    await talk.isAlive(peer.sink)
    talk.session.destroy()
    const next = await peer.connect(after(talk))
    const arrived = next.session.heard.received.next
    const again = next.open(peer.echo)
    next.begin()
    if (arrived !== 2n) {
        // It has dropped the first half, and knows what came after that.
        assert.equal(arrived, 0n)
        next.send([chunks(again)[0]])
        next.session.control("void", { from: 1n, to: 2n })
        next.session.out.next.NodeMsg = 2n
    }
    next.send([chunks(again)[1]])
    await next.message(payload)
})

// -- Delivery: Arrival, Acknowledgement ---------------------------------------

rule("Arrival", "a message to an engine that is not there is rejected", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open("nobody is called so")
    const seq = talk.sendMessage(channel, small)
    assert.deepEqual((await talk.ack(channel, seq + 1n)).rejects, [{ seq, reason: "UnknownEngine" }])
}, { roles: both })

rule("Arrival", "what is no message is rejected", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.sink)
    const seq = talk.send([chunk(channel, true, [0, 1, 7])])
    assert.deepEqual((await talk.ack(channel, seq + 1n)).rejects, [{ seq, reason: "Malformed" }])
    await talk.isAlive(peer.sink)
})

rule("Acknowledgement", "rejects are repeated until they are settled", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open("nobody is called so")
    const first = talk.sendMessage(channel, small)
    await talk.ack(channel, first + 1n)
    const second = talk.sendMessage(channel, small)
    assert.deepEqual((await talk.ack(channel, second + 1n)).rejects.map(({ seq }) => seq), [first, second])
    talk.session.control("settled", { channel, next: second + 1n })
    const third = talk.sendMessage(channel, small)
    assert.deepEqual((await talk.ack(channel, third + 1n)).rejects.map(({ seq }) => seq), [third])
})

offence("Acknowledgement", "to settle what was not consumed", (talk, peer) => {
    talk.session.control("settled", { channel: talk.open(peer.sink), next: 1n })
})

const ackOf = ({ session }, entry) =>
    session.control("ack", { channels: [{ channel: 0n, next: 0n, window, rejects: [], ...entry }] })

offence("Acknowledgement", "an ack of a channel that was never opened", (talk) => ackOf(talk, { channel: 1000n }))

offence("Acknowledgement", "an ack beyond what was sent", async (talk, peer) => {
    const { channel } = await receiveEcho(talk, peer, 10)
    ackOf(talk, { channel, next: 1n << 40n })
})

offence("Acknowledgement", "an ack in the middle of a message", async (talk, peer) => {
    const { channel, first } = await receiveEcho(talk, peer, 40_000)
    ackOf(talk, { channel, next: first + 1n })
})

offence("Acknowledgement", "a reject that is not below next", async (talk, peer) => {
    const { channel, first } = await receiveEcho(talk, peer, 10)
    ackOf(talk, { channel, next: first, rejects: [{ seq: first, reason: "EngineGone" }] })
})

offence("Acknowledgement", "a reject of what was acknowledged before", async (talk, peer) => {
    const { channel, first } = await receiveEcho(talk, peer, 10)
    ackOf(talk, { channel, next: first + 1n })
    ackOf(talk, { channel, next: first + 1n, rejects: [{ seq: first, reason: "EngineGone" }] })
})

rule("Acknowledgement", "acks that have rejects are answered by settled", async (peer) => {
    const talk = (await peer.connect()).begin()
    const { channel, first } = await receiveEcho(talk, peer, 10)
    ackOf(talk, { channel, next: first + 1n, rejects: [{ seq: first, reason: "EngineFailed" }] })
    const { value } = await talk.control("settled")
    assert.deepEqual(value, { channel, next: first + 1n })
}, { roles: both })

// -- Delivery: Window, Void, Abort --------------------------------------------

rule("Window", "a long message is let in once it has begun", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.sink)
    const { first, size } = beginning(1_000_000)
    talk.send([chunk(channel, false, first)])
    const isEnough = () => talk.ours[Number(channel)].window >= BigInt(size + wire.messageOverhead)
    await talk.until(isEnough, "a window for all of it")
})

rule("Window", "a peer keeps within the window of a channel", async (peer) => {
    const least = 16_128n
    const talk = (await peer.connect(resumeOf({ window: least }))).begin()
    talk.acknowledges = false
    const channel = talk.open(peer.echo)
    // An engine may take the next message only when the other end has this one.
    for (let room = talk.session.heard.window; room >= 9_200n; room -= 9_200n)
        talk.sendMessage(channel, randomBytes(9_000))
    await talk.isAlive(peer.sink)
    assert(talk.messages.length <= 1, "more than the window has room for")
})

offence("Void", "a range that does not begin with the next number", ({ session }) =>
    session.control("void", { from: 1n, to: 2n }))

offence("Void", "an empty range", ({ session }) => session.control("void", { from: 0n, to: 0n }))

offence("Void", "a range beyond 2^62", ({ session }) => session.control("void", { from: 0n, to: (1n << 62n) + 1n }))

rule("Void", "numbers that are void are acknowledged in all open channels", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channels = [talk.open(peer.sink), talk.open(peer.echo)]
    for (const channel of channels) await talk.ack(channel)
    talk.session.control("void", { from: 0n, to: 7n })
    talk.session.out.next.NodeMsg = 7n
    for (const channel of channels) await talk.ack(channel, 7n)
    await echo(talk, peer, small, channels[1])
})

rule("Abort", "a message that was given up is not delivered, and its channel goes on", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.echo)
    const first = talk.send([chunk(channel, false, beginning(40_000).first)])
    talk.session.control("abort", { channel, first })
    talk.ours[Number(channel)].isNew = true
    await talk.ack(channel, first + 1n)
    await echo(talk, peer, small, channel)
})

rule("Abort", "is ignored if there is no such message", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.sink)
    talk.session.control("abort", { channel, first: 5n })
    await talk.isAlive(peer.sink)
})

// -- Unreliable messages, Life and death, Goodbye ------------------------------

offence("Unreliable messages", "a channel that is not open", ({ session }) =>
    session.chunks("UnreliableMsg", wire.cut(0n, wire.serialize({ sender: "kit", msg: small }))))

offence("Unreliable messages", "a short fragment that is not the last", (talk, peer) =>
    talk.session.chunks("UnreliableMsg", [chunk(talk.open(peer.sink), false, beginning(20_000).first.subarray(1))]))

rule("Unreliable messages", "do not stand in the way of others", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.sink)
    for (let i = 0; i < 3; ++i)
        talk.session.chunks("UnreliableMsg", wire.cut(channel, wire.serialize({ sender: "kit", msg: small })))
    await talk.isAlive(peer.sink)
})

rule("Life and death", "something comes within 10 s", async (peer) => {
    const talk = (await peer.connect({ patience: 11_000 })).begin()
    await talk.control("reopened")
    await talk.until(() => true, "a sign of life")
}, { slow: true })

rule("Goodbye", "is answered with the same reason", async (peer) => {
    const talk = (await peer.connect()).begin()
    await talk.leave("idle")
})

rule("Goodbye", "acks that are owed come before it", async (peer) => {
    const talk = (await peer.connect()).begin()
    const channel = talk.open(peer.sink)
    await talk.ack(channel)
    const number = talk.sendMessage(channel, small)
    talk.session.control("goodbye", { reason: 0n, finished: false })
    await talk.until(({ name }) => name === "goodbye", "goodbye")
    // The engine may not have taken it before the goodbye came.
    assert(talk.ours[0].entry.next <= number + 1n)
})

rule("One connection per peer", "the newer one of the same initiator survives", async (peer) => {
    const old = (await peer.connect()).begin()
    await old.isAlive(peer.sink)
    const young = (await peer.connect(after(old))).begin()
    const { value } = await old.control("goodbye").catch(() => ({ value: null }))
    assert.equal(value?.reason, 2n, "no goodbye {superseded} on the older one")
    await young.isAlive(peer.sink)
})

rule("One connection per peer", "one of another epoch displaces the older one", async (peer) => {
    const old = (await peer.connect()).begin()
    await old.isAlive(peer.sink)
    const young = (await peer.connect()).begin()
    const isDisplaced = ({ name, value }) => name === "goodbye" && value.reason === 7n
    await old.until(isDisplaced, "goodbye {displaced}")
    await young.isAlive(peer.sink)
})

rule("One connection per peer", "a connection names the one before it", async (peer) => {
    const talk = (await peer.connect()).begin()
    await talk.isAlive(peer.sink)
    talk.session.destroy()
    const { session } = await peer.connect(after(talk))
    assert(wire.ofData(session.hello.prev ?? new ArrayBuffer(0)).equals(talk.session.digest))
}, { roles: ["listen"] })
