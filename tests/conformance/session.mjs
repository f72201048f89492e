// A connection: handshake, sealed frames and their numbers, and nothing more
// (PROTOCOL.md, "Handshake", "Sealed frames"). What is said on it is up to
// others, who may also say what no peer should.

import { randomBytes } from "node:crypto"
import { connect, createServer } from "node:net"
import { isValidId, noiseKeyOf, withoutSignBit } from "./identity.mjs"
import { NoiseInitiator, NoiseResponder } from "./noise.mjs"
import * as wire from "./wire.mjs"

const prologue = Buffer.from("node-proxy", "ascii")

/** The reasons of goodbyes by their numbers. */
export const goodbyeReasons = [
    "shutdown",
    "idle",
    "superseded",
    "over_capacity",
    "denied",
    "protocol_error",
    "limit",
    "displaced",
]

export const randomEpoch = () => randomBytes(8).readBigUInt64LE()

/** The responder's authentic refusal. */
export class Refused extends Error {
    constructor(reason) {
        super(`refused: ${reason}`)
        this.reason = reason
    }
}

const defaults = {
    versions: [1n, 1n],
    ciphers: [1n],
    maxMessage: 1 << 24,
    // Versions of adverts.
    ownAdvert: 0n,
    knownAdvert: 0n,
    prev: null,
    // Responder: whether a node may connect.
    allow: () => true,
    // The fields of this end's resume, once the terms are known.
    resume: () => ({ first: 0n, received: null, window: BigInt(defaults.maxMessage + wire.messageOverhead) }),
    // What a peer must not say: claimedId and claimedRemote in the request,
    // noiseRemote as the key that it is for, answeredVersion in the welcome,
    // firstFrame instead of resume.
    // Milliseconds until `next` gives up.
    patience: 10_000,
}

/** The compiled schema has UnknownEngine for the value UNKNOWN_ENGINE of an enum. */
export const snakeCase = (name) => name.replace(/(?!^)[A-Z]/g, "_$&").toLowerCase()
export const camelCase = (name) => name.replace(/(^|_)([a-z])/g, (match, _, letter) => letter.toUpperCase())

function promise() {
    const result = {}
    result.value = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }))
    result.value.catch(() => {})
    return result
}

export class Session {
    #socket
    #frames = new wire.Deframer()
    #handle
    #established = promise()
    #closed = promise()
    #arrived = []
    #waiting = null
    #end = null
    #onFrame = null

    /** Connects to `remote`; `options` may replace any of the defaults. */
    static dial(self, remote, { host, port }, options = {}) {
        return new Session(connect({ host, port, noDelay: true }), self, remote, options)
    }

    /** Accepts connections, each of which goes to `onSession` before its handshake. */
    static async listen(self, { host, port }, options, onSession) {
        const server = createServer({ noDelay: true }, (socket) =>
            onSession(new Session(socket, self, null, { ...options })),
        )
        await new Promise((resolve) => server.listen(port, host, resolve))
        return server
    }

