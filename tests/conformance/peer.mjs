// Messages of a node and another one over all connections that they have
// (PROTOCOL.md, "Channels", "Delivery").

import { goodbyeReasons, randomEpoch, snakeCase, camelCase } from "./session.mjs"
import * as wire from "./wire.mjs"

const heartbeatInterval = 10_000

/** No engine of the other node took the message. */
export class Rejected extends Error {
    constructor(reason) {
        super(`rejected: ${reason}`)
        this.reason = reason
    }
}

const keyOf = ({ target, ordering }) => `${ordering} ${target}`
const costOf = (chunk, isFirst) => chunk.chunk.byteLength + (isFirst ? wire.messageOverhead : 0)
const sum = (list, value) => list.reduce((total, x, i) => total + value(x, i), 0)

// A message on its way out. Its chunks get numbers when they are sent.
class Outgoing {
    constructor(channel, octets) {
        this.channel = channel
        this.chunks = wire.cut(0n, octets)
        this.numbers = []
        this.givenUp = false
        this.taken = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }))
        this.taken.catch(() => {})
    }

    get isComplete() {
        return this.numbers.length === this.chunks.length
    }

    get end() {
        return this.numbers.at(-1) + 1n
    }

    // Of what was sent.
    get cost() {
        return sum(this.chunks.slice(0, this.numbers.length), (chunk, i) => costOf(chunk, i === 0))
    }
}

export class Peer {
    #session = null
    #saidGoodbye = false
    #timer = null
    // Ours.
    #next = 0n // number never used
    #knownTo = null // epoch of the other end under which they were used
    #out = new Map() // channels
    #openedOut = [] // by number
    // Theirs.
    #epoch = null
    #expected = 0n
    #in = new Map()
    #openedIn = []
    #partialUnreliable = []

    /**
     * @param engines take messages: name -> async function of a message; what it
     *        returns is the reason of a reject.
     */
    constructor(self, remote, engines, options = {}) {
        this.self = self
        this.remote = remote
        this.engines = engines
        this.maxMessage = options.maxMessage ?? 1 << 24
        // Enough for whatever may begin.
        this.window = BigInt(this.maxMessage + wire.messageOverhead)
        this.onUnreliable = options.onUnreliable ?? (() => {})
        this.onAdvert = options.onAdvert ?? (() => {})
        this.epoch = randomEpoch()
        this.digest = null // of the last connection
    }

    /** For a session with this peer, in either role. */
    sessionOptions(more = {}) {
        return {
            epoch: this.epoch,
            maxMessage: this.maxMessage,
            prev: this.digest,
            resume: (session) => ({
                first: this.#firstFor(session.remoteEpoch),
                received: this.#epoch === null ? null : { epoch: this.#epoch, next: this.#expected },
                window: this.window,
            }),
            ...more,
        }
    }

    /** Goes on on an established session. */
    attach(session) {
        this.#session = session
        this.#saidGoodbye = false
        this.digest = session.digest
        this.#resumeIn(session)
        this.#resumeOut(session)
        this.#timer = setInterval(() => this.#say("heartbeat"), heartbeatInterval)
        session.onFrame = (frame) => session === this.#session && this.#onFrame(frame)
        return session
    }

