// The smallest peer (PROTOCOL.md): it remembers nothing beyond a connection.
// What it is given it takes at once, so nothing is ever outstanding at it.

import { randomBytes } from "node:crypto"
import { connect, createServer } from "node:net"
import { isValidId, noiseKeyOf, withoutSignBit } from "./identity.mjs"
import { NoiseInitiator, NoiseResponder } from "./noise.mjs"
import * as wire from "./wire.mjs"

const prologue = Buffer.from("node-proxy", "ascii")
const goodbyeReasons = ["shutdown", "idle", "superseded", "over_capacity", "denied", "protocol_error", "limit",
    "displaced"]
const maxList = 65_505 // octets of a chunk list that fit any frame
const messageOverhead = 128
const seconds = 1000

/** The responder's authentic refusal. */
export class Refused extends Error {
    constructor(reason) {
        super(`refused: ${reason}`)
        this.reason = reason
    }
}

/** No engine of the peer took the message. */
export class Rejected extends Error {
    constructor(reason) {
        super(`rejected: ${reason}`)
        this.reason = reason
    }
}

const defaults = {
    versions: [1n, 1n],
    ciphers: [1n],
    window: 1n << 22n,
    maxMessage: 1 << 24,
    // For responders: whether a node may connect.
    allow: () => true,
    // Takes a message, or says with which reason it is rejected.
    onMessage: () => "unknown_engine",
    onUnreliable: () => {},
    onAdvert: () => {},
}

function promise() {
    const result = {}
    result.value = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }))
    result.value.catch(() => {})
    return result
}

export class Connection {
    #socket
    #frames = new wire.Deframer()
    #handle
    #established = promise()
    #ended = promise()
    #reason = "lost"
    #saidGoodbye = false
    #queue = []
    #outstanding = []
    #sending = { window: 0n, acked: 0n, maxMessage: 0 }
    #rejects = []
    #partial = { NodeMsg: [], UnreliableMsg: [] }
    #firstOfPartial = 0n
    #consumed = 0n
    #timers = []

    /** Connects to `remote`; `options` may replace any of the defaults. */
    static dial(self, remote, host, port, options = {}) {
        if (!isValidId(remote)) throw new Error("bad node id")
        return new Connection(connect({ host, port, noDelay: true }), self, remote, options)
    }

    /** Accepts connections, each of which goes to `onConnection` once it is established. */
    static async listen(self, options, onConnection) {
        const server = createServer({ noDelay: true }, (socket) => {
            const connection = new Connection(socket, self, null, options)
            connection.established.then(
                () => onConnection(connection),
                () => {},
            )
        })
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
        return server
    }

