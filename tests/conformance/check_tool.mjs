// The program node-proxy, which is named by NODE_PROXY_TOOL, keeps the rules,
// and goes on with another peer from connection to connection.

import assert from "node:assert/strict"
import { execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Identity } from "./identity.mjs"
import { Peer, Rejected } from "./peer.mjs"
import { Session } from "./session.mjs"

const tool = process.env.NODE_PROXY_TOOL
const folder = mkdtempSync(join(tmpdir(), "conformance-"))
const key = join(folder, "key")
const host = "127.0.0.1"
const passed = (what) => console.log(`ok: ${what}`)

/** A running `node-proxy run` and the events that it reports. */
class Node {
    #events = []
    #waiting = []

    constructor(...options) {
        const engines = ["--engine", "print=print", "--engine", "echo=echo"]
        const listen = ["--listen", `tcp://${host}:0`]
        this.process = spawn(tool, ["run", "--key", key, ...listen, ...engines, ...options], {
            stdio: ["pipe", "pipe", "ignore"],
        })
        createInterface({ input: this.process.stdout }).on("line", (line) => this.#onEvent(JSON.parse(line)))
        this.exited = new Promise((resolve) => this.process.on("exit", resolve))
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

execFileSync(tool, ["keygen", "--out", key], { stdio: "ignore" })
const id = execFileSync(tool, ["id", key], { encoding: "utf8" }).trim()

/** Runs the kit; its lines go through. @returns the process and what tells its status. */
function runKit(...options) {
    const script = fileURLToPath(new URL("conformance.mjs", import.meta.url))
    const kit = spawn(process.execPath, [script, "--id", id, ...options], { stdio: "inherit" })
    return new Promise((resolve) => kit.on("exit", resolve))
}

async function listenToKit() {
    const node = await new Node().start()
    assert.equal(await runKit("--connect", `${host}:${node.port}`, "--slow"), 0)
    await node.stop()
}

// The kit listens first, for the node is told its address by its advert.
async function dialKit() {
    const advert = join(folder, "advert")
    const kit = runKit("--listen", `${host}:0`, "--advert", advert)
    while (!existsSync(advert)) await new Promise((resolve) => setTimeout(resolve, 20))
    const node = new Node("--peer", advert, "--permanent")
    assert.equal(await kit, 0)
    await node.stop()
}

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

// A peer with a memory, of which messages to two engines go over three connections.
async function goOn() {
    const node = await new Node().start()
    const self = new Identity(randomBytes(32))
    const { take, next } = inbox()
    const engines = { one: (message) => take(message), two: (message) => take(message) }
    const peer = new Peer(self, Buffer.from(id, "hex"), engines)
    const dial = async () =>
        peer.attach(await Session.dial(self, peer.remote, { host, port: node.port }, peer.sessionOptions()).established)

    const session = await dial()
    const payloads = Array.from({ length: 40 }, (_, i) => randomBytes(1 + i * 20_000))
    const sent = payloads.map((payload, i) => peer.send("echo", i % 2 ? "one" : "two", payload))
    await sent[10].taken
    session.destroy()
    await session.closed
    const second = await dial()
    await sent[20].taken
    second.destroy()
    await second.closed
    await dial()
    await Promise.all(sent.map(({ taken }) => taken))
    const echoes = []
    while (echoes.length < payloads.length) echoes.push(await next())
    for (const [i, target] of ["two", "one"].entries()) {
        const wanted = payloads.filter((_, n) => n % 2 === i)
        const got = echoes.filter((echo) => echo.target === target)
        assert(got.every(({ msg }, n) => msg.equals(wanted[n])), "echoes in another order")
    }
    passed("messages to two engines came back once and in order over three connections")

    await assert.rejects(peer.send("nobody", "one", randomBytes(1)).taken, new Rejected("unknown_engine"))
    await peer.send("print", "one", Buffer.from("Grüße"), { mailbox: 7n }).taken
    const selfId = self.id.toString("hex")
    assert.deepEqual(await node.event("received"), { event: "received", from: selfId, engine: "print", mailbox: 7, text: "Grüße" })
    peer.sendUnreliable("print", "one", Buffer.from("perhaps"))
    assert.equal((await node.event("received")).text, "perhaps")
    node.command(`send ${selfId} one hello`)
    assert.equal((await next()).msg.toString(), "hello")
    await node.event("delivered")
    node.command(`send ${selfId} nobody hello`)
    assert.equal((await node.event("failed")).error, "unknown_engine")
    passed("messages went both ways, and those to nobody were rejected")
    await peer.leave()
    await node.stop()
}

// Nothing here takes long; what does has gone wrong.
const guard = setTimeout(() => {
    console.error("timed out")
    process.exit(1)
}, 290_000)

try {
    await goOn()
    await listenToKit()
    await dialKit()
} finally {
    clearTimeout(guard)
    rmSync(folder, { recursive: true })
}
