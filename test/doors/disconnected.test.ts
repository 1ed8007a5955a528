// RFC 9111 §4.2.4 and §5.2.2.2 — A handler that breaks off: what is stored stands in for it, or an error of the cache's own.

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import { expect } from 'chai'
import express from 'express'
import Koa from 'koa'
import { ask } from '../support/http.ts'

type Preset = 'default' | 'rfc9111'

/** Each answers its first request alone, with a response that is stale at once, and breaks off in its own way after that. */
const apps: Record<string, (preset: Preset, cacheControl: string) => RequestListener> = {
  'express, destroyed'(preset, cacheControl) {
    let runs = 0
    const app = express()
    app.use(expressCache({ preset }))
    app.use((_req, res) => {
      if (runs++ === 0) res.set({ 'Cache-Control': cacheControl, ETag: '"a"' }).send('page')
      else res.destroy()
    })
    return app
  },
  'koa, thrown'(preset, cacheControl) {
    let runs = 0
    const app = new Koa()
    app.silent = true
    app.use(koaCache({ preset }))
    app.use(ctx => {
      if (runs++ > 0) throw new Error('away')
      ctx.set({ 'Cache-Control': cacheControl, ETag: '"a"' })
      ctx.body = 'page'
    })
    return app.callback()
  },
}

const cases: [string, number, RegExp][] = [
  ['max-age=0', 200, /^larder; fwd=stale; .*detail=stale-if-error$/],
  ['max-age=0, must-revalidate', 504, /^larder; fwd=stale; detail=disconnected$/],
  ['max-age=0, proxy-revalidate', 504, /detail=disconnected$/],
  ['s-maxage=0', 504, /detail=disconnected$/],
  ['no-cache', 504, /detail=disconnected$/],
]

describe('RFC 9111 §4.2.4 a handler that breaks off before its head', () => {
  let server: Server
  const open = async (listener: RequestListener) => {
    server = createServer(listener)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  for (const [name, app] of Object.entries(apps)) {
    for (const [cacheControl, status, said] of cases) {
      it(`${name}: ${cacheControl} → ${status}`, async () => {
        const port = await open(app('rfc9111', cacheControl))
        expect((await ask(port, '/')).text).to.equal('page')
        const answer = await ask(port, '/')
        expect(answer.status).to.equal(status)
        expect(answer.header('Cache-Status')).to.match(said)
        expect(answer.text).to.equal(status === 200 ? 'page' : '')
      })
    }

    for (const [preset, wish] of [
      ['default', ''],
      ['rfc9111', 'no-cache'],
    ] as const) {
      it(`${name}: ${preset}, request ${wish || 'without a wish'} → the client sees it`, async () => {
        const port = await open(app(preset, 'max-age=0'))
        await ask(port, '/')
        const answer = await ask(port, '/', { headers: { 'Cache-Control': wish } }).catch(() => undefined)
        expect(answer?.complete !== true || answer.status === 500).to.equal(true)
      })
    }
  }
})
