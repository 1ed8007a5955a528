// helmet: its fields stand on hits, and a nonce keeps the page that uses it out of the cache when it is made in front of it.

import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Request, Response } from 'express'
import helmet from 'helmet'
import { serving } from '../doors/stage.ts'
import { expectShared, express, expressFrameworks, type Layers, openSite, type Page, places, saidOf } from './site.ts'

const fields = [
  'content-security-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
  'cross-origin-opener-policy',
]

/** As helmet's README has it: a nonce for each response, in the policy and in `res.locals`. */
const withNonce: Layers = () => [
  express((_req, res, next) => {
    res.locals['cspNonce'] = randomBytes(16).toString('hex')
    next()
  }),
  express(
    helmet({
      contentSecurityPolicy: {
        directives: { scriptSrc: ["'self'", (_req, res) => `'nonce-${(res as Response).locals['cspNonce']}'`] },
      },
    }),
  ),
]

const scripted: Page = { text: (_req: Request, res: Response) => `<script nonce="${res.locals['cspNonce']}"></script>` }

const nonceOf = (policy: string | undefined): string => /'nonce-(\w+)'/.exec(policy ?? '')![1]!

for (const framework of expressFrameworks) {
  describe(`${framework.name}: helmet`, () => {
    const serve = serving()

    for (const place of places) {
      it(`${place} the cache: its fields stand on a hit, each once`, async () => {
        const site = await openSite(serve, framework, { layers: () => [express(helmet())], place })
        const miss = await site.ask('/quiet')
        const hit = await site.ask('/quiet')
        expect(saidOf(hit)).to.equal('hit')
        for (const name of fields) {
          const lines = hit.headers.filter(([each]) => each.toLowerCase() === name)
          expect(lines, name).to.have.length(1)
          expect(hit.header(name), name).to.equal(miss.header(name))
        }
        expect(hit.header('x-powered-by')).to.equal(undefined)
      })
    }

    it('before the cache: a page with the nonce is made for each answer, and fits its policy', async () => {
      const site = await openSite(serve, framework, {
        layers: withNonce,
        place: 'before',
        pages: { '/scripted': scripted },
      })
      const nonces = new Set<string>()
      for (let turn = 0; turn < 3; turn++) {
        const answer = await site.ask('/scripted')
        expect(saidOf(answer)).to.equal('fwd=uri-miss; detail=read-locals.cspNonce')
        const nonce = nonceOf(answer.header('content-security-policy'))
        expect(answer.text).to.include(`nonce="${nonce}"`)
        nonces.add(nonce)
      }
      expect(nonces.size).to.equal(3)
    })

    it('before the cache: a page without it is a hit, whose policy has a nonce of its own', async () => {
      const site = await openSite(serve, framework, { layers: withNonce, place: 'before' })
      const miss = await site.ask('/quiet')
      const hit = await site.ask('/quiet')
      expect(saidOf(hit)).to.equal('hit')
      expect(nonceOf(hit.header('content-security-policy'))).not.to.equal(
        nonceOf(miss.header('content-security-policy')),
      )
    })

    it('documented, not prevented: behind the cache the nonce is stored with its page', async () => {
      const site = await openSite(serve, framework, {
        layers: withNonce,
        place: 'after',
        pages: { '/scripted': scripted },
      })
      const hit = await expectShared(site, '/scripted')
      expect(hit.text).to.include(`nonce="${nonceOf(hit.header('content-security-policy'))}"`)
    })
  })
}
