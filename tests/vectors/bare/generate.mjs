// Writes messages.json, wire.json and primitives.json: octets that bare-ts, an
// implementation of BARE that shares nothing with ours, makes from the schema
// protocol/node_proxy.bare. The values are those of tests/messages/samples.hpp
// and of test_wire_golden.cpp and test_bare_golden.cpp in tests/protocol/wire.
//
//   npm install --no-package-lock && npm run generate

import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as bare from "@bare-ts/lib"
import { transform } from "@bare-ts/tools"

const here = fileURLToPath(new URL(".", import.meta.url))

// Types that only the golden files need.
const extra = `
type Uints list<uint>
type Fixed struct { a: u8 b: u16 c: u32 d: u64 e: bool f: bool }
type Text str
type Nested list<list<optional<data>>>
type Forms struct {
    a: i8
    b: i16
    c: i32
    d: i64
    e: f32
    f: f64
    g: map<str><i16>
    h: list<bool>[3]
    i: union { bool | str }
    j: list<struct { first: u8 second: optional<f32> }>
}
`

// The code that the compiler writes is used at once and not kept. It has to lie
// in a folder from which the library is found.
async function compile(schema) {
    const folder = mkdtempSync(join(here, "generated-"))
    try {
        const file = join(folder, "schema.mjs")
        writeFileSync(file, transform(schema, { generator: "js", lib: true, useGenericArray: true }))
        return await import(pathToFileURL(file))
    } finally {
        rmSync(folder, { recursive: true })
    }
}

const types = await compile(readFileSync(join(here, "../../../protocol/node_proxy.bare"), "utf8") + extra)
const config = bare.Config({ initialBufferLength: 256, maxBufferLength: 1 << 20 })

function encode(type, value) {
    const cursor = new bare.ByteCursor(new Uint8Array(config.initialBufferLength), config)
    types[`write${type}`](cursor, value)
    // The generated code writes nothing for an enumerator that it doesn't know.
    const reader = new bare.ByteCursor(cursor.bytes.slice(0, cursor.offset), config)
    assert.deepEqual(types[`read${type}`](reader), value)
    return Buffer.from(cursor.bytes.subarray(0, cursor.offset)).toString("hex")
}

function write(file, entries) {
    const lines = entries.map(([name, type, value]) => JSON.stringify({ name, hex: encode(type, value) }))
    writeFileSync(join(here, file), `[\n  ${lines.join(",\n  ")}\n]\n`)
}

const octets = (first, size) => Uint8Array.from({ length: size }, (_, i) => (first + i) & 255).buffer
const union = (tag, val) => ({ tag, val })

const alice = union("Curve25519PubKey", octets(0x20, 32))
const bob = union("Curve25519PubKey", octets(0x60, 32))
const sig = union("Ed25519Signature", octets(0x80, 64))
const printer = { node: alice, name: "printer" }
const echo = { node: bob, name: "echo" }
const ip4 = union("IPv4", Uint8Array.of(192, 0, 2, 1).buffer)
const ip6 = union("IPv6", Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1).buffer)
const tls = { ip: ip6, port: 443, certIssuer: "Auto\u00e9 \u2713 \u{1f511}" }
const advert = {
    id: alice,
    addrs: [
        { address: union("QuicAddr", { address: tls }), weight: 500n },
        { address: union("TlsAddr", { address: tls }), weight: 400n },
        { address: union("IpAddr", { ip: ip6 }), weight: 300n },
        { address: union("TcpAddr", { ip: ip4, port: 4000 }), weight: 200n },
        { address: union("UdpAddr", { ip: ip6, port: 4001 }), weight: 100n },
    ],
    version: 1795392000n,
    created: 1522119n,
    sig,
}
const request = {
    protoVerMin: 1n,
    protoVerMax: 3n,
    srcNodeId: alice,
    dstNodeId: bob,
    srcNodeAdvertVer: 7n,
    dstNodeAdvertVer: 300n,
}
const replyOk = union("ConnectReplyOk", { protoVer: 2n, nodeAdvertVer: { own: 1795392000n, known: 6n } })
const message = { sender: printer, target: echo, mailbox: 9n, msg: octets(0xa0, 5) }
const sealed = { seq: 70000n, msg: union("EncryptedMsgChaCha20Poly1305", octets(0xb0, 20)) }
const prefs = { ordering: "Unordered", reliability: "Unreliable", security: "Direct" }
const outgoing = { prefs, expiry: union("AbsTime", 1522119n), msg: message }
const connectBob = { nodeId: bob, permanent: true }
const ext = [
    { id: 1n, value: octets(0xe0, 2) },
    { id: 300n, value: octets(0, 0) },
]

