// Talks to the program node-proxy, which is named by NODE_PROXY_TOOL.

import assert from "node:assert/strict"
import { execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Identity } from "./identity.mjs"
import { Connection, Refused, Rejected } from "./peer.mjs"
import * as wire from "./wire.mjs"

const tool = process.env.NODE_PROXY_TOOL
const folder = mkdtempSync(join(tmpdir(), "js-peer-"))
const key = join(folder, "key")
const passed = (what) => console.log(`ok: ${what}`)

// Nothing here takes long; what does has gone wrong.
const guard = setTimeout(() => {
    console.error("timed out")
    process.exit(1)
}, 240_000)

/** A running `node-proxy run` and the events that it reports. */
class Node {
    #events = []
    #waiting = []

    constructor(...options) {
        const engines = ["--engine", "print=print", "--engine", "echo=echo"]
        this.process = spawn(
            tool,
            ["run", "--key", key, "--listen", "tcp://127.0.0.1:0", ...engines, ...options],
            { stdio: ["pipe", "pipe", "ignore"] },
        )
        createInterface({ input: this.process.stdout }).on("line", (line) => this.#onEvent(JSON.parse(line)))
        this.exited = new Promise((resolve) => this.process.on("exit", (code) => resolve(code)))
    }

    #onEvent(event) {
        const waiting = this.#waiting.findIndex(({ kind }) => kind === event.event)
        if (waiting < 0) this.#events.push(event)
        else this.#waiting.splice(waiting, 1)[0].resolve(event)
    }

