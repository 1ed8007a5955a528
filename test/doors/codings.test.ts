// The option `compress`: a stored body in the coding that each client takes, made once, beside whatever else compresses.

import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { Answer } from '../support/http.ts'
import { until } from '../support/until.ts'
import { frameworks } from './frameworks.ts'
import { type StageOptions, said, serving, stage } from './stage.ts'

const content = 'Larder keeps what may be kept. '.repeat(200)
const headers = { 'Content-Type': 'text/plain; charset=utf-8', ETag: '"v1"' }

function decoded(answer: Answer): string {
  const coding = answer.header('content-encoding')
  if (coding === 'br') return brotliDecompressSync(answer.body).toString()
  return coding === 'gzip' ? gunzipSync(answer.body).toString() : answer.body.toString()
}

const accepting = (codings: string | undefined) => (codings === undefined ? {} : { 'Accept-Encoding': codings })

for (const framework of frameworks) {
  describe(`${framework.name}: compress`, () => {
    const serve = serving()
    const staged = (answer: object = { headers, body: content }, layers: StageOptions = {}) =>
      stage(serve, framework, (() => answer) as never, { cache: { compress: true }, ...layers })

    /** Asks until the codings are made. */
    async function made(ask: Awaited<ReturnType<typeof staged>>['ask']): Promise<void> {
      await ask('/')
      await until(async () => {
        const answer = await ask('/', { headers: { 'Accept-Encoding': 'br' } })
        return answer.header('content-encoding') === 'br'
      })
    }

    it('each client gets the coding that it prefers, all from one run', async () => {
      const { ask, runs } = await staged()
      await made(ask)
      const cases = [
        ['br', 'br'],
        ['gzip', 'gzip'],
        ['gzip, br', 'br'],
        ['gzip;q=1, br;q=0.5', 'gzip'],
        ['br;q=0, gzip', 'gzip'],
        ['identity', undefined],
        ['gzip;q=0', undefined],
        ['deflate', undefined],
        [undefined, undefined],
      ] as const
      for (const [accepted, coding] of [...cases, ...cases.toReversed()]) {
        const answer = await ask('/', { headers: accepting(accepted) })
        expect(answer.header('content-encoding'), String(accepted)).to.equal(coding)
        expect(decoded(answer)).to.equal(content)
        expect(answer.header('content-length')).to.equal(String(answer.body.length))
        expect(answer.header('vary')).to.match(/accept-encoding/i)
        expect(said(answer)).to.equal('hit')
        if (coding !== undefined) expect(answer.body.length).to.be.below(content.length / 5)
      }
      expect(runs()).to.equal(1)
    })

    it('entity tags differ by coding, and each validates its own', async () => {
      const { ask } = await staged()
      await made(ask)
      const tags = new Set<string>()
      for (const accepted of ['br', 'gzip', undefined]) {
        const first = await ask('/', { headers: accepting(accepted) })
        const tag = String(first.header('etag'))
        tags.add(tag)
        const again = await ask('/', { headers: { ...accepting(accepted), 'If-None-Match': tag } })
        expect(again.status, String(accepted)).to.equal(304)
        expect(again.header('etag')).to.equal(tag)
      }
      expect([...tags]).to.deep.equal(['"v1-br"', '"v1-gzip"', '"v1"'])
      const other = await ask('/', { headers: { 'Accept-Encoding': 'br', 'If-None-Match': '"v1-gzip"' } })
      expect(other.status).to.equal(200)
    })

    it('HEAD says what GET says', async () => {
      const { ask } = await staged()
      await made(ask)
      const get = await ask('/', { headers: { 'Accept-Encoding': 'gzip' } })
      const head = await ask('/', { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } })
      for (const name of ['content-encoding', 'content-length', 'etag', 'vary']) {
        expect(head.header(name), name).to.equal(get.header(name))
      }
      expect(head.body.length).to.equal(0)
    })

    for (const [what, answer] of [
      ['an image', { headers: { 'Content-Type': 'image/png' }, body: content }],
      ['no-transform', { headers: { ...headers, 'Cache-Control': 'max-age=60, no-transform' }, body: content }],
      ['a short body', { headers, body: 'short' }],
    ] as const) {
      it(`${what} → left alone`, async () => {
        const { ask } = await staged(answer)
        for (let turn = 0; turn < 3; turn++) {
          const got = await ask('/', { headers: { 'Accept-Encoding': 'gzip, br' } })
          expect(got.header('content-encoding')).to.equal(undefined)
          expect(got.text).to.equal(answer.body)
          // What may be encoded is told apart by its head, before its length is known.
          if (what !== 'a short body') expect(got.header('vary')).to.equal(undefined)
        }
      })
    }

    it('a layer in front that compresses leaves alone what is compressed', async () => {
      const { ask } = await staged(undefined, { before: [framework.compressing()] })
      await ask('/', { headers: { 'Accept-Encoding': 'gzip' } })
      await until(async () => {
        const answer = await ask('/', { headers: { 'Accept-Encoding': 'gzip' } })
        expect(decoded(answer)).to.equal(content)
        return answer.header('etag') === '"v1-gzip"'
      })
      const answer = await ask('/', { headers: { 'Accept-Encoding': 'gzip' } })
      expect(answer.header('content-encoding')).to.equal('gzip')
      expect(gunzipSync(answer.body).toString()).to.equal(content)
    })

    it('what is kept in codings counts', async () => {
      const { ask, cache } = await staged()
      await ask('/')
      const before = cache.getMetrics().bytes
      await made(ask)
      expect(cache.getMetrics().bytes).to.be.above(before)
      await cache.clear()
      expect(cache.getMetrics().bytes).to.equal(0)
    })
  })
}