// One entry for each enumerator of an enum of the schema.
const each = (prefix, type, enumeration, wrap = (x) => x) =>
    Object.values(types[enumeration]).map((x) => {
        const name = x.replace(/(?<=.)[A-Z]/g, "_$&").toLowerCase()
        return [`${prefix}.${name}`, type, wrap(x)]
    })

write("messages.json", [
    ["public_key", "PublicKey", alice],
    ["signature", "Signature", sig],
    ["engine_id", "EngineId", printer],
    ["engine_id.local", "EngineId", { node: null, name: "printer" }],
    ["rel_time", "RelTime", 300n],
    ["abs_time", "AbsTime", 1522119n],
    ["expiry_time.rel", "ExpiryTime", union("RelTime", 300n)],
    ["expiry_time.abs", "ExpiryTime", union("AbsTime", 1522119n)],
    ...each("transport_protocol", "TransportProtocol", "TransportProtocol"),
    ["ip_address.ipv4", "IpAddress", ip4],
    ["ip_address.ipv6", "IpAddress", ip6],
    ["transport_address.quic", "TransportAddress", union("QuicAddr", { address: tls })],
    ["transport_address.tls", "TransportAddress", union("TlsAddr", { address: tls })],
    ["transport_address.ip", "TransportAddress", union("IpAddr", { ip: ip4 })],
    ["transport_address.tcp", "TransportAddress", union("TcpAddr", { ip: ip4, port: 4000 })],
    ["transport_address.udp", "TransportAddress", union("UdpAddr", { ip: ip6, port: 4001 })],
    ["transport_address.dns", "TransportAddress", union("DnsAddr", { name: "a-1.example", port: 4002 })],
    ["transport_prefs", "TransportPrefs", prefs],
    ["node_advert", "NodeAdvert", advert],
    ["connect_request", "ConnectRequest", request],
    ["connect_reply.ok", "ConnectReply", replyOk],
    ...each("connect_reply", "ConnectReply", "ConnectReplyError", (x) => union("ConnectReplyError", x)),
    ...each("connection_permanence", "ConnectionPermanence", "ConnectionPermanence"),
    ["engine_msg", "EngineMsg", message],
    [
        "engine_msg.least",
        "EngineMsg",
        { sender: { node: null, name: "" }, target: { node: null, name: "" }, mailbox: null, msg: octets(0, 0) },
    ],
    ["serialized_msg", "SerializedMsg", union("SerializedMsgBare", octets(0xa0, 200))],
    ["node_msg.null", "NodeMsg", { seq: 70000n, msg: union("EncryptedMsgNull", octets(0xb0, 3)) }],
    ["node_msg.chacha20_poly1305", "NodeMsg", sealed],
    [
        "node_msg.aes256_gcm",
        "NodeMsg",
        { seq: (1n << 62n) - 1n, msg: union("EncryptedMsgAes256Gcm", octets(0xc0, 20)) },
    ],
    ["node_out_msg", "NodeOutMsg", outgoing],
    ["node_proxy_msg.node_out_msg", "NodeProxyMsg", union("NodeOutMsg", outgoing)],
    ["node_proxy_msg.node_msg", "NodeProxyMsg", union("NodeMsg", sealed)],
    ["node_proxy_msg.connect_request", "NodeProxyMsg", union("ConnectRequest", request)],
    ["node_proxy_msg.connect_reply", "NodeProxyMsg", union("ConnectReply", replyOk)],
    ["node_proxy_msg.node_advert", "NodeProxyMsg", union("NodeAdvert", advert)],
    ["node_proxy_msg.connection_permanence", "NodeProxyMsg", union("ConnectionPermanence", "Permanent")],
    ["node_advert_reply.accepted", "NodeAdvertReply", union("NodeAdvertAccepted", { version: 1795392000n })],
    ...each("node_advert_reply", "NodeAdvertReply", "NodeAdvertRefusal", (x) => union("NodeAdvertRefusal", x)),
    ["node_connect_request", "NodeConnectRequest", connectBob],
    ...each("node_connect_reply", "NodeConnectReply", "NodeConnectResult", (result) => ({ result })),
    ["router_msg.node_out_msg", "RouterMsg", union("NodeOutMsg", outgoing)],
    ["router_msg.node_connect_request", "RouterMsg", union("NodeConnectRequest", connectBob)],
    ["router_msg.node_advert", "RouterMsg", union("NodeAdvert", advert)],
])

const body = (type, value) => Buffer.from(encode(type, value), "hex")
const channelMsg = (value) => union("SerializedMsgBare", Uint8Array.from(body("ChannelMsg", value)).buffer)
const rejects = Object.values(types.RejectReason).map((reason, i) => ({ seq: BigInt(100 + i * 30), reason }))
const control = (tag, octets) => ({ tag, body: Uint8Array.from(octets).buffer })

