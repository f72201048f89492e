// Computes every value of protocol/EXAMPLE.md, and the published Noise vector.

import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { Identity, isSignedBy, isValidId, noiseKeyOf, x25519, x25519Public } from "./identity.mjs"
import { NoiseInitiator, NoiseResponder } from "./noise.mjs"
import * as wire from "./wire.mjs"

function readExample() {
    const text = readFileSync(new URL("../../protocol/EXAMPLE.md", import.meta.url), "utf8")
    const values = {}
    for (const [, block] of text.matchAll(/^```hex\n(.*?)^```$/gms)) {
        const plain = block.replace(/#.*$/gm, "")
        for (const [, name, hex] of plain.matchAll(/^(\S+):\n((?: .*\n)+)/gm)) {
            assert(!(name in values), name)
            values[name] = hex.replace(/\s/g, "")
        }
    }
    return values
}

const expected = readExample()
const given = (name) => Buffer.from(expected[name], "hex")
const computed = {}
const note = (name, octets) => {
    computed[name] = octets.toString("hex")
    return octets
}

const alice = new Identity(note("alice.seed", given("alice.seed")))
const bob = new Identity(note("bob.seed", given("bob.seed")))
const ephemeral = { alice: given("alice.ephemeral_secret"), bob: given("bob.ephemeral_secret") }
for (const [name, identity] of Object.entries({ alice, bob })) {
    note(`${name}.id`, identity.id)
    note(`${name}.noise_secret`, identity.noiseSecret)
    note(`${name}.noise_public`, identity.noisePublic)
    note(`${name}.ephemeral_secret`, ephemeral[name])
    note(`${name}.ephemeral_public`, x25519Public(ephemeral[name]))
    assert(isValidId(identity.id))
    assert.deepEqual(x25519Public(identity.noiseSecret), noiseKeyOf(identity.id))
}

// Nothing that has small order, is not canonical or is not on the curve.
for (const bad of ["00", "01", "02", "ecffffff", "edffffff", "ffffffff"]) {
    const id = Buffer.alloc(32, bad.length > 2 ? 0xff : 0)
    Buffer.from(bad, "hex").copy(id)
    id[31] &= 0x7f
    assert(!isValidId(id), bad)
}

const tcp = (host, port) => [
    {
        address: {
            tag: "TcpAddr",
            val: { ip: { tag: "IPv4", val: wire.toData([192, 0, 2, host]) }, port },
        },
        weight: 1n,
    },
]
const adverts = {
    alice: wire.signAdvert(alice, tcp(1, 4001), 1764000000n, 1000000n),
    bob: wire.signAdvert(bob, tcp(2, 4002), 1763000000n, 1000000n),
}
for (const [name, identity] of Object.entries({ alice, bob })) {
    const octets = note(`${name}.advert`, wire.encode("NodeAdvert", adverts[name]))
    const fields = octets.subarray(0, -65)
    note(`${name}.advert.signed`, Buffer.concat([Buffer.from("node-proxy advert v1\0"), fields]))
    assert(isSignedBy(identity.id, "node-proxy advert v1", fields, wire.ofData(adverts[name].sig.val)))
}

note("dh.es", x25519(ephemeral.alice, bob.noisePublic))
note("dh.ss", x25519(alice.noiseSecret, bob.noisePublic))
note("dh.ee", x25519(ephemeral.alice, x25519Public(ephemeral.bob)))
note("dh.se", x25519(alice.noiseSecret, x25519Public(ephemeral.bob)))

const helloOf = (prev) => wire.encode("Hello", {
    request: {
        protoVerMin: 1n,
        protoVerMax: 1n,
        srcNodeId: wire.toId(alice.id),
        dstNodeId: wire.toId(bob.id),
        srcNodeAdvertVer: 1764000000n,
        dstNodeAdvertVer: 1763000000n,
    },
    epoch: 0x0102030405060708n,
    prev: prev && wire.toData(prev),
    ciphers: [1n],
    maxMessage: 1 << 24,
    ext: [],
})
const hello = helloOf(null)
const welcome = wire.encode("Welcome", {
    reply: {
        tag: "ConnectReplyOk",
        val: { protoVer: 1n, nodeAdvertVer: { own: 1763000000n, known: 0n } },
    },
    epoch: 0x1112131415161718n,
    cipher: 1n,
    maxMessage: 1 << 24,
    ext: [],
})
const refusal = wire.encode("Welcome", {
    reply: { tag: "ConnectReplyError", val: wire.schema.ConnectReplyError.Incompatible },
    epoch: 0n,
    cipher: 0n,
    maxMessage: 0,
    ext: [],
})

const prologue = Buffer.from("node-proxy")
const handshakeFrame = (tag, message) =>
    wire.frame(wire.encode("FrameBody", { tag, val: wire.toData(message) }))
const initiator = new NoiseInitiator(prologue, alice, bob.noisePublic, ephemeral.alice)
const message1 = initiator.writeMessage1(note("hello", hello))
note("h.message_1", initiator.h)
note("init.frame", handshakeFrame("HandshakeInit", message1))

function answer(secret, payload) {
    const responder = new NoiseResponder(prologue, bob, secret)
    assert.deepEqual(responder.readMessage1(message1), hello)
    assert.deepEqual(responder.rs, alice.noisePublic)
    return [responder, responder.writeMessage2(payload)]
}

const [responder, message2] = answer(ephemeral.bob, note("welcome", welcome))
note("reply.frame", handshakeFrame("HandshakeReply", message2))
const [, refusing] = answer(
    note("refusal.ephemeral_secret", given("refusal.ephemeral_secret")),
    note("refusal.welcome", refusal),
)
note("refusal.frame", handshakeFrame("HandshakeReply", refusing))

assert.deepEqual(initiator.readMessage2(message2), welcome)
assert.deepEqual(initiator.split(), responder.split())
const h = note("h", initiator.h)
const [k1, k2] = initiator.split()
note("k1", k1)
note("k2", k2)
const keys = { alice: wire.dataKey(k1, h, 1), bob: wire.dataKey(k2, h, 1) }
note("key.alice", keys.alice)
note("key.bob", keys.bob)
const aesKey = note("key.alice.aes256_gcm", wire.dataKey(k1, h, 2))
note("key.bob.aes256_gcm", wire.dataKey(k2, h, 2))
const nextKey = note("key.alice.next", wire.nextKey(keys.alice))

const out = { alice: new wire.Direction(keys.alice, 1), bob: new wire.Direction(keys.bob, 1) }
const back = { alice: new wire.Direction(keys.alice, 1), bob: new wire.Direction(keys.bob, 1) }

function sealed(who, name, kind, plaintext) {
    const number = out[who].next[kind]
    const frame = out[who].seal(kind, plaintext)
    note(`${who}.${name}.plaintext`, plaintext)
    note(`${who}.${name}.nonce`, wire.frameNonce(kind, number))
    note(`${who}.${name}.ad`, frame.subarray(4, -plaintext.length - 16))
    note(`${who}.${name}.frame`, frame)
    assert.deepEqual(back[who].open(frame.subarray(4)).plaintext, plaintext)
    back[who].next[kind] += 1n
}

const control = (who, name, value = {}) => sealed(who, name, "ControlMsg", wire.encodeControl(name, value))
const window = 32768n
const open = { channel: 0n, target: "echo", ordering: "Ordered", window }
control("alice", "resume", { first: 0n, received: null, window })
control("bob", "resume", { first: 0n, received: null, window })
control("bob", "reopened")
control("alice", "node_advert", adverts.alice)
control("alice", "reopened")
control("alice", "open", open)
const serialized = wire.serialize({ sender: "alice", mailbox: 7n, msg: Buffer.from("hello") })
const list = wire.encode("SealedChunks", wire.cut(0n, serialized))
sealed("alice", "node_msg", "NodeMsg", list)
control("bob", "ack", { channels: [{ channel: 0n, next: 1n, window, rejects: [] }] })
control("alice", "goodbye", { reason: 0n, finished: true })
control("bob", "goodbye", { reason: 0n, finished: true })

// What else Alice could have sent, with any number.
const sha256 = (octets) => createHash("sha256").update(octets).digest()

function other(name, kind, number, plaintext, { key = keys.alice, cipher = 1 } = {}) {
    const direction = new wire.Direction(key, cipher)
    direction.next[kind] = number
    const frame = direction.seal(kind, plaintext)
    note(`${name}.nonce`, wire.frameNonce(kind, number))
    note(`${name}.ad`, frame.subarray(4, -plaintext.length - 16))
    return frame
}

const heartbeat = note("heartbeat.plaintext", wire.encodeControl("heartbeat"))
note("unreliable.frame", other("unreliable", "UnreliableMsg", 0n, list))
note("high.frame", other("high", "ControlMsg", 300n, heartbeat))
note("highest.frame", other("highest", "ControlMsg", (1n << 62n) - 1n, heartbeat))
note("aes.frame", other("aes", "ControlMsg", 1n, heartbeat, { key: aesKey, cipher: 2 }))
note("rekeyed.frame", other("rekeyed", "ControlMsg", 4n, heartbeat, { key: nextKey }))

const long = (octet) => wire.serialize({ sender: "alice", msg: Buffer.alloc(17_000, octet) })
const [first, second] = [wire.cut(0n, long(0x61)), wire.cut(1n, long(0x62))]
const mixed = wire.encode("SealedChunks", [first[0], second[0], second[1], first[1]])
note("mixed.plaintext.sha256", sha256(mixed))
note("mixed.frame.sha256", sha256(other("mixed", "NodeMsg", 200n, mixed)))

// The second connection.
note("again.hello", helloOf(h.subarray(0, 16)))
const again = (name, value) => note(`again.${name}`, wire.encodeControl(name, value))
again("resume", { first: 2n, received: { epoch: 0x1112131415161718n, next: 0n }, window })
again("open", { ...open, window: 65536n })
again("abort", { channel: 0n, first: 2n })
again("void", { from: 5n, to: 7n })
const rejects = [{ seq: 7n, reason: "UnknownEngine" }, { seq: 300n, reason: "EngineGone" }]
again("ack", { channels: [{ channel: 0n, next: 301n, window, rejects }, { channel: 1n, next: 302n, window, rejects: [] }] })
again("settled", { channel: 0n, next: 301n })
again("close", { channel: 0n })

for (const name of Object.keys(expected).filter((x) => x.startsWith("invalid_id.")))
    assert(!isValidId(note(name, given(name))), name)

assert.deepEqual(computed, expected)
console.log(`EXAMPLE.md: ${Object.keys(expected).length} values are right`)

function checkVector() {
    const file = new URL("../vectors/noise_ik_25519_chachapoly_sha256.json", import.meta.url)
    const [vector] = JSON.parse(readFileSync(file, "utf8")).vectors
    const octets = (hex) => Buffer.from(hex, "hex")
    const own = (secret) => ({ noiseSecret: secret, noisePublic: x25519Public(secret) })
    const [first, second] = vector.messages.map(({ payload }) => octets(payload))
    const writer = new NoiseInitiator(
        octets(vector.init_prologue),
        own(octets(vector.init_static)),
        octets(vector.init_remote_static),
        octets(vector.init_ephemeral),
    )
    const reader = new NoiseResponder(
        octets(vector.resp_prologue),
        own(octets(vector.resp_static)),
        octets(vector.resp_ephemeral),
    )
    const message1 = writer.writeMessage1(first)
    assert.equal(message1.toString("hex"), vector.messages[0].ciphertext)
    assert.deepEqual(reader.readMessage1(message1), first)
    const message2 = reader.writeMessage2(second)
    assert.equal(message2.toString("hex"), vector.messages[1].ciphertext)
    assert.deepEqual(writer.readMessage2(message2), second)
    assert.equal(writer.h.toString("hex"), vector.handshake_hash)
}

checkVector()
console.log("the published Noise vector is right")