    constructor(socket, self, remote, options) {
        this.#socket = socket
        this.self = self
        this.remote = remote
        this.options = { epoch: randomEpoch(), ...defaults, ...options }
        this.#handle = remote ? this.#onReply : this.#onInit
        socket.on("data", (octets) => this.#onOctets(octets))
        socket.on("error", () => {})
        socket.on("close", () => this.#onClose())
        if (remote) socket.on("connect", () => this.#sendInit())
    }

    /** Resolves once the peer has said `resume`; rejects if it does not come to that. */
    get established() {
        return this.#established.value
    }

    /** Resolves when the stream has ended. */
    get closed() {
        return this.#closed.value
    }

    // -- out

    /** Seals a control frame; after `rekey` the next key is in use. */
    control(name, value = {}) {
        this.write(this.out.seal("ControlMsg", wire.encodeControl(name, value)))
        if (name === "rekey") this.out.rekey()
    }

    /** Seals chunks as `NodeMsg` or `UnreliableMsg`. */
    chunks(kind, list) {
        this.write(this.out.seal(kind, wire.encode("SealedChunks", list), list.length))
    }

    /** Writes octets as they are. */
    write(octets) {
        if (!this.#socket.destroyed) this.#socket.write(octets)
    }

    /** Closes when all is written. */
    end() {
        this.#socket.end()
    }

    /** Cuts the connection. */
    destroy() {
        this.#socket.destroy()
    }

    // -- in

    /**
     * The next frame: {kind: "control", name, value} or
     * {kind: "node_msg" | "unreliable", number, chunks}; {kind: "end"} when the
     * stream has ended.
     */
    next() {
        if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift())
        if (this.#end) return Promise.resolve(this.#end)
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#waiting = null
                reject(new Error(`nothing came for ${this.options.patience / 1000} s`))
            }, this.options.patience)
            this.#waiting = (frame) => {
                clearTimeout(timer)
                resolve(frame)
            }
        })
    }

    /** Gives all frames to `action` instead. */
    set onFrame(action) {
        this.#onFrame = action
        for (const frame of this.#arrived.splice(0)) action(frame)
    }

    #give(frame) {
        if (this.#onFrame) return this.#onFrame(frame)
        if (!this.#waiting) return this.#arrived.push(frame)
        const waiting = this.#waiting
        this.#waiting = null
        waiting(frame)
    }

    #onOctets(octets) {
        try {
            this.#frames.push(octets)
            for (let body; !this.#socket.destroyed && (body = this.#frames.next()); ) this.#handle(body)
        } catch (error) {
            this.error = error
            this.#established.reject(error)
            this.#socket.destroy()
        }
    }

    #onClose() {
        this.#end = { kind: "end", error: this.error }
        this.#established.reject(this.error ?? new Error("closed without a word"))
        this.#closed.resolve()
        this.#give(this.#end)
    }

    // -- handshake

    #writeHandshake(tag, message) {
        this.write(wire.frame(wire.encode("FrameBody", { tag, val: wire.toData(message) })))
    }

    #sendInit() {
        const { versions, ciphers, maxMessage, epoch, prev, ownAdvert, knownAdvert } = this.options
        this.noise = new NoiseInitiator(prologue, this.self, this.options.noiseRemote ?? noiseKeyOf(this.remote), randomBytes(32))
        const hello = wire.encode("Hello", {
            request: {
                protoVerMin: versions[0],
                protoVerMax: versions[1],
                srcNodeId: wire.toId(this.options.claimedId ?? this.self.id),
                dstNodeId: wire.toId(this.options.claimedRemote ?? this.remote),
                srcNodeAdvertVer: ownAdvert,
                dstNodeAdvertVer: knownAdvert,
            },
            epoch,
            prev: prev && wire.toData(prev),
            ciphers,
            maxMessage,
            ext: [],
        })
        this.#writeHandshake("HandshakeInit", this.noise.writeMessage1(hello))
    }

    #onReply(body) {
        const { tag, val } = wire.decode("FrameBody", body)
        if (tag !== "HandshakeReply") throw new Error("unexpected frame")
        const welcome = wire.decode("Welcome", this.noise.readMessage2(wire.ofData(val)))
        checkExtensions(welcome.ext)
        if (welcome.reply.tag === "ConnectReplyError") throw new Refused(snakeCase(welcome.reply.val))
        const { protoVer, nodeAdvertVer } = welcome.reply.val
        const { versions, ciphers } = this.options
        if (protoVer < versions[0] || protoVer > versions[1] || !ciphers.includes(welcome.cipher))
            throw new Error("beyond the offer")
        this.remoteAdverts = nodeAdvertVer
        this.#begin(welcome, welcome.cipher, "initiator")
        this.#sendResume()
        this.#handle = this.#onResume
    }

    #onInit(body) {
        const { tag, val } = wire.decode("FrameBody", body)
        if (tag !== "HandshakeInit") throw new Error("unexpected frame")
        this.noise = new NoiseResponder(prologue, this.self, randomBytes(32))
        this.hello = wire.decode("Hello", this.noise.readMessage1(wire.ofData(val)))
        checkExtensions(this.hello.ext)
        if (this.hello.ciphers.length > 16 || !this.hello.ciphers.includes(1n)) throw new Error("no common cipher")
        const refusal = this.#decide(this.hello.request)
        const { ciphers, epoch, maxMessage, ownAdvert, knownAdvert } = this.options
        const cipher = ciphers.includes(2n) && this.hello.ciphers.includes(2n) ? 2n : 1n
        const welcome = refusal
            ? { reply: { tag: "ConnectReplyError", val: refusal }, epoch: 0n, cipher: 0n, maxMessage: 0, ext: [] }
            : { reply: accepted(this.options.answeredVersion ?? this.protoVer, ownAdvert, knownAdvert), epoch, cipher, maxMessage, ext: [] }
        this.#writeHandshake("HandshakeReply", this.noise.writeMessage2(wire.encode("Welcome", welcome)))
        if (refusal) return this.end()
        this.#begin(this.hello, cipher, "responder")
        this.#handle = (first) => {
            this.#onResume(first)
            this.#sendResume()
        }
    }

    #decide({ srcNodeId, dstNodeId, protoVerMin, protoVerMax }) {
        const { Incompatible, Denied } = wire.schema.ConnectReplyError
        const source = wire.ofId(srcNodeId)
        if (!isValidId(source) || !noiseKeyOf(source).equals(this.noise.rs)) return Denied
        if (!wire.ofId(dstNodeId).equals(this.self.id)) return Denied
        if (withoutSignBit(source).equals(withoutSignBit(this.self.id))) return Denied
        if (!this.options.allow(source)) return this.options.refusal ?? Denied
        const [min, max] = this.options.versions
        this.protoVer = protoVerMax < max ? protoVerMax : max
        if (this.protoVer < min || this.protoVer < protoVerMin) return Incompatible
        this.remote = source
        return null
    }

    #begin(other, cipher, role) {
        const [k1, k2] = this.noise.split()
        const [mine, theirs] = role === "initiator" ? [k1, k2] : [k2, k1]
        this.role = role
        this.cipher = cipher
        this.digest = this.noise.h.subarray(0, 16)
        this.remoteEpoch = other.epoch
        this.remoteMaxMessage = other.maxMessage
        this.out = new wire.Direction(wire.dataKey(mine, this.noise.h, cipher), cipher)
        this.in = new wire.Direction(wire.dataKey(theirs, this.noise.h, cipher), cipher)
        this.#frames.maxBody = 65_535
    }

    #sendResume() {
        this.said = this.options.resume(this)
        this.control(this.options.firstFrame ?? "resume", this.said)
        if (this.heard) this.#establish()
    }

    #onResume(body) {
        const { kind, plaintext } = this.in.open(body)
        const { name, value } = kind === "ControlMsg" ? wire.decodeControl(plaintext) : {}
        if (name !== "resume") throw new Error("no resume")
        this.in.next.ControlMsg += 1n
        this.heard = value
        this.#handle = this.#onSealed
        if (this.said) this.#establish()
    }

    // Where the numbers of both directions go on (PROTOCOL.md, "Resume").
    #establish() {
        const firstOf = (sender, receiver, epoch) =>
            receiver.received?.epoch === epoch ? receiver.received.next : sender.first
        this.out.next.NodeMsg = firstOf(this.said, this.heard, this.options.epoch)
        this.in.next.NodeMsg = firstOf(this.heard, this.said, this.remoteEpoch)
        this.firstIn = this.in.next.NodeMsg
        this.#established.resolve(this)
    }

    #onSealed(body) {
        const { kind, number, plaintext } = this.in.open(body)
        if (kind === "ControlMsg") {
            this.in.next.ControlMsg += 1n
            const { name, value } = wire.decodeControl(plaintext)
            if (name === "rekey") this.in.rekey()
            if (name === "void") this.#onVoid(value)
            return this.#give({ kind: "control", name, value })
        }
        const chunks = wire.decode("SealedChunks", plaintext)
        if (chunks.length === 0) throw new Error("no chunks")
        this.in.next[kind] += BigInt(chunks.length)
        this.#give({ kind: kind === "NodeMsg" ? "node_msg" : "unreliable", number, chunks })
    }

    #onVoid({ from, to }) {
        if (from !== this.in.next.NodeMsg || to <= from) throw new Error("void out of order")
        if (to > 1n << 62n) throw new Error("void beyond all numbers")
        this.in.next.NodeMsg = to
    }
}

const accepted = (protoVer, own, known) => ({
    tag: "ConnectReplyOk",
    val: { protoVer, nodeAdvertVer: { own, known } },
})

function checkExtensions(list) {
    if (list.length > 16 || list.some(({ id }, i) => i > 0 && list[i - 1].id >= id))
        throw new Error("bad extensions")
}