    /** Sends a message; `taken` resolves when its engine has taken it. */
    send(target, sender, msg, { mailbox = null, ordering = "Ordered" } = {}) {
        const message = new Outgoing(this.#channelTo(target, ordering), wire.serialize({ sender, mailbox, msg }))
        message.channel.queued.push(message)
        this.#pump()
        return message
    }

    /** Gives a message up that has not been taken yet. */
    giveUp(message) {
        const { channel } = message
        message.givenUp = true
        message.reject(new Error("given up"))
        channel.queued = channel.queued.filter((x) => x !== message)
        if (message.numbers.length > 0 && !message.isComplete && this.#session)
            this.#say("abort", { channel: channel.id, first: message.numbers[0] })
    }

    /** Sends a message that may be lost. */
    sendUnreliable(target, sender, msg) {
        const channel = this.#channelTo(target, "Ordered")
        this.#open(channel)
        const chunks = wire.cut(channel.id, wire.serialize({ sender, msg }))
        for (const list of wire.packed(chunks)) this.#session.chunks("UnreliableMsg", list)
    }

    /** Closes a channel in which nothing is unacknowledged. */
    close(target, ordering = "Ordered") {
        const channel = this.#out.get(keyOf({ target, ordering }))
        this.#say("close", { channel: channel.id })
        this.#out.delete(keyOf(channel))
    }

    rekey() {
        this.#say("rekey")
    }

    /** Says goodbye; resolves when the connection is closed. */
    leave(reason = "shutdown") {
        const session = this.#session
        this.#sayGoodbye(BigInt(goodbyeReasons.indexOf(reason)))
        return session.closed
    }

    // -- out

    #channelTo(target, ordering) {
        const key = keyOf({ target, ordering })
        if (!this.#out.has(key)) this.#out.set(key, { target, ordering, id: null, window: null, sent: [], queued: [] })
        return this.#out.get(key)
    }

    #say(name, value) {
        if (!this.#saidGoodbye) this.#session.control(name, value)
    }

    #sayGoodbye(reason) {
        const isIdle = (x) => x.sent.length + x.queued.length === 0
        const isTaken = (x) => !x.partial && x.waiting.length + x.rejects.length === 0
        const finished = [...this.#out.values()].every(isIdle) && [...this.#in.values()].every(isTaken)
        this.#say("goodbye", { reason, finished })
        this.#saidGoodbye = true
    }

    #firstFor(epoch) {
        if (epoch !== this.#knownTo) return this.#next
        const firsts = [...this.#out.values()].filter((x) => x.sent.length > 0).map((x) => x.sent[0].numbers[0])
        return firsts.reduce((least, x) => (x < least ? x : least), this.#next)
    }

    #resumeOut(session) {
        const first = session.out.next.NodeMsg
        if (first > this.#next) throw new Error("they have what was never sent")
        this.#openedOut = []
        for (const channel of this.#out.values()) {
            channel.id = null
            if (this.#knownTo !== session.remoteEpoch) this.#forgetNumbers(channel)
        }
        this.#knownTo = session.remoteEpoch
        for (const channel of this.#out.values()) {
            if (channel.sent.length === 0) continue
            this.#open(channel)
            const isPartial = (x) => x.givenUp && (!x.isComplete || (x.chunks.length > 1 && x.end > first))
            for (const x of channel.sent.filter(isPartial)) this.#say("abort", { channel: channel.id, first: x.numbers[0] })
        }
        this.#say("reopened")
        this.#sendAgain(session, first)
        this.#pump()
    }

    // All is to be sent anew.
    #forgetNumbers(channel) {
        const kept = channel.sent.filter((x) => !x.givenUp)
        for (const x of kept) x.numbers = []
        channel.queued.unshift(...kept)
        Object.assign(channel, { sent: [], window: null })
    }

    // Whatever was used before: the same once more, or nothing.
    #sendAgain(session, first) {
        const again = new Map()
        for (const channel of this.#out.values())
            for (const message of channel.sent.filter((x) => !x.givenUp))
                message.numbers.forEach((number, i) => again.set(number, { ...message.chunks[i], channel: channel.id }))
        for (let number = first; number < this.#next; ) {
            const chunk = again.get(number)
            let to = number + 1n
            if (chunk) session.chunks("NodeMsg", [chunk])
            else {
                while (to < this.#next && !again.has(to)) ++to
                this.#say("void", { from: number, to })
                session.out.next.NodeMsg = to
            }
            number = to
        }
    }

    #open(channel) {
        if (channel.id !== null) return
        channel.id = BigInt(this.#openedOut.length)
        if (channel.sent.length === 0) channel.window = this.#session.heard.window
        this.#openedOut.push(channel)
        const { id, target, ordering, window } = channel
        this.#say("open", { channel: id, target, ordering, window })
    }

    // Sends what windows have room for, a chunk of each channel in turn.
    #pump() {
        if (!this.#session || this.#saidGoodbye) return
        for (let list; (list = [...this.#out.values()].flatMap((x) => this.#nextChunk(x))).length > 0; )
            for (const frame of wire.packed(list)) this.#session.chunks("NodeMsg", frame)
    }

    #nextChunk(channel) {
        let message = channel.sent.at(-1)
        const begins = !message || message.givenUp || message.isComplete
        if (begins) message = channel.queued[0]
        if (!message) return []
        this.#open(channel)
        const chunk = message.chunks[message.numbers.length]
        if (BigInt(sum(channel.sent, (x) => x.cost) + costOf(chunk, begins)) > channel.window) return []
        if (begins) channel.sent.push(channel.queued.shift())
        message.numbers.push(this.#next++)
        return [{ ...chunk, channel: channel.id }]
    }

    // -- in

    #resumeIn({ remoteEpoch, heard }) {
        this.#openedIn = []
        this.#partialUnreliable = []
        if (this.#epoch !== remoteEpoch) {
            this.#epoch = remoteEpoch
            this.#expected = heard.first
            this.#in.clear()
        }
        for (const channel of this.#in.values()) channel.id = null
    }

    #onFrame({ kind, name, value, chunks, number }) {
        if (kind === "end") return this.#onEnd()
        if (this.#saidGoodbye && name !== "goodbye") return
        if (kind === "control") return this.#onControl[name].call(this, value)
        if (kind === "unreliable") return chunks.forEach((chunk) => this.#onUnreliableChunk(chunk))
        chunks.forEach((chunk, i) => this.#onChunk(number + BigInt(i), chunk))
    }

    #onEnd() {
        clearInterval(this.#timer)
        this.#session = null
    }

    #channelOf(number) {
        const channel = this.#openedIn[Number(number)]
        if (!channel) throw new Error("unknown channel")
        return channel
    }

    #onChunk(number, { channel: id, last, chunk }) {
        const channel = this.#channelOf(id)
        if (number < this.#expected) return
        const data = wire.ofData(chunk)
        if (data.length === 0 || data.length > wire.fragmentSize || (!last && data.length < wire.fragmentSize))
            throw new Error("bad chunk")
        const partial = (channel.partial ??= { first: number, size: last ? data.length : wire.announcedSize(data), data: [] })
        partial.data.push(data)
        const size = sum(partial.data, (x) => x.length)
        if (last ? size !== partial.size : size >= partial.size) throw new Error("bad fragment")
        if (partial.size > this.maxMessage) throw new Error("message too long")
        this.#expected = number + 1n
        if (!last) return
        channel.partial = null
        const message = { first: partial.first, finished: false, reason: null }
        channel.waiting.push(message)
        this.#deliver(channel, Buffer.concat(partial.data)).then((reason) => {
            Object.assign(message, { finished: true, reason: reason ?? null })
            this.#consume(channel)
        })
    }

    async #deliver({ target, ordering }, octets) {
        let message
        try {
            message = wire.deserialize(octets)
        } catch {
            return "malformed"
        }
        const engine = this.engines[target]
        return engine ? engine({ ...message, target, ordering }, this) : "unknown_engine"
    }

    #consume(channel) {
        const before = channel.waiting.length
        while (channel.waiting[0]?.finished) {
            const { first, reason } = channel.waiting.shift()
            if (reason) channel.rejects.push({ seq: first, reason: camelCase(reason) })
        }
        if (channel.waiting.length < before) this.#acknowledge([channel])
    }

    #acknowledge(channels) {
        if (!this.#session) return
        const entries = channels.filter(({ id }) => id !== null).map(({ id, waiting, partial, rejects }) => ({
            channel: id,
            next: waiting[0]?.first ?? partial?.first ?? this.#expected,
            window: this.window,
            rejects,
        }))
        if (entries.length > 0) this.#say("ack", { channels: entries })
    }

    #onUnreliableChunk({ channel, last, chunk }) {
        const { target } = this.#channelOf(channel)
        this.#partialUnreliable.push(wire.ofData(chunk))
        if (!last) return
        const octets = Buffer.concat(this.#partialUnreliable.splice(0))
        this.onUnreliable({ ...wire.deserialize(octets), target })
    }

    #onAckOf({ channel: id, next, window, rejects }) {
        const channel = this.#openedOut[Number(id)]
        if (!channel || next > this.#next) throw new Error("ack of what was not sent")
        if (channel !== this.#out.get(keyOf(channel))) return // closed
        for (const { seq, reason } of rejects) {
            if (seq >= next) throw new Error("reject beyond the ack")
            const message = channel.sent.find((x) => x.numbers[0] === seq)
            message?.reject(new Rejected(snakeCase(reason)))
        }
        while (channel.sent.length > 0 && channel.sent[0].end <= next && (channel.sent[0].isComplete || channel.sent[0].givenUp))
            channel.sent.shift().resolve()
        channel.window = window
        if (rejects.length > 0) this.#say("settled", { channel: id, next })
    }

    #onControl = {
        resume() {
            throw new Error("second resume")
        },
        open({ channel: id, target, ordering, window }) {
            if (id !== BigInt(this.#openedIn.length)) throw new Error("open out of order")
            const key = keyOf({ target, ordering })
            if (!this.#in.has(key)) this.#in.set(key, { target, ordering, id: null, partial: null, waiting: [], rejects: [] })
            const channel = this.#in.get(key)
            if (channel.id !== null || window > this.window) throw new Error("bad open")
            channel.id = id
            this.#openedIn.push(channel)
            this.#acknowledge([channel])
        },
        reopened() {
            for (const [key, channel] of this.#in) if (channel.id === null) this.#in.delete(key)
        },
        close({ channel: id }) {
            const channel = this.#channelOf(id)
            if (channel.partial || channel.waiting.length + channel.rejects.length > 0) throw new Error("bad close")
            this.#openedIn[Number(id)] = null
            this.#in.delete(keyOf(channel))
        },
        abort({ channel: id, first }) {
            const channel = this.#channelOf(id)
            if (channel.partial?.first !== first) return
            channel.partial = null
            this.#acknowledge([channel])
        },
        void({ to }) {
            if (to <= this.#expected) return
            this.#expected = to
            this.#acknowledge(this.#openedIn.filter((x) => x))
        },
        ack({ channels }) {
            channels.forEach((entry) => this.#onAckOf(entry))
            this.#pump()
        },
        settled({ channel: id, next }) {
            const channel = this.#channelOf(id)
            channel.rejects = channel.rejects.filter(({ seq }) => seq >= next)
        },
        node_advert(advert) {
            this.onAdvert(advert)
        },
        heartbeat() {},
        rekey() {},
        goodbye({ reason }) {
            if (!this.#saidGoodbye) this.#sayGoodbye(reason < BigInt(goodbyeReasons.length) ? reason : 0n)
            this.#session.end()
        },
        unknown() {},
    }
}
