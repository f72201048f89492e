// Noise_IK_25519_ChaChaPoly_SHA256 (Noise Protocol Framework, revision 34). The
// usual Noise libraries of npm have BLAKE2b only.

import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto"
import { x25519, x25519Public } from "./identity.mjs"

const tagSize = 16

/** AEAD for any cipher of OpenSSL with a 16-octet tag. */
export function seal(cipher, key, nonce, ad, plaintext) {
    const state = createCipheriv(cipher, key, nonce, { authTagLength: tagSize })
    state.setAAD(ad, { plaintextLength: plaintext.length })
    return Buffer.concat([state.update(plaintext), state.final(), state.getAuthTag()])
}

/** Throws if the tag is wrong. */
export function open(cipher, key, nonce, ad, ciphertext) {
    const end = ciphertext.length - tagSize
    if (end < 0) throw new Error("too short")
    const state = createDecipheriv(cipher, key, nonce, { authTagLength: tagSize })
    state.setAAD(ad, { plaintextLength: end })
    state.setAuthTag(ciphertext.subarray(end))
    return Buffer.concat([state.update(ciphertext.subarray(0, end)), state.final()])
}

/** Four zero octets and a little-endian number. */
export function nonceOf(number) {
    const result = Buffer.alloc(12)
    result.writeBigUInt64LE(BigInt(number), 4)
    return result
}

export const hkdf = (ikm, salt, info, size = 32) => Buffer.from(hkdfSync("sha256", ikm, salt, info, size))

class SymmetricState {
    constructor(name) {
        this.h = Buffer.alloc(32)
        this.h.write(name, "ascii")
        this.ck = this.h
    }

    mixHash(data) {
        this.h = createHash("sha256").update(this.h).update(data).digest()
    }

    mixKey(input) {
        const output = hkdf(input, this.ck, "", 64)
        this.ck = output.subarray(0, 32)
        this.k = output.subarray(32)
        this.n = 0
    }

    encryptAndHash(plaintext) {
        const ciphertext = seal("chacha20-poly1305", this.k, nonceOf(this.n++), this.h, plaintext)
        this.mixHash(ciphertext)
        return ciphertext
    }

    decryptAndHash(ciphertext) {
        const plaintext = open("chacha20-poly1305", this.k, nonceOf(this.n++), this.h, ciphertext)
        this.mixHash(ciphertext)
        return plaintext
    }

    split() {
        const output = hkdf("", this.ck, "", 64)
        return [output.subarray(0, 32), output.subarray(32)]
    }
}

class Handshake extends SymmetricState {
    constructor(prologue, own, responderStatic, ephemeral) {
        super("Noise_IK_25519_ChaChaPoly_SHA256")
        this.own = own
        this.e = ephemeral
        this.mixHash(prologue)
        this.mixHash(responderStatic)
    }

    writeEphemeral() {
        const result = x25519Public(this.e)
        this.mixHash(result)
        return result
    }

    readEphemeral(message) {
        if (message.length < 32) throw new Error("too short")
        this.re = message.subarray(0, 32)
        this.mixHash(this.re)
    }
}

/** The end that dials. `own` is an Identity. */
export class NoiseInitiator extends Handshake {
    constructor(prologue, own, remoteStatic, ephemeral) {
        super(prologue, own, remoteStatic, ephemeral)
        this.rs = remoteStatic
    }

    writeMessage1(payload) {
        const e = this.writeEphemeral()
        this.mixKey(x25519(this.e, this.rs))
        const s = this.encryptAndHash(this.own.noisePublic)
        this.mixKey(x25519(this.own.noiseSecret, this.rs))
        return Buffer.concat([e, s, this.encryptAndHash(payload)])
    }

    readMessage2(message) {
        this.readEphemeral(message)
        this.mixKey(x25519(this.e, this.re))
        this.mixKey(x25519(this.own.noiseSecret, this.re))
        return this.decryptAndHash(message.subarray(32))
    }
}

/** The end that was dialled. */
export class NoiseResponder extends Handshake {
    constructor(prologue, own, ephemeral) {
        super(prologue, own, own.noisePublic, ephemeral)
    }

    readMessage1(message) {
        this.readEphemeral(message)
        this.mixKey(x25519(this.own.noiseSecret, this.re))
        this.rs = this.decryptAndHash(message.subarray(32, 80))
        this.mixKey(x25519(this.own.noiseSecret, this.rs))
        return this.decryptAndHash(message.subarray(80))
    }

    writeMessage2(payload) {
        const e = this.writeEphemeral()
        this.mixKey(x25519(this.e, this.re))
        this.mixKey(x25519(this.e, this.rs))
        return Buffer.concat([e, this.encryptAndHash(payload)])
    }
}
