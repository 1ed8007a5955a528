// RFC 9111 §4.4 at the door, and what a handler can purge: whoever asks afterwards gets nothing older.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { type App, frameworks, type Reply } from './frameworks.ts'
import { said, serving } from './stage.ts'

/** A request after which what is stored of /x is gone, or is not. */
const unsafe: readonly (readonly [method: string, target: string, reply: Reply, isGone: boolean])[] = [
  ['POST', '/x', {}, true],
  ['PUT', '/x', { status: 201 }, true],
  ['PATCH', '/x', {}, true],
  ['DELETE', '/x', { status: 204 }, true],
  ['POST', '/x', { status: 303, headers: { Location: '/elsewhere' } }, true],
  ['POST', '/elsewhere', { status: 201, headers: { Location: '/x' } }, true],
  ['POST', '/elsewhere', { headers: { 'Content-Location': 'http://larder.example/x' } }, true],
  ['POST', '/elsewhere', { status: 201, headers: { Location: 'http://other.example/x' } }, false],
  ['POST', '/elsewhere', {}, false],
  ['POST', '/x?a=1', {}, false],
  ['POST', '/x', { status: 400 }, false],
  ['POST', '/x', { status: 500 }, false],
  ['OPTIONS', '/x', {}, false],
]

const purges = [
  ['a tag of the route', { tags: ['route'] }, true],
  ['a tag of the handler', { tags: ['handler-/x'] }, true],
  ['one of several tags', { tags: ['none', 'handler-/x'] }, true],
  ['another tag', { tags: ['handler-/y', 'handler-*'] }, false],
  ['its target', { target: '/x' }, true],
  ['another target', { target: '/' }, false],
  ['a pattern', { pattern: '/*' }, true],
  ['another pattern', { pattern: '/y*' }, false],
  ['a key of data', { key: '/x' }, false],
] as const

for (const framework of frameworks) {
  describe(`${framework.name}: what purges`, () => {
    const serve = serving()
    const { responseCache, invalidate, tag, attachCache } = framework.door

    async function site(reply: Reply = {}, purge: object = {}) {
      const app: App = framework.app()
      let runs = 0
      app.use(responseCache({ ttl: '1m', tags: ['route'] }))
      const handler = framework.handler(async asked => {
        if (asked.target === '/purge') {
          await invalidate(asked.subject, purge)
          return { status: 202 }
        }
        if (asked.method !== 'GET') return reply
        tag(asked.subject, `handler-${asked.target}`, 'each')
        return { body: `run ${++runs}` }
      })
      app.use(handler)
      return serve(app)
    }

    for (const [method, target, reply, isGone] of unsafe) {
      const location = Object.values(reply.headers ?? {})[0]
      const title = `${method} ${target} → ${reply.status ?? 200}${location === undefined ? '' : `, at ${location}`}`
      it(`${title}: /x ${isGone ? 'is gone' : 'stays'}`, async () => {
        const { ask } = await site(reply)
        await ask('/x')
        const answer = await ask(target, { method, headers: { 'Content-Type': 'text/plain' } })
        expect(answer.status).to.equal(reply.status ?? 200)
        expect(said(answer)).to.equal('fwd=method')
        const next = await ask('/x')
        expect(next.text).to.equal(isGone ? 'run 2' : 'run 1')
        expect(said(next)).to.equal(isGone ? 'fwd=uri-miss; stored; detail=invalidated' : 'hit')
      })
    }

    it('a request with a body, whatever its framing, purges too', async () => {
      const { ask } = await site()
      await ask('/x')
      await ask('/x', { method: 'POST', body: 'a=1' })
      expect((await ask('/x')).text).to.equal('run 2')
    })

    for (const [title, purge, isGone] of purges) {
      it(`invalidate() of ${title}: /x ${isGone ? 'is gone' : 'stays'}`, async () => {
        const { ask } = await site({}, purge)
        await ask('/x')
        expect((await ask('/purge', { method: 'POST' })).status).to.equal(202)
        expect((await ask('/x')).text).to.equal(isGone ? 'run 2' : 'run 1')
      })
    }

    it('what is filled while it is purged is not kept', async () => {
      const cache = createCache()
      const app = framework.app()
      attachCache(app.native, cache)
      let runs = 0
      app.use(
        responseCache('1m'),
        framework.handler(async asked => {
          tag(asked.subject, 'all')
          const body = `run ${++runs}`
          if (runs === 1) await cache.invalidateTags(['all'])
          return { body }
        }),
      )
      const { ask } = await serve(app)
      expect((await ask('/x')).text).to.equal('run 1')
      expect((await ask('/x')).text).to.equal('run 2')
      expect((await ask('/x')).text).to.equal('run 2')
    })

    it('a soft purge has the stored answer refreshed', async () => {
      const cache = createCache()
      const app = framework.app()
      attachCache(app.native, cache)
      let runs = 0
      const options = { ttl: '1m', staleWhileRevalidate: '1m', tags: ['all'] } as const
      app.use(
        responseCache(options),
        framework.handler(() => ({ body: `run ${++runs}` })),
      )
      const { ask } = await serve(app)
      await ask('/x')
      await cache.invalidateTags(['all'], { soft: true })
      const stale = await ask('/x')
      expect([stale.text, said(stale)]).to.deep.equal(['run 1', 'hit; detail=stale-while-revalidate'])
      let answer = await ask('/x')
      while (answer.text === 'run 1') answer = await ask('/x')
      expect(answer.text).to.equal('run 2')
    })

    it('an unknown member is an error of the handler, not a purge of nothing', async () => {
      const { ask } = await site({}, { tag: ['route'] })
      expect((await ask('/purge', { method: 'POST' })).status).to.equal(500)
    })
  })
}