    constructor(socket, self, remote, options) {
        this.#socket = socket
        this.self = self
        this.remote = remote
        this.options = { ...defaults, ...options }
        this.epoch = randomBytes(8).readBigUInt64LE()
        this.#handle = remote ? this.#onReply : this.#onInit
        socket.on("data", (octets) => this.#onOctets(octets))
        socket.on("error", () => {})
        socket.on("close", () => this.#onClose())
        this.#after(5 * seconds, () => this.#state !== "open" && this.#close("handshake_timeout"))
        if (remote) socket.on("connect", () => this.#sendInit())
    }

    /** Resolves once the peer has proven itself; rejects with what went wrong before. */
    get established() {
        return this.#established.value
    }

    /** Resolves with the reason of the end: a goodbye's, or what was broken. */
    get ended() {
        return this.#ended.value
    }

    /** Sends a message; resolves when its engine has taken it. */
    send(sender, target, msg, mailbox = null) {
        const { chunks, size } = wire.chunksOf(engineMsg(sender, target, msg, mailbox))
        const result = promise()
        if (size > this.#sending.maxMessage) result.reject(new Error("too large"))
        else this.#queue.push({ chunks, cost: BigInt(size + messageOverhead), ...result })
        this.#pump()
        return result.value
    }

    sendUnreliable(sender, target, msg) {
        const { chunks } = wire.chunksOf(engineMsg(sender, target, msg, null))
        for (const list of packed(chunks)) this.#seal("UnreliableMsg", wire.encode("SealedChunks", list), list.length)
    }

    sendControl(name, value) {
        this.#seal("ControlMsg", wire.encodeControl(name, value))
    }

    /** Goes over to the next key for sending. */
    rekey() {
        this.sendControl("rekey")
        this.out.rekey()
    }

    /** Says goodbye; resolves when the connection is closed. */
    leave(reason = "shutdown") {
        this.#sayGoodbye(goodbyeReasons.indexOf(reason))
        this.#reason = reason
        this.#after(5 * seconds, () => this.#socket.destroy())
        return this.ended
    }

    /** Writes octets as they are, for tests of what peers refuse. */
    writeRaw(octets) {
        this.#socket.write(octets)
    }

    get #state() {
        return this.out ? "open" : "handshake"
    }

    #after(delay, action) {
        this.#timers.push(setTimeout(action, delay))
    }

    #onOctets(octets) {
        try {
            this.#frames.push(octets)
            for (let body; !this.#socket.destroyed && (body = this.#frames.next()); ) this.#handle(body)
        } catch (error) {
            // Before the handshake is over nobody is told.
            if (this.#state === "open" && !this.#saidGoodbye) this.#sayGoodbye(5)
            this.#close(`protocol_error: ${error.message}`, error)
        }
    }

    #close(reason, error) {
        this.#reason = reason
        this.#established.reject(error ?? new Error(reason))
        this.#socket.end()
        this.#socket.destroySoon()
    }

    #onClose() {
        this.#timers.forEach(clearTimeout)
        clearInterval(this.heartbeat)
        const error = new Error(this.#reason)
        this.#established.reject(error)
        for (const message of [...this.#outstanding, ...this.#queue]) message.reject(error)
        this.#ended.resolve(this.#reason)
    }

    // -- handshake

    #welcome(reply, rest) {
        return wire.encode("Welcome", { reply, epoch: 0n, cipher: 0n, maxMessage: 0, ext: [], ...rest })
    }

    #writeHandshake(tag, message) {
        this.#socket.write(wire.frame(wire.encode("FrameBody", { tag, val: wire.toData(message) })))
    }

    #sendInit() {
        const { versions, ciphers, maxMessage } = this.options
        this.noise = new NoiseInitiator(prologue, this.self, noiseKeyOf(this.remote), randomBytes(32))
        const hello = wire.encode("Hello", {
            request: {
                protoVerMin: versions[0],
                protoVerMax: versions[1],
                srcNodeId: wire.toId(this.self.id),
                dstNodeId: wire.toId(this.remote),
                srcNodeAdvertVer: 0n,
                dstNodeAdvertVer: 0n,
            },
            epoch: this.epoch,
            prev: null,
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
        if (welcome.reply.tag === "ConnectReplyError") {
            const error = new Refused(snakeCase(welcome.reply.val))
            return this.#close(error.message, error)
        }
        const { protoVer, nodeAdvertVer } = welcome.reply.val
        const { versions, ciphers } = this.options
        if (protoVer < versions[0] || protoVer > versions[1] || !ciphers.includes(welcome.cipher))
            throw new Error("beyond the offer")
        this.protoVer = protoVer
        this.remoteAdverts = nodeAdvertVer
        this.#begin(welcome, welcome.cipher, "initiator")
        this.#sendResume()
        this.#handle = (first) => {
            this.#onResume(first)
            this.#handle = this.#onFrame
        }
    }

    #onInit(body) {
        const { tag, val } = wire.decode("FrameBody", body)
        if (tag !== "HandshakeInit") throw new Error("unexpected frame")
        this.noise = new NoiseResponder(prologue, this.self, randomBytes(32))
        const hello = wire.decode("Hello", this.noise.readMessage1(wire.ofData(val)))
        checkExtensions(hello.ext)
        if (hello.ciphers.length > 16 || !hello.ciphers.includes(1n)) throw new Error("no common cipher")
        const refusal = this.#decide(hello.request)
        if (refusal) {
            const reply = { tag: "ConnectReplyError", val: refusal }
            this.#writeHandshake("HandshakeReply", this.noise.writeMessage2(this.#welcome(reply)))
            return this.#close("refused")
        }
        const cipher = this.options.ciphers.includes(2n) && hello.ciphers.includes(2n) ? 2n : 1n
        const reply = {
            tag: "ConnectReplyOk",
            val: { protoVer: this.protoVer, nodeAdvertVer: { own: 0n, known: 0n } },
        }
        const rest = { epoch: this.epoch, cipher, maxMessage: this.options.maxMessage }
        this.#writeHandshake("HandshakeReply", this.noise.writeMessage2(this.#welcome(reply, rest)))
        this.#begin(hello, cipher, "responder")
        this.#handle = (first) => {
            this.#onResume(first)
            this.#sendResume()
            this.#handle = this.#onFrame
        }
    }

