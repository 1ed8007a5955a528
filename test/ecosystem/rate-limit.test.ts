// express-rate-limit: in front of the cache it counts hits, behind it the runs of the handler.

import { expect } from 'chai'
import { type Options, rateLimit } from 'express-rate-limit'
import { serving } from '../doors/stage.ts'
import type { Answer, AskOptions } from '../support/http.ts'
import { expectShared, express, expressFrameworks, isHit, openSite, type Place, saidOf } from './site.ts'

/** Fields that tell one client how much is left to it. */
const quota = ['ratelimit', 'ratelimit-policy', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']

const remaining = (answer: Answer): string | undefined => answer.header('x-ratelimit-remaining')

for (const framework of expressFrameworks) {
  describe(`${framework.name}: express-rate-limit`, () => {
    const serve = serving()
    const open = (place: Place, options: Partial<Options> = {}) =>
      openSite(serve, framework, {
        layers: () => [express(rateLimit({ limit: 3, standardHeaders: 'draft-7', legacyHeaders: true, ...options }))],
        place,
      })
    /** Clients are told apart by a field, since all of these come from one address. */
    const byName: Partial<Options> = { keyGenerator: req => req.get('X-Client') ?? '' }
    const client = (name: string): AskOptions => ({ headers: { 'X-Client': name } })

    it('before the cache: hits count, have fields of their own, and end with a 429 that is not stored', async () => {
      const site = await open('before')
      const answers = []
      for (let turn = 0; turn < 4; turn++) answers.push(await site.ask('/quiet'))
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 429])
      expect(answers.map(remaining)).to.deep.equal(['2', '1', '0', '0'])
      expect(answers.slice(1, 3).map(isHit)).to.deep.equal([true, true])
      expect(site.runs()).to.equal(1)
    })

    it('before the cache: each client has its own count on the same stored response', async () => {
      const site = await open('before', byName)
      await expectShared(site, '/quiet', client('Ann'), client('Ben'))
      expect(remaining(await site.ask('/quiet', client('Ann')))).to.equal('1')
      expect(remaining(await site.ask('/quiet', client('Ben')))).to.equal('1')
      expect(remaining(await site.ask('/quiet', client('Cleo')))).to.equal('2')
    })

    it('before the cache: a refresh counts for the one whose request caused it', async () => {
      const site = await open('before')
      await site.ask('/quiet')
      const { stale, outcome } = await site.refresh('/quiet')
      expect([remaining(stale), outcome]).to.deep.equal(['1', 'stored'])
      expect(remaining(await site.ask('/quiet'))).to.equal('0')
    })

    it('after the cache: hits do not count, and tell nothing when the fields are off', async () => {
      const site = await open('after', { standardHeaders: false, legacyHeaders: false })
      for (let turn = 0; turn < 6; turn++) {
        const answer = await site.ask('/quiet')
        expect([answer.status, isHit(answer)]).to.deep.equal([200, turn > 0])
        for (const name of quota) expect(answer.header(name), name).to.equal(undefined)
      }
    })

    it('after the cache: hits say nothing of the quota of the client that filled', async () => {
      const site = await open('after')
      const hit = await expectShared(site, '/quiet')
      expect(remaining(hit)).to.equal(undefined)
      expect(remaining(await site.ask('/quiet'))).to.equal(undefined)
    })

    it('after the cache: a key out of a field makes a variant for each, whose count the one that fills is told', async () => {
      const site = await open('after', byName)
      for (const turn of ['fill', 'hit']) {
        for (const name of ['Ann', 'Ben']) {
          const answer = await site.ask('/quiet', client(name))
          expect([isHit(answer), remaining(answer)]).to.deep.equal(turn === 'hit' ? [true, undefined] : [false, '2'])
        }
      }
    })

    it('after the cache: what the handler would have to make is refused, and the 429 is not stored', async () => {
      const site = await open('after')
      for (let turn = 0; turn < 3; turn++) await site.ask(`/quiet?${turn}`)
      const refused = await site.ask('/quiet?3')
      expect([refused.status, saidOf(refused)]).to.deep.equal([429, 'fwd=uri-miss; detail=status'])
      expect(isHit(await site.ask('/quiet?1'))).to.equal(true)
      expect((await site.ask('/quiet?3')).status).to.equal(429)
    })
  })
}
