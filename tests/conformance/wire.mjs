// Octets: BARE from the schema, frames, sealing (PROTOCOL.md, "Encodings",
// "Frames", "Sealed frames", "Control frames").

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as bare from "@bare-ts/lib"
import { transform } from "@bare-ts/tools"
import { hkdf, nonceOf, open, seal } from "./noise.mjs"

const here = fileURLToPath(new URL(".", import.meta.url))
const schemaFile = new URL("../../protocol/node_proxy.bare", import.meta.url)

// The compiled schema is used at once and not kept. It has to lie in a folder
// from which the library is found.
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

export const schema = await compile(readFileSync(schemaFile, "utf8"))

const config = bare.Config({ initialBufferLength: 256, maxBufferLength: 1 << 26 })

/** The encoding of `value` as `type` of the schema. */
export function encode(type, value) {
    const cursor = new bare.ByteCursor(new Uint8Array(config.initialBufferLength), config)
    schema[`write${type}`](cursor, value)
    return Buffer.from(cursor.bytes.slice(0, cursor.offset))
}

/** Throws unless `octets` are exactly the encoding of a value. */
export function decode(type, octets) {
    const cursor = new bare.ByteCursor(new Uint8Array(octets), config)
    const result = schema[`read${type}`](cursor)
    if (cursor.offset !== octets.length) throw new Error("octets after the value")
    return result
}

/** bare-ts has ArrayBuffer where the schema has data. */
export const toData = (octets) => new Uint8Array(octets).buffer
export const ofData = (data) => Buffer.from(data)

export const toId = (id) => ({ tag: "Curve25519PubKey", val: toData(id) })
export const ofId = (id) => ofData(id.val)

/** Puts the length before a body. */
export function frame(body) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(body.length)
    return Buffer.concat([length, body])
}

/** Cuts a stream into bodies. */
export class Deframer {
    #rest = Buffer.alloc(0)
    maxBody = 4096

    push(octets) {
        this.#rest = Buffer.concat([this.#rest, octets])
    }