    #decide(request) {
        const { Incompatible, Denied } = wire.schema.ConnectReplyError
        const source = wire.ofId(request.srcNodeId)
        if (!isValidId(source) || !noiseKeyOf(source).equals(this.noise.rs)) return Denied
        if (!wire.ofId(request.dstNodeId).equals(this.self.id)) return Denied
        if (withoutSignBit(source).equals(withoutSignBit(this.self.id))) return Denied
        if (!this.options.allow(source)) return Denied
        const [min, max] = this.options.versions
        this.protoVer = request.protoVerMax < max ? request.protoVerMax : max
        if (this.protoVer < min || this.protoVer < request.protoVerMin) return Incompatible
        this.remote = source
        return null
    }

    #begin(other, cipher, role) {
        const [k1, k2] = this.noise.split()
        const [mine, theirs] = role === "initiator" ? [k1, k2] : [k2, k1]
        this.role = role
        this.remoteEpoch = other.epoch
        this.out = new wire.Direction(wire.dataKey(mine, this.noise.h, cipher), cipher)
        this.in = new wire.Direction(wire.dataKey(theirs, this.noise.h, cipher), cipher)
        this.#sending.maxMessage = other.maxMessage
        this.#frames.maxBody = 65_535
    }

    #sendResume() {
        this.sendControl("resume", { first: 0n, received: null, window: this.options.window })
    }

    #onResume(body) {
        const { kind, plaintext } = this.in.open(body)
        const { name, value } = kind === "ControlMsg" ? wire.decodeControl(plaintext) : {}
        if (name !== "resume") throw new Error("no resume")
        this.in.next.ControlMsg += 1n
        this.in.next.NodeMsg = this.#consumed = value.first
        this.#sending.window = value.window
        this.heartbeat = setInterval(() => this.sendControl("heartbeat"), 10 * seconds)
        this.#timers.forEach(clearTimeout)
        this.#established.resolve(this)
    }

    // -- established

    #seal(kind, plaintext, count) {
        if (this.#saidGoodbye) return
        this.#socket.write(this.out.seal(kind, plaintext, count))
    }

    #sayGoodbye(reason) {
        const finished = this.#queue.length + this.#outstanding.length + this.#rejects.length === 0
        this.sendControl("goodbye", { reason: BigInt(reason), finished })
        this.#saidGoodbye = true
        clearInterval(this.heartbeat)
    }

    // Sends what the window has room for, several chunks to a frame.
    #pump() {
        const chunks = []
        for (let message; (message = this.#queue[0]); ) {
            const sum = this.#outstanding.reduce((total, { cost }) => total + cost, message.cost)
            if (this.#outstanding.length > 0 && sum > this.#sending.window) break
            this.#outstanding.push(this.#queue.shift())
            message.first = this.out.next.NodeMsg + BigInt(chunks.length)
            message.end = message.first + BigInt(message.chunks.length)
            chunks.push(...message.chunks)
        }
        for (const list of packed(chunks)) this.#seal("NodeMsg", wire.encode("SealedChunks", list), list.length)
    }

    #onFrame(body) {
        const { kind, number, plaintext } = this.in.open(body)
        if (kind === "ControlMsg") {
            this.in.next.ControlMsg += 1n
            const { name, value } = wire.decodeControl(plaintext)
            return this.#onControl[name].call(this, value)
        }
        const chunks = wire.decode("SealedChunks", plaintext)
        if (chunks.length === 0) throw new Error("no chunks")
        this.in.next[kind] += BigInt(chunks.length)
        chunks.forEach((chunk, i) => this.#onChunk(kind, number + BigInt(i), chunk))
        if (kind === "NodeMsg" && chunks.some(({ last }) => last)) this.#acknowledge()
    }

    #onChunk(kind, number, { last, chunk }) {
        const partial = this.#partial[kind]
        if (chunk.byteLength === 0 || chunk.byteLength > 65_000 || (!last && chunk.byteLength < 65_000))
            throw new Error("bad chunk")
        if (partial.length === 0 && kind === "NodeMsg") this.#firstOfPartial = number
        partial.push(Buffer.from(chunk))
        if (!last) return
        this.#partial[kind] = []
        const reason = this.#deliver(Buffer.concat(partial), kind)
        if (kind !== "NodeMsg") return
        this.#consumed = number + 1n
        if (reason) this.#rejects.push({ seq: this.#firstOfPartial, reason: camelCase(reason) })
    }

    #deliver(octets, kind) {
        if (octets.length > this.options.maxMessage) return "over_limit"
        let message
        try {
            message = wire.messageOf(octets)
        } catch {
            return "malformed"
        }
        const { sender, target, mailbox, msg } = message
        if (sender.node && !wire.ofId(sender.node).equals(this.remote)) return "wrong_sender"
        if (target.node && !wire.ofId(target.node).equals(this.self.id)) return "wrong_target"
        const take = kind === "NodeMsg" ? this.options.onMessage : this.options.onUnreliable
        return take({ sender: sender.name, target: target.name, mailbox, msg: wire.ofData(msg) }, this)
    }

    #acknowledge() {
        this.sendControl("ack", {
            next: this.#consumed,
            window: this.options.window,
            rejects: this.#rejects,
        })
    }

    #onAck({ next, window, rejects }) {
        if (next > this.out.next.NodeMsg) throw new Error("ack beyond what was sent")
        for (const { seq, reason } of rejects) {
            if (seq >= next) throw new Error("reject beyond the ack")
            const message = this.#outstanding.find(({ first }) => first === seq)
            message?.reject(new Rejected(snakeCase(reason)))
        }
        while (this.#outstanding[0]?.end <= next) this.#outstanding.shift().resolve()
        this.#sending.window = window
        if (rejects.length > 0) this.sendControl("settled", { next })
        this.#pump()
    }

    #onVoid({ from, to }) {
        if (from !== this.in.next.NodeMsg || to <= from || to > 1n << 62n) throw new Error("bad void")
        this.#partial.NodeMsg = []
        this.in.next.NodeMsg = this.#consumed = to
        this.#acknowledge()
    }

    #onGoodbye({ reason }) {
        if (!this.#saidGoodbye) {
            this.#sayGoodbye(reason < 7n ? Number(reason) : 0)
            this.#reason = goodbyeReasons[Number(reason)] ?? "other"
        }
        this.#socket.end()
    }

    #onControl = {
        resume() {
            throw new Error("second resume")
        },
        ack: this.#onAck,
        settled({ next }) {
            if (next > this.#consumed) throw new Error("settled beyond the ack")
            this.#rejects = this.#rejects.filter(({ seq }) => seq >= next)
        },
        void: this.#onVoid,
        node_advert(advert) {
            this.options.onAdvert(advert)
        },
        heartbeat() {},
        rekey() {
            this.in.rekey()
        },
        goodbye: this.#onGoodbye,
        unknown() {},
    }
}

function engineMsg(sender, target, msg, mailbox) {
    return {
        sender: { node: null, name: sender },
        target: { node: null, name: target },
        mailbox,
        msg: wire.toData(msg),
    }
}

// Cuts a list of chunks into lists that each fit a frame.
function* packed(chunks) {
    let list = []
    let size = 3
    for (const chunk of chunks) {
        const more = chunk.chunk.byteLength + 4
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

function checkExtensions(list) {
    if (list.length > 16 || list.some(({ id }, i) => i > 0 && list[i - 1].id >= id))
        throw new Error("bad extensions")
}

// The compiled schema has UnknownEngine for the value UNKNOWN_ENGINE of an enum.
const snakeCase = (name) => name.replace(/(?!^)[A-Z]/g, "_$&").toLowerCase()
const camelCase = (name) => name.replace(/(^|_)([a-z])/g, (match, _, letter) => letter.toUpperCase())
