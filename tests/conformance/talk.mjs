// What a rule says and hears on a connection. It watches over what the peer may
// never do, and takes all messages that come.

import assert from "node:assert/strict"
import { goodbyeReasons } from "./session.mjs"
import * as wire from "./wire.mjs"

/** A chunk of a message that may be as wrong as somebody wants. */
export const chunk = (channel, last, data) => ({ channel, last, chunk: wire.toData(data) })

/** The beginning of a message of `size` octets, as its first fragment. */
export function beginning(size) {
    const whole = wire.serialize({ sender: "kit", msg: Buffer.alloc(size) })
    return { first: whole.subarray(0, wire.fragmentSize), rest: whole.subarray(wire.fragmentSize), size: whole.length }
}

export class Talk {
    // Channels that this end has opened: {target, window, sent, entry}; the last is
    // that of the newest ack.
    ours = []
    // Channels that the peer has opened: {target, partial}.
    theirs = []
    // Messages to this end that were taken: {target, sender, msg, first}.
    messages = []
    // This end acknowledges what it takes.
    acknowledges = true

    constructor(session) {
        this.session = session
        this.expected = session.firstIn
        this.window = session.said.window
    }

    /** Says that no channel was in use, and opens none. */
    begin() {
        this.session.control("reopened")
        return this
    }

    /** @returns the number of the channel. */
    open(target, { ordering = "Ordered", window = this.session.heard.window } = {}) {
        const channel = BigInt(this.ours.length)
        this.session.control("open", { channel, target, ordering, window })
        this.ours.push({ target, window, entry: null, permitted: 0n, sent: [], isNew: true })
        return channel
    }

    /** Sends chunks, each alone in its frame unless `together`. @returns their first number. */
    send(chunks, { together = false } = {}) {
        const first = this.session.out.next.NodeMsg
        for (const list of together ? [chunks] : chunks.map((x) => [x])) this.session.chunks("NodeMsg", list)
        chunks.forEach((x, i) => this.#remember(first + BigInt(i), x))
        return first
    }

    #remember(number, { channel, last, chunk: data }) {
        const known = this.ours[Number(channel)]
        if (!known) return
        known.sent.push({ number, cost: BigInt(data.byteLength + (known.isNew ? wire.messageOverhead : 0)) })
        known.isNew = last
    }

    /** Sends a whole message that is no longer than the window allows. */
    sendMessage(channel, msg) {
        return this.send(wire.cut(channel, wire.serialize({ sender: "kit", msg })))
    }

    /** Sends a message of whatever length, as the window opens. */
    async sendLong(channel, msg) {
        const chunks = wire.cut(channel, wire.serialize({ sender: "kit", msg }))
        const start = this.ours[Number(channel)]
        let cost = wire.messageOverhead
        let first
        for (const x of chunks) {
            cost += x.chunk.byteLength
            if (BigInt(cost) > start.window) await this.until(() => BigInt(cost) <= start.window, "a larger window")
            first ??= this.session.out.next.NodeMsg
            this.send([x])
        }
        return first
    }

    /** The lowest number that this end would have to send again. */
    firstUnacknowledged() {
        const open = this.ours.flatMap(({ sent, entry }) => sent.filter(({ number }) => number >= (entry?.next ?? 0n)))
        return open.reduce((least, { number }) => (number < least ? number : least), this.session.out.next.NodeMsg)
    }

    /** The next frame of the peer, after which `test` holds for it. */
    async until(test, what) {
        for (;;) {
            const frame = await this.session.next().catch((error) => assert.fail(`waited for ${what}: ${error.message}`))
            this.#note(frame)
            if (test(frame)) return frame
            if (frame.kind === "end") assert.fail(`the connection ended instead of ${what}${because(frame.error)}`)
            if (frame.name === "goodbye") assert.fail(`goodbye {${reasonOf(frame)}} instead of ${what}`)
        }
    }

    control(name) {
        return this.until((frame) => frame.name === name, name)
    }

    /** The newest acknowledgement of the channel, once it reaches this number. */
    async ack(channel, next = 0n) {
        const known = this.ours[Number(channel)]
        const isThere = () => known.entry !== null && known.entry.next >= next
        if (!isThere()) await this.until(isThere, `an ack of channel ${channel} up to ${next}`)
        return known.entry
    }

    /** The message with this payload; others may have been left over from before. */
    async message(payload) {
        const isIt = ({ msg }) => msg.equals(payload)
        if (!this.messages.some(isIt)) await this.until(() => this.messages.some(isIt), "a message")
        return this.messages.find(isIt)
    }

