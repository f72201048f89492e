// Octets: BARE from the schema, frames, sealing (PROTOCOL.md, "Encodings",
// "Frames", "Sealed frames", "Control frames").

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as bare from "@bare-ts/lib"
import { transform } from "@bare-ts/tools"
import { hkdf, nonceOf, open, seal } from "./noise.mjs"

const here = fileURLToPath(new URL(".", import.meta.url))

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

export const schema = await compile(readFileSync(join(here, "../../../protocol/node_proxy.bare"), "utf8"))

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

const controlTypes = ["Resume", "Ack", "Settled", "Void", "NodeAdvert", null, null, "Goodbye"]
const controlNames = ["resume", "ack", "settled", "void", "node_advert", "heartbeat", "rekey", "goodbye"]

export function encodeControl(name, value) {
    const tag = controlNames.indexOf(name)
    const body = controlTypes[tag] ? encode(controlTypes[tag], value) : Buffer.alloc(0)
    return encode("ControlFrame", { tag: BigInt(tag), body: toData(body) })
}

/** {name, value}; unknown frames that may be ignored have the name "unknown". */
export function decodeControl(plaintext) {
    const { tag, body } = decode("ControlFrame", plaintext)
    if (tag >= 128n) return { name: "unknown" }
    if (tag >= controlTypes.length) throw new Error("unknown control frame")
    const type = controlTypes[Number(tag)]
    if (!type && body.byteLength > 0) throw new Error("body is not empty")
    return { name: controlNames[Number(tag)], value: type ? decode(type, ofData(body)) : {} }
}

const fragment = 65_000

/** The chunks of an engine message. */
export function chunksOf(message) {
    const bytes = encode("SerializedMsg", {
        tag: "SerializedMsgBare",
        val: toData(encode("EngineMsg", message)),
    })
    const chunks = []
    for (let i = 0; i < bytes.length; i += fragment) {
        const last = i + fragment >= bytes.length
        chunks.push({ last, chunk: toData(bytes.subarray(i, i + fragment)) })
    }
    return { chunks, size: bytes.length }
}

export const messageOf = (bytes) => decode("EngineMsg", ofData(decode("SerializedMsg", bytes).val))

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

export { advertContext }