    /** The next event of this kind. */
    event(kind) {
        const index = this.#events.findIndex((event) => event.event === kind)
        if (index >= 0) return this.#events.splice(index, 1)[0]
        return new Promise((resolve) => this.#waiting.push({ kind, resolve }))
    }

    async start() {
        const { address } = await this.event("listening")
        this.port = Number(address.split(":").pop())
        return this
    }

    command(line) {
        this.process.stdin.write(`${line}\n`)
    }

    async stop() {
        this.process.kill("SIGTERM")
        assert.equal(await this.exited, 0)
    }
}

const self = new Identity(randomBytes(32))
const selfId = self.id.toString("hex")
execFileSync(tool, ["keygen", "--out", key], { stdio: "ignore" })
const remote = Buffer.from(execFileSync(tool, ["id", key], { encoding: "utf8" }).trim(), "hex")
const dial = (node, options) => Connection.dial(self, remote, "127.0.0.1", node.port, options)

function inbox() {
    const messages = []
    const waiting = []
    return {
        take(message) {
            if (waiting.length > 0) waiting.shift()(message)
            else messages.push(message)
        },
        next: () => messages.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    }
}

async function exchange(node, ciphers) {
    const { take, next } = inbox()
    const adverts = inbox()
    const connection = await dial(node, {
        ciphers,
        onMessage: (message) => (message.target === "js" ? take(message) : "unknown_engine"),
        onUnreliable: take,
        onAdvert: adverts.take,
    }).established
    const connected = await node.event("connected")
    assert.deepEqual(connected, { event: "connected", node: selfId, proto_ver: 1, direction: "in" })
    passed(`connected with ${wire.ciphers[connection.in.cipher].name}`)

    const { id, version } = await adverts.next()
    assert.deepEqual(wire.ofId(id), remote)
    assert.equal(version, connection.remoteAdverts.own)
    passed("got its advert")

    await connection.send("js", "print", Buffer.from("Grüße"), 7n)
    const received = await node.event("received")
    assert.deepEqual(received, {
        event: "received",
        from: selfId,
        engine: "print",
        mailbox: 7,
        text: "Grüße",
    })
    passed("a message was printed")

    for (const size of [0, 1, 64_900, 65_000, 300_000, 5_000_000]) {
        const payload = randomBytes(size)
        await connection.send("js", "echo", payload)
        const echo = await next()
        assert.equal(echo.sender, "echo")
        assert(echo.msg.equals(payload))
    }
    passed("messages of up to 5 MB came back")

    connection.rekey()
    const many = Array.from({ length: 2_000 }, (_, i) => Buffer.from(`${i}`))
    await Promise.all(many.map((payload) => connection.send("js", "echo", payload)))
    for (const payload of many) assert.deepEqual((await next()).msg, payload)
    passed("2,000 messages came back in order, after a rekey")

    await assert.rejects(connection.send("js", "nobody", Buffer.from("x")), new Rejected("unknown_engine"))
    passed("a message to an unknown engine was rejected")

    connection.sendUnreliable("js", "print", Buffer.from("perhaps"))
    assert.equal((await node.event("received")).text, "perhaps")
    passed("an unreliable message was printed")

    node.command(`send ${selfId} js hello`)
    assert.equal((await next()).msg.toString(), "hello")
    await node.event("delivered")
    node.command(`send ${selfId} nobody hello`)
    assert.equal((await node.event("failed")).error, "unknown_engine")
    passed("it sent a message, and noted that another was rejected")

    assert.equal(await connection.leave("shutdown"), "shutdown")
    const gone = await node.event("disconnected")
    assert.deepEqual(gone, { event: "disconnected", node: selfId, reason: "shutdown" })
    passed("goodbye")
}

// Each of these breaks a rule once the connection is established.
const offences = {
    "a frame sent twice": (connection) => {
        const frame = connection.out.seal("ControlMsg", wire.encodeControl("heartbeat"))
        connection.writeRaw(frame)
        connection.writeRaw(frame)
    },
    "a number left out": (connection) => {
        connection.out.next.NodeMsg += 1n
        connection.send("js", "print", Buffer.from("x")).catch(() => {})
    },
    "an altered frame": (connection) => {
        const frame = connection.out.seal("ControlMsg", wire.encodeControl("heartbeat"))
        frame[frame.length - 1] ^= 1
        connection.writeRaw(frame)
    },
    "an unencrypted frame": (connection) => {
        const msg = { tag: "EncryptedMsgNull", val: wire.toData(wire.encodeControl("heartbeat")) }
        const val = { counter: connection.out.next.ControlMsg, msg }
        connection.writeRaw(wire.frame(wire.encode("FrameBody", { tag: "ControlMsg", val })))
    },
    "a second resume": (connection) =>
        connection.sendControl("resume", { first: 0n, received: null, window: 0n }),
    "an ack of what was not sent": (connection) =>
        connection.sendControl("ack", { next: 1n << 60n, window: 0n, rejects: [] }),
    "an empty chunk": (connection) => {
        const list = [{ last: true, chunk: new ArrayBuffer(0) }]
        connection.writeRaw(connection.out.seal("NodeMsg", wire.encode("SealedChunks", list)))
    },
}

async function offend(node, what) {
    const connection = await dial(node, {}).established
    offences[what](connection)
    assert.equal(await connection.ended, "protocol_error")
    await node.event("disconnected")
    passed(`closed for ${what}`)
}

async function refusals() {
    const picky = await new Node("--deny", selfId).start()
    await assert.rejects(dial(picky).established, new Refused("denied"))
    passed("denied by policy")
    const stranger = Connection.dial(new Identity(randomBytes(32)), remote, "127.0.0.1", picky.port)
    await stranger.established
    await stranger.leave()
    passed("another node is let in")
    await picky.stop()
}

async function silent(node) {
    const wrongKey = Connection.dial(self, new Identity(randomBytes(32)).id, "127.0.0.1", node.port)
    await assert.rejects(wrongKey.established, new Error("lost"))
    const noChaCha = dial(node, { ciphers: [2n] })
    await assert.rejects(noChaCha.established, new Error("lost"))
    passed("closed without a word for a wrong key and for an offer without ChaCha20")
}

async function dialled() {
    const { take, next } = inbox()
    const connections = inbox()
    const options = { ciphers: [1n, 2n], onMessage: take }
    const server = await Connection.listen(self, options, connections.take)
    const ip = { tag: "IPv4", val: wire.toData([127, 0, 0, 1]) }
    const address = { tag: "TcpAddr", val: { ip, port: server.address().port } }
    const advert = wire.signAdvert(self, [{ address, weight: 1n }], 1n, 0n)
    const file = join(folder, "advert")
    writeFileSync(file, Buffer.concat([Buffer.from("node-proxy advert v1\n"), wire.encode("NodeAdvert", advert)]))
    const node = await new Node("--peer", file, "--permanent").start()
    const connection = await connections.next()
    assert.equal((await node.event("connected")).direction, "out")
    node.command(`send ${selfId} js hello`)
    assert.equal((await next()).msg.toString(), "hello")
    await node.event("delivered")
    await connection.send("js", "print", Buffer.from("back"))
    assert.equal((await node.event("received")).text, "back")
    passed("it dialled, and messages went both ways")
    await node.stop()
    assert.equal(await connection.ended, "shutdown")
    passed("it said goodbye")
    server.close()
}

try {
    const node = await new Node().start()
    await exchange(node, [1n])
    await exchange(node, [2n, 1n])
    for (const what of Object.keys(offences)) await offend(node, what)
    await assert.rejects(dial(node, { versions: [2n, 3n] }).established, new Refused("incompatible"))
    passed("incompatible versions")
    await silent(node)
    await node.stop()
    await refusals()
    await dialled()
} finally {
    clearTimeout(guard)
    rmSync(folder, { recursive: true })
}
