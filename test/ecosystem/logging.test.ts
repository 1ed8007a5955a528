// morgan and pino-http: in front of the cache every answer has its line, behind it those that the handler made.

import { expect } from 'chai'
import type { RequestHandler } from 'express'
import morgan from 'morgan'
import { pinoHttp } from 'pino-http'
import { serving } from '../doors/stage.ts'
import { expectShared, express, expressFrameworks, type Layers, openSite, type Place, type Site } from './site.ts'

interface Line {
  readonly status: number
  readonly length: number | undefined
  readonly url: string
}

interface Logger {
  readonly layers: Layers
  read(line: string): Line
}

const loggers: Readonly<Record<string, Logger>> = {
  morgan: {
    layers: (_app, log) => [
      express(
        morgan(':status :res[content-length] :url :remote-addr :user-agent :remote-user', {
          stream: { write: log },
        }) as unknown as RequestHandler,
      ),
    ],
    read(line) {
      const [status, length, url] = line.split(' ')
      return { status: Number(status), length: length === '-' ? undefined : Number(length), url: url! }
    },
  },
  'pino-http': {
    layers: (_app, log) => [express(pinoHttp({}, { write: log }) as unknown as RequestHandler)],
    read(line) {
      const { res, req } = JSON.parse(line)
      const length = res.headers['content-length']
      return { status: res.statusCode, length: length === undefined ? undefined : Number(length), url: req.url }
    },
  },
}

for (const framework of expressFrameworks) {
  for (const [name, { layers, read }] of Object.entries(loggers)) {
    describe(`${framework.name}: ${name}`, () => {
      const serve = serving()
      const open = (place: Place) => openSite(serve, framework, { layers, place })

      /** A logger writes when the answer is out, which the client may see before. */
      async function lines({ lines }: Site, count: number): Promise<Line[]> {
        for (let turn = 0; lines.length < count && turn < 100; turn++) await new Promise(setImmediate)
        expect(lines, lines.join('')).to.have.length(count)
        return lines.map(read)
      }

      it('before the cache: a hit, a 304 and a part have lines with their own status and length', async () => {
        const site = await open('before')
        const hit = await expectShared(site, '/quiet')
        await site.ask('/quiet', { headers: { 'If-None-Match': hit.header('etag')! } })
        await site.ask('/quiet', { headers: { Range: 'bytes=0-9' } })
        const length = hit.body.length
        expect((await lines(site, 4)).map(({ status, length, url }) => [status, length, url])).to.deep.equal([
          [200, length, '/quiet'],
          [200, length, '/quiet'],
          [304, undefined, '/quiet'],
          [206, 10, '/quiet'],
        ])
      })

      it('after the cache: only what the handler made', async () => {
        const site = await open('after')
        await expectShared(site, '/quiet')
        await site.ask('/other')
        expect((await lines(site, 2)).map(({ status, url }) => [status, url])).to.deep.equal([
          [200, '/quiet'],
          [404, '/other'],
        ])
      })

      it('before the cache: a refresh has a line of its own, a 304 where the page is still the same', async () => {
        const site = await open('before')
        await site.ask('/quiet')
        await site.refresh('/quiet')
        expect((await lines(site, 3)).map(({ status }) => status)).to.deep.equal([200, 200, 304])
      })
    })
  }

  describe(`${framework.name}: morgan that writes at once, after the cache`, () => {
    const serve = serving()

    it('reads who asks before there is an answer, and prevents nothing', async () => {
      const layers: Layers = (_app, log) => [
        express(morgan('combined', { immediate: true, stream: { write: log } }) as unknown as RequestHandler),
      ]
      const site = await openSite(serve, framework, { layers, place: 'after' })
      await expectShared(site, '/quiet', { headers: { 'User-Agent': 'one' } }, { headers: { 'User-Agent': 'two' } })
      expect(site.lines[0]).to.include('"one"')
    })
  })
}
