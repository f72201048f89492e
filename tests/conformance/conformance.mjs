// Tells whether a peer keeps the rules of PROTOCOL.md, one line for each rule.
//
//   node conformance.mjs --connect HOST:PORT --id ID [options]
//   node conformance.mjs --listen HOST:PORT --id ID [options]
//
// The README beside this file says what the peer has to bring along.

import { randomBytes } from "node:crypto"
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Identity, isValidId } from "./identity.mjs"
import { rules } from "./rules.mjs"
import { Session } from "./session.mjs"
import { Talk } from "./talk.mjs"
import * as wire from "./wire.mjs"

const usage = `usage: node conformance.mjs (--connect | --listen) HOST:PORT --id ID [options]
  --connect HOST:PORT   dial the peer
  --listen HOST:PORT    wait for the peer to dial, again and again; port 0: any
  --id ID               the peer's id, 64 hex digits
  --seed SEED           the seed of the kit's key pair, 64 hex digits; default: a random
                        one, and to dial another one for each rule
  --advert FILE         where to write the kit's advert, with the address that it listens to
  --echo NAME           an engine that sends each message back to its sender; default: echo
  --sink NAME           an engine that takes each message; default: print
  --only TEXT           rules that have this in their section or text
  --slow                also rules that take more than 10 s`

function fail(why) {
    console.error(`${why}\n${usage}`)
    process.exit(2)
}

function readArguments() {
    const string = (value) => ({ type: "string", default: value })
    const options = {
        connect: string(),
        listen: string(),
        id: string(),
        seed: string(),
        advert: string(),
        echo: string("echo"),
        sink: string("print"),
        only: string(""),
        slow: { type: "boolean", default: false },
    }
    try {
        return parseArgs({ options }).values
    } catch (error) {
        return fail(error.message)
    }
}

const values = readArguments()
const hex = (text, name) => (/^[0-9a-f]{64}$/i.test(text ?? "") ? Buffer.from(text, "hex") : fail(`--${name} has to be 64 hex digits`))
if (!values.connect === !values.listen) fail("either --connect or --listen is needed")
const remote = hex(values.id, "id")
if (!isValidId(remote)) fail("--id is no valid id")
const self = new Identity(values.seed ? hex(values.seed, "seed") : randomBytes(32))
const [, host, port] = (values.connect ?? values.listen).match(/^(.*):(\d+)$/) ?? fail("an address has to be HOST:PORT")
const address = { host: host.replace(/^\[|\]$/g, ""), port: Number(port) }
const role = values.connect ? "connect" : "listen"

// How the peer gets to know where the kit is.
function writeAdvert(bound) {
    const ip = { tag: "IPv4", val: wire.toData(address.host.split(".").map(Number)) }
    const entry = { address: { tag: "TcpAddr", val: { ip, port: bound } }, weight: 1n }
    const version = BigInt(Math.floor(Date.now() / 1000))
    const encoded = wire.encode("NodeAdvert", wire.signAdvert(self, [entry], version, 0n))
    writeFileSync(values.advert, Buffer.concat([Buffer.from("node-proxy advert v1\n"), encoded]))
}

// Sessions that the peer has dialled, while a rule waits for one.
let waiting = null
let current = []

async function listen() {
    const server = await Session.listen(self, address, {}, (session) => {
        session.established.catch(() => {})
        if (!waiting) return session.destroy()
        Object.assign(session.options, waiting.options)
        waiting.resolve(session)
        waiting = null
    })
    if (values.advert) writeAdvert(server.address().port)
    console.log(`listening on ${address.host}:${server.address().port} as ${self.id.toString("hex")}`)
    return server
}

const context = {
    self,
    remote,
    echo: values.echo,
    sink: values.sink,

    /** A session whose handshake has begun. */
    async session(options = {}) {
        const session =
            role === "connect"
                ? Session.dial(this.self, remote, address, options)
                : await new Promise((resolve) => (waiting = { options, resolve }))
        current.push(session)
        return session
    },

    /** An established connection. */
    async connect(options = {}) {
        const session = await this.session(options)
        return new Talk(await session.established)
    },
}

// The peer's own delays before it dials again are no fault of a rule.
const patience = role === "connect" ? 60_000 : 180_000

async function outcome(rule) {
    // What earlier rules left unfinished does not come up.
    if (role === "connect" && !values.seed) context.self = new Identity(randomBytes(32))
    let timer
    const timeout = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("took too long")), patience)
    })
    try {
        await Promise.race([rule.run(context), timeout])
        return null
    } catch (error) {
        return error.message.split("\n")[0]
    } finally {
        clearTimeout(timer)
        waiting = null
        for (const session of current.splice(0)) session.destroy()
    }
}

const isWanted = ({ roles, section, text, slow }) =>
    roles.includes(role) && (values.slow || !slow) && `${section}: ${text}`.includes(values.only)

const server = values.listen ? await listen() : null
let failed = 0
for (const rule of rules.filter(isWanted)) {
    const why = await outcome(rule)
    if (why) ++failed
    console.log(`${why ? "FAILED" : "ok"}: ${rule.section}: ${rule.text}${why ? ` -- ${why}` : ""}`)
}
server?.close()
console.log(failed === 0 ? "all rules are kept" : `${failed} rules are broken`)
process.exit(failed === 0 ? 0 : 1)
