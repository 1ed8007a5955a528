// Replies that are none of ours, as from a connection that is out of step: each is a fault of the store, and never an error of another kind.

import { expect } from 'chai'
import { type RedisStoreClient, redisStore } from '../src/index.ts'
import { codeOf } from './support.ts'

const odd: readonly unknown[] = [
  null,
  undefined,
  7,
  'nonsense',
  [],
  [null],
  [[Buffer.from('x')], [Buffer.from('y')]],
  {},
]
const told = (reply: unknown): string => JSON.stringify(reply) ?? 'undefined'
const unavailable = 'LARDER_FAR_UNAVAILABLE'

describe('a reply that is none of ours', () => {
  const storeThatHears = (reply: unknown) => {
    const answer = async () => reply as never
    const client = { evalsha: answer, eval: answer, hmgetBuffer: answer, hdel: answer, unlink: answer }
    return redisStore(client as unknown as RedisStoreClient)
  }
  const write = {
    key: 'k',
    variant: '',
    rule: '',
    widens: undefined,
    epoch: 'e',
    position: 1,
    filledAt: 1,
    expiresAt: 2,
    livesMs: 1,
    maxVariants: 1,
    frame: Buffer.from('x'),
    release: undefined,
  }
  const claim = { lease: 'l', token: 't', holdMs: 1, until: 1 }

  for (const reply of odd) {
    it(`${told(reply)} to a write, a claim and a probe is a fault`, async () => {
      const store = storeThatHears(reply)
      const codes = await Promise.all([store.set(write), store.claim('k', claim), store.time()].map(codeOf))
      expect(codes).to.deep.equal([unavailable, unavailable, unavailable])
    })

    it(`${told(reply)} to a look-up is a fault, or nothing`, async () => {
      const found = await storeThatHears(reply)
        .get('k', '', () => claim)
        .catch((error: { readonly code?: string }) => error.code)
      if (found !== unavailable) expect(found).to.deep.equal({ rule: undefined, frame: undefined, claimed: undefined })
    })
  }
})
