// Who is signed in: a cookie that names the buddy, and a signature that only this application can make.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Sessions {
  /** The value of `Set-Cookie` that signs this buddy in. */
  signIn(buddyId: number): string
  /** The buddy whom a `Cookie` field names, if the signature is ours and not too old. */
  signedIn(cookieField: string | undefined): number | undefined
}

const lifetimeSeconds = 7 * 86_400

/** Without a secret one is made up, and a restart signs everybody out. */
export function createSessions(secret: string | undefined, now: () => number = Date.now): Sessions {
  const key = secret ?? randomBytes(32)
  const signature = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

  return {
    signIn(buddyId) {
      const text = `${buddyId}.${Math.floor(now() / 1000) + lifetimeSeconds}`
      const value = `${text}.${signature(text).toString('base64url')}`
      return `session=${value}; Path=/; Max-Age=${lifetimeSeconds}; HttpOnly; SameSite=Lax`
    },
    signedIn(cookieField = '') {
      const value = /(?:^|;)\s*session=(\d+\.\d+\.[\w-]{43})\s*(?:;|$)/.exec(cookieField)?.[1]
      if (value === undefined) return undefined
      const text = value.slice(0, value.lastIndexOf('.'))
      const given = Buffer.from(value.slice(text.length + 1), 'base64url')
      if (!timingSafeEqual(given, signature(text))) return undefined
      const [buddyId, expiresAt] = text.split('.').map(Number)
      return expiresAt! > now() / 1000 ? buddyId : undefined
    },
  }
}