write("wire.json", [
    [
        "hello",
        "Hello",
        { request, epoch: 0x0102030405060708n, prev: octets(0xc0, 16), ciphers: [1n, 2n], maxMessage: 16777216, ext },
    ],
    ["hello.least", "Hello", { request, epoch: 1n, prev: null, ciphers: [1n], maxMessage: 1, ext: [] }],
    ["welcome", "Welcome", { reply: replyOk, epoch: 0xffeeddccbbaa9988n, cipher: 2n, maxMessage: 65536, ext }],
    [
        "control.resume",
        "ControlFrame",
        control(
            0n,
            body("Resume", {
                first: 5n,
                received: { epoch: 0x0102030405060708n, next: 300n },
                window: 1048576n,
            }),
        ),
    ],
    ["control.resume.new", "ControlFrame", control(0n, body("Resume", { first: 0n, received: null, window: 1n }))],
    [
        "control.open",
        "ControlFrame",
        control(1n, body("Open", { channel: 3n, target: "printer", ordering: "Unordered", window: 32768n })),
    ],
    ["control.reopened", "ControlFrame", control(2n, [])],
    ["control.close", "ControlFrame", control(3n, body("Close", { channel: 300n }))],
    ["control.abort", "ControlFrame", control(4n, body("Abort", { channel: 3n, first: 300n }))],
    ["control.void", "ControlFrame", control(5n, body("Void", { from: 300n, to: 302n }))],
    [
        "control.ack",
        "ControlFrame",
        control(
            6n,
            body("Ack", {
                channels: [
                    { channel: 3n, next: 300n, window: 1048576n, rejects },
                    { channel: 300n, next: 1n, window: 16128n, rejects: [] },
                ],
            }),
        ),
    ],
    ["control.settled", "ControlFrame", control(7n, body("Settled", { channel: 3n, next: 300n }))],
    ["control.node_advert", "ControlFrame", control(8n, body("NodeAdvert", advert))],
    ["control.heartbeat", "ControlFrame", control(9n, [])],
    ["control.rekey", "ControlFrame", control(10n, [])],
    ["control.goodbye", "ControlFrame", control(11n, body("Goodbye", { reason: 2n, finished: true }))],
    ["frame.handshake_init", "FrameBody", union("HandshakeInit", octets(0, 130))],
    ["frame.handshake_reply", "FrameBody", union("HandshakeReply", octets(1, 130))],
    ["frame.node_msg", "FrameBody", union("NodeMsg", sealed)],
    [
        "frame.unreliable",
        "FrameBody",
        union("UnreliableMsg", { counter: 1n, msg: union("EncryptedMsgAes256Gcm", octets(0xc0, 20)) }),
    ],
    ["frame.control", "FrameBody", union("ControlMsg", { counter: 128n, msg: sealed.msg })],
    [
        "sealed_chunks",
        "SealedChunks",
        [
            { channel: 3n, last: true, chunk: octets(0xa0, 5) },
            { channel: 300n, last: false, chunk: octets(0xb0, 200) },
        ],
    ],
    ["channel_msg", "SerializedMsg", channelMsg({ sender: "printer", mailbox: 300n, msg: octets(0xa0, 200) })],
    ["channel_msg.least", "SerializedMsg", channelMsg({ sender: "", mailbox: null, msg: octets(0, 0) })],
])

const uints = [0n, 1n, 127n, 128n, 255n, 16383n, 16384n]
for (const bits of [21n, 28n, 32n, 35n, 42n, 49n, 56n, 63n, 64n]) uints.push((1n << bits) - 1n)
for (const bits of [21n, 28n, 32n, 35n, 42n, 49n, 56n, 63n]) uints.push(1n << bits)

write("primitives.json", [
    ...uints.map((value) => [`uint.${value}`, "RelTime", value]),
    ["uints", "Uints", uints],
    ["fixed", "Fixed", { a: 0x12, b: 0x1234, c: 0x12345678, d: 0x123456789abcdef0n, e: true, f: false }],
    ["text", "Text", "a\u00e9\u2713\u{1f511}\u0000\ud7ff\ue000\u{10ffff}"],
    ["nested", "Nested", [[], [octets(1, 2), null], [octets(0, 0)]]],
    [
        "forms",
        "Forms",
        {
            a: -1,
            b: -300,
            c: -70000,
            d: -(1n << 40n),
            e: 0.5,
            f: -1e300,
            g: new Map([
                ["b", 1],
                ["aa", -2],
            ]),
            h: [true, false, true],
            i: union(1, "\u2713"),
            j: [
                { first: 1, second: null },
                { first: 2, second: -0.25 },
            ],
        },
    ],
])