    /** The next body, or null. */
    next() {
        if (this.#rest.length < 4) return null
        const length = this.#rest.readUInt32LE()
        if (length === 0 || length > this.maxBody) throw new Error("bad length of a frame")
        if (this.#rest.length < 4 + length) return null
        const body = this.#rest.subarray(4, 4 + length)
        this.#rest = this.#rest.subarray(4 + length)
        return body
    }
}

/** The ciphers by their numbers. */
export const ciphers = {
    1: { tag: "EncryptedMsgChaCha20Poly1305", name: "chacha20_poly1305", openssl: "chacha20-poly1305" },
    2: { tag: "EncryptedMsgAes256Gcm", name: "aes256_gcm", openssl: "aes-256-gcm" },
}

const spaces = { NodeMsg: 0n, UnreliableMsg: 1n, ControlMsg: 2n }
const numberField = { NodeMsg: "seq", UnreliableMsg: "counter", ControlMsg: "counter" }

export const frameNonce = (kind, number) => nonceOf((spaces[kind] << 62n) | number)

export const dataKey = (splitKey, h, cipher) => hkdf(splitKey, h, `node-proxy data ${ciphers[cipher].name}`)
export const nextKey = (key) => hkdf(key, "", "node-proxy rekey")

function sealedBody(kind, number, cipher, ciphertext) {
    const msg = { tag: ciphers[cipher].tag, val: toData(ciphertext) }
    return encode("FrameBody", { tag: kind, val: { [numberField[kind]]: number, msg } })
}

/** One direction of a connection: its key and the numbers that come next. */
export class Direction {
    constructor(key, cipher) {
        this.key = key
        this.cipher = cipher
        this.next = { NodeMsg: 0n, UnreliableMsg: 0n, ControlMsg: 0n }
    }

    /** A frame with `count` numbers. */
    seal(kind, plaintext, count = 1) {
        const number = this.next[kind]
        this.next[kind] += BigInt(count)
        const size = plaintext.length + 16
        const ad = sealedBody(kind, number, this.cipher, Buffer.alloc(size)).subarray(0, -size)
        const nonce = frameNonce(kind, number)
        return frame(Buffer.concat([ad, seal(ciphers[this.cipher].openssl, this.key, nonce, ad, plaintext)]))
    }

    /** {kind, number, plaintext}; that the number is due is checked here. */
    open(body) {
        const { tag: kind, val } = decode("FrameBody", body)
        if (!(kind in spaces)) throw new Error("not sealed")
        if (val.msg.tag !== ciphers[this.cipher].tag) throw new Error("wrong cipher")
        const number = val[numberField[kind]]
        if (number !== this.next[kind]) throw new Error("out of order")
        const ciphertext = ofData(val.msg.val)
        const ad = body.subarray(0, body.length - ciphertext.length)
        const nonce = frameNonce(kind, number)
        return { kind, number, plaintext: open(ciphers[this.cipher].openssl, this.key, nonce, ad, ciphertext) }
    }

    rekey() {
        this.key = nextKey(this.key)
    }
}

// The control frames by their tags; a frame without a structure is empty.
const controls = [
    ["resume", "Resume"],
    ["open", "Open"],
    ["reopened", null],
    ["close", "Close"],
    ["abort", "Abort"],
    ["void", "Void"],
    ["ack", "Ack"],
    ["settled", "Settled"],
    ["node_advert", "NodeAdvert"],
    ["heartbeat", null],
    ["rekey", null],
    ["goodbye", "Goodbye"],
]

export function encodeControl(name, value) {
    const tag = controls.findIndex(([known]) => known === name)
    const type = controls[tag][1]
    const body = type ? encode(type, value) : Buffer.alloc(0)
    return encode("ControlFrame", { tag: BigInt(tag), body: toData(body) })
}

/** {name, value}; unknown frames that may be ignored have the name "unknown". */
export function decodeControl(plaintext) {
    const { tag, body } = decode("ControlFrame", plaintext)
    if (tag >= 128n) return { name: "unknown" }
    if (tag >= controls.length) throw new Error("unknown control frame")
    const [name, type] = controls[Number(tag)]
    if (!type && body.byteLength > 0) throw new Error("body is not empty")
    const value = type ? decode(type, ofData(body)) : {}
    if (name === "node_advert") checkHostNames(value)
    return { name, value }
}

/** Throws unless all names in an advert have their one form. */
function checkHostNames({ addrs }) {
    const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
    for (const { address } of addrs) {
        if (address.tag !== "DnsAddr") continue
        const { name } = address.val
        const labels = name.split(".")
        const isNumber = /^([0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1))
        if (name.length > 253 || isNumber || !labels.every((x) => label.test(x) && x.length <= 63))
            throw new Error("a name that is no host's")
    }
}

/** Octets in each fragment of a message but the last. */
export const fragmentSize = 16_000

/** What a message costs beyond its octets. */
export const messageOverhead = 128

/** Octets of a chunk list that fit any frame. */
export const maxList = 65_505

/** The encoded message from an engine. */
export const serialize = ({ sender, mailbox = null, msg }) =>
    encode("SerializedMsg", {
        tag: "SerializedMsgBare",
        val: toData(encode("ChannelMsg", { sender, mailbox, msg: toData(msg) })),
    })

export function deserialize(octets) {
    const { sender, mailbox, msg } = decode("ChannelMsg", ofData(decode("SerializedMsg", octets).val))
    return { sender, mailbox, msg: ofData(msg) }
}

/** An encoded message as chunks of a channel. */
export function cut(channel, octets) {
    const chunks = []
    for (let i = 0; i < octets.length; i += fragmentSize) {
        const last = i + fragmentSize >= octets.length
        chunks.push({ channel, last, chunk: toData(octets.subarray(i, i + fragmentSize)) })
    }
    return chunks
}

/** The length of the message that begins with this fragment. */
export function announcedSize(fragment) {
    let value = 0n
    for (let i = 1; i < Math.min(fragment.length, 11); ++i) {
        value |= BigInt(fragment[i] & 0x7f) << BigInt(7 * (i - 1))
        if (fragment[i] < 0x80) return 1 + i + Number(value)
    }
    throw new Error("no length")
}

/** Cuts a list of chunks into lists that each fit a frame. */
export function* packed(chunks) {
    let list = []
    let size = 3
    for (const chunk of chunks) {
        const more = chunk.chunk.byteLength + 14
        if (size + more > maxList && list.length > 0) {
            yield list
            list = []
            size = 3
        }
        list.push(chunk)
        size += more
    }
    if (list.length > 0) yield list
}

const advertContext = "node-proxy advert v1"

export function signAdvert(identity, addrs, version, created) {
    const advert = {
        id: toId(identity.id),
        addrs,
        version,
        created,
        sig: { tag: "Ed25519Signature", val: new ArrayBuffer(64) },
    }
    const signed = encode("NodeAdvert", advert).subarray(0, -65)
    advert.sig.val = toData(identity.sign(advertContext, signed))
    return advert
}
