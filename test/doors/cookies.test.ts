// RFC 9111 §7.3 — Cookies in the preset `rfc9111`: the handler's own are stored, those of outer layers are each client's.

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import { expect } from 'chai'
import express from 'express'
import Koa from 'koa'
import { type Answer, ask } from '../support/http.ts'

const fresh = 'max-age=60'

/** An outer layer gives each client a cookie of its own; the handler adds `theme` in each of the ways in which that is done. */
const apps: Record<string, (preset: 'default' | 'rfc9111') => RequestListener> = {
  express(preset) {
    let clients = 0
    const app = express()
    app.use((_req, res, next) => {
      res.setHeader('Set-Cookie', [`client=${++clients}`])
      next()
    })
    app.use(expressCache({ preset }))
    app.get('/added', (_req, res) => {
      res.set('Cache-Control', fresh).cookie('theme', 'dark').send('x')
    })
    app.get('/pushed', (_req, res) => {
      const lines = res.getHeader('Set-Cookie') as string[]
      lines.push('theme=dark; Path=/')
      res.set('Cache-Control', fresh).send('x')
    })
    return app
  },
  koa(preset) {
    let clients = 0
    const app = new Koa()
    app.use((ctx, next) => {
      ctx.set('Set-Cookie', [`client=${++clients}`])
      return next()
    })
    app.use(koaCache({ preset }))
    app.use(ctx => {
      if (ctx.path === '/added') ctx.append('Set-Cookie', 'theme=dark; Path=/')
      else (ctx.res.getHeader('Set-Cookie') as string[]).push('theme=dark; Path=/')
      ctx.set('Cache-Control', fresh)
      ctx.body = 'x'
    })
    return app.callback()
  },
}

describe('RFC 9111 §7.3 cookies', () => {
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

  for (const [door, app] of Object.entries(apps)) {
    for (const target of ['/added', '/pushed']) {
      it(`${door} ${target}: the handler's are stored by the RFC, each client keeps its own`, async () => {
        const port = await open(app('rfc9111'))
        expect(cookiesOf(await ask(port, target))).to.deep.equal(['client=1', 'theme=dark; Path=/'])
        const hit = await ask(port, target)
        expect(hit.header('Cache-Status')).to.match(/^larder; hit/)
        expect(cookiesOf(hit)).to.deep.equal(['client=2', 'theme=dark; Path=/'])
      })

      it(`${door} ${target}: by default nothing is stored that gives a cookie`, async () => {
        const port = await open(app('default'))
        await ask(port, target)
        const miss = await ask(port, target)
        expect(miss.header('Cache-Status')).to.match(/fwd=uri-miss.*detail=set-cookie/)
        expect(cookiesOf(miss)).to.deep.equal(['client=2', 'theme=dark; Path=/'])
      })
    }
  }
})

function cookiesOf({ headers }: Answer): string[] {
  return headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)
}