    /** The peer says that a rule was broken, and closes. */
    async isBlamed() {
        const isLast = ({ name, kind }) => name === "goodbye" || kind === "end"
        const frame = await this.until(isLast, "goodbye {protocol_error}")
        assert.equal(frame.name, "goodbye", "closed without a goodbye")
        assert.equal(reasonOf(frame), "protocol_error")
        await this.#isClosed()
    }

    async #isClosed() {
        await this.until(({ kind }) => kind === "end", "the end of the stream")
    }

    /** Nothing has gone wrong so far: a message goes and is taken. */
    async isAlive(sink) {
        const channel = this.open(sink, { ordering: "Unordered" })
        const number = this.sendMessage(channel, Buffer.from("alive"))
        await this.ack(channel, number + 1n)
    }

    /** Says goodbye, and waits for the answer. */
    async leave(reason = "shutdown") {
        const number = BigInt(goodbyeReasons.indexOf(reason))
        this.session.control("goodbye", { reason: number, finished: true })
        const answer = await this.until(({ name }) => name === "goodbye", "goodbye")
        assert.equal(reasonOf(answer), reason)
        this.session.end()
        await this.#isClosed()
    }

    // -- what comes

    #note(frame) {
        if (frame.kind === "node_msg") frame.chunks.forEach((x, i) => this.#onChunk(frame.number + BigInt(i), x))
        if (frame.kind === "control") this.#on[frame.name]?.call(this, frame.value)
    }

    #onChunk(number, { channel: id, last, chunk: data }) {
        const channel = this.theirs[Number(id)]
        assert(channel, `a chunk in channel ${id}, which is not open`)
        const size = data.byteLength
        assert(last ? size > 0 && size <= wire.fragmentSize : size === wire.fragmentSize, `a chunk of ${size} octets`)
        if (number < this.expected) return
        this.expected = number + 1n
        channel.partial ??= { first: number, data: [] }
        channel.partial.data.push(wire.ofData(data))
        if (!last) return
        const { first, data: all } = channel.partial
        channel.partial = null
        const octets = Buffer.concat(all)
        if (all.length > 1) assert.equal(octets.length, wire.announcedSize(octets), "a message of another size than announced")
        this.messages.push({ ...wire.deserialize(octets), target: channel.target, channel: id, first })
        if (this.acknowledges) this.acknowledge(id)
    }

    /** All that has arrived in the channel is consumed. */
    acknowledge(channel, rejects = []) {
        const next = this.theirs[Number(channel)].partial?.first ?? this.expected
        this.session.control("ack", { channels: [{ channel, next, window: this.window, rejects }] })
    }

    #on = {
        open({ channel, target, window }) {
            assert.equal(channel, BigInt(this.theirs.length), "the number of a channel")
            assert(window <= this.window, "a window that was never granted")
            this.theirs.push({ target, partial: null })
            this.acknowledge(channel)
        },
        close({ channel }) {
            assert(this.theirs[Number(channel)], "a channel that is not open is closed")
            this.theirs[Number(channel)] = null
        },
        abort({ channel, first }) {
            const known = this.theirs[Number(channel)]
            if (known.partial?.first === first) known.partial = null
        },
        void({ to }) {
            if (to > this.expected) this.expected = to
        },
        ack({ channels }) {
            for (const entry of channels) this.#onEntry(entry)
        },
    }

    // What an acknowledgement may say (PROTOCOL.md, "Acknowledgement", "Window").
    #onEntry(entry) {
        const { channel, next, window, rejects } = entry
        const known = this.ours[Number(channel)]
        assert(known, `an ack of channel ${channel}, which was never opened`)
        assert(next <= this.session.out.next.NodeMsg, "an ack of what was not sent")
        assert(window >= 16_128n, `a window of ${window}`)
        const seqs = rejects.map(({ seq }) => seq)
        assert(seqs.every((x, i) => x < next && (i === 0 || seqs[i - 1] < x)), "rejects that do not ascend up to next")
        const consumed = known.sent.filter((x) => x.number < next).reduce((total, x) => total + x.cost, 0n)
        assert(consumed + window >= known.permitted, "what was permitted is withdrawn")
        Object.assign(known, { entry, window, permitted: consumed + window })
    }
}

const because = (error) => (error ? ` (${error.message})` : "")
const reasonOf = ({ value }) => goodbyeReasons[Number(value.reason)] ?? "other"
