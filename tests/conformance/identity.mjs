// Who a node is (PROTOCOL.md, "Identities").

import { createHash, createPrivateKey, createPublicKey, diffieHellman, sign, verify } from "node:crypto"

// The fixed beginnings of PKCS #8 and SPKI for the two kinds of keys (RFC 8410).
const der = {
    ed25519: { secret: "302e020100300506032b657004220420", public: "302a300506032b6570032100" },
    x25519: { secret: "302e020100300506032b656e04220420", public: "302a300506032b656e032100" },
}

function secretKey(kind, octets) {
    const key = Buffer.concat([Buffer.from(der[kind].secret, "hex"), octets])
    return createPrivateKey({ key, format: "der", type: "pkcs8" })
}

function publicKey(kind, octets) {
    const key = Buffer.concat([Buffer.from(der[kind].public, "hex"), octets])
    return createPublicKey({ key, format: "der", type: "spki" })
}

const rawPublic = (key) => createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32)

/** The X25519 public key of a secret one. */
export const x25519Public = (secret) => rawPublic(secretKey("x25519", secret))

/** X25519; throws if the result is all zeros. */
export function x25519(secret, remote) {
    const result = diffieHellman({
        privateKey: secretKey("x25519", secret),
        publicKey: publicKey("x25519", remote),
    })
    if (result.every((octet) => octet === 0)) throw new Error("all-zero shared secret")
    return result
}

const p = 2n ** 255n - 19n
const order = 2n ** 252n + 27742317777372353535851937790883648493n
const mod = (x) => ((x % p) + p) % p

function power(base, exponent) {
    let result = 1n
    for (base = mod(base); exponent > 0n; exponent >>= 1n) {
        if (exponent & 1n) result = mod(result * base)
        base = mod(base * base)
    }
    return result
}

const inverse = (x) => power(x, p - 2n)
const d = mod(-121665n * inverse(121666n))
const rootOfMinusOne = power(2n, (p - 1n) / 4n)

const fromLittleEndian = (octets) => BigInt("0x" + Buffer.from(octets).reverse().toString("hex"))
const toLittleEndian = (x) => Buffer.from(x.toString(16).padStart(64, "0"), "hex").reverse()

const yOf = (id) => fromLittleEndian(id) & (2n ** 255n - 1n)

// The point of an id, as [x, y]; null if it is no canonical encoding of one
// (RFC 8032, section 5.1.3).
function decompress(id) {
    const y = yOf(id)
    if (y >= p) return null
    const u = mod(y * y - 1n)
    const v = mod(d * y * y + 1n)
    let x = mod(u * v ** 3n * power(u * v ** 7n, (p - 5n) / 8n))
    if (mod(v * x * x) === mod(-u)) x = mod(x * rootOfMinusOne)
    if (mod(v * x * x) !== u) return null
    const sign = BigInt(id[31] >> 7)
    if (x === 0n && sign === 1n) return null
    return [(x & 1n) === sign ? x : mod(-x), y]
}

// The sum of two points [X, Y, Z, T] in extended coordinates (RFC 8032, section
// 5.1.4), which needs no inverse.
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
    const a = mod((y1 - x1) * (y2 - x2))
    const b = mod((y1 + x1) * (y2 + x2))
    const c = mod(2n * d * mod(t1 * t2))
    const e = 2n * z1 * z2
    const [f, g, h, i] = [b - a, e - c, e + c, b + a]
    return [mod(f * g), mod(h * i), mod(g * h), mod(f * i)]
}

const isNeutral = ([x, y, z]) => x === 0n && y === z

/** Whether an id from outside is a point of the prime-order subgroup. */
export function isValidId(id) {
    const affine = id.length === 32 && decompress(id)
    if (!affine) return false
    const [x, y] = affine
    let point = [x, y, 1n, mod(x * y)]
    if (isNeutral(point)) return false
    let result = [0n, 1n, 1n, 0n]
    for (let n = order; n > 0n; n >>= 1n) {
        if (n & 1n) result = add(result, point)
        point = add(point, point)
    }
    return isNeutral(result)
}

/** The static Noise key of a valid id: u = (1 + y) / (1 - y). */
export const noiseKeyOf = (id) => toLittleEndian(mod((1n + yOf(id)) * inverse(1n - yOf(id))))

/** What two twins have in common. */
export function withoutSignBit(id) {
    const result = Buffer.from(id)
    result[31] &= 0x7f
    return result
}

const contextual = (context, data) => Buffer.concat([Buffer.from(context, "ascii"), Buffer.of(0), data])

export class Identity {
    constructor(seed) {
        this.signingKey = secretKey("ed25519", seed)
        this.id = rawPublic(this.signingKey)
        this.noiseSecret = createHash("sha512").update(seed).digest().subarray(0, 32)
        this.noiseSecret[0] &= 248
        this.noiseSecret[31] = (this.noiseSecret[31] & 127) | 64
        this.noisePublic = noiseKeyOf(this.id)
    }

    sign(context, data) {
        return sign(null, contextual(context, data), this.signingKey)
    }
}

export function isSignedBy(id, context, data, signature) {
    return verify(null, contextual(context, data), publicKey("ed25519", id), signature)
}
