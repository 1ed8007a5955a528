// Compression in front of the cache and behind it: every client gets what it can read, whoever came before.

import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { Answer } from '../support/http.ts'
import { frameworks } from './frameworks.ts'
import { said, serving, stage } from './stage.ts'

const content = 'Larder keeps what may be kept. '.repeat(200)
const headers = { 'Content-Type': 'text/plain; charset=utf-8' }

const clients: Readonly<Record<string, readonly (string | undefined)[]>> = {
  gzip: ['gzip'],
  identity: [undefined],
  br: ['br'],
  'br;q=0, gzip': ['gzip'],
  '': [undefined],
  'gzip;q=0': [undefined],
  'gzip, br': ['gzip', 'br'],
}

const orders = permutations(['gzip', 'identity', 'br'])

for (const framework of frameworks) {
  for (const place of ['in front of', 'behind'] as const) {
    describe(`${framework.name}: compression ${place} the cache`, () => {
      const serve = serving()
      const compressed = (answer = () => ({ headers, body: content }) as { headers: object; body: string }) => {
        const layers = [framework.compressing()]
        return stage(serve, framework, answer as never, place === 'behind' ? { after: layers } : { before: layers })
      }

      for (const order of orders) {
        it(`clients that take ${order.join(', then ')}`, async () => {
          const { ask, runs } = await compressed()
          for (const turn of ['first', 'second']) {
            for (const accepted of order) {
              const answer = await ask('/', { headers: { 'Accept-Encoding': accepted } })
              expectReadable(answer, accepted)
              if (turn === 'second') expect(said(answer)).to.equal('hit')
            }
          }
          expect(runs()).to.equal(place === 'behind' ? 3 : 1)
        })
      }

      for (const accepted of Object.keys(clients)) {
        it(`a client that says Accept-Encoding: ${accepted || '(nothing)'}`, async () => {
          const { ask } = await compressed()
          for (let turn = 0; turn < 2; turn++) {
            expectReadable(
              await ask('/', { headers: accepted === '' ? {} : { 'Accept-Encoding': accepted } }),
              accepted,
            )
          }
        })
      }

      it('tags of different codings differ, or are weak', async () => {
        const { ask } = await compressed()
        const tags = new Map<string, string>()
        for (const turn of ['first', 'second']) {
          for (const accepted of ['gzip', 'identity', 'br']) {
            const tag = (await ask('/', { headers: { 'Accept-Encoding': accepted } })).header('etag')
            if (turn === 'second' && tag !== undefined && !tag.startsWith('W/')) tags.set(accepted, tag)
          }
        }
        expect(new Set(tags.values()).size).to.equal(tags.size)
      })

      it('a client that has the answer gets a 304 in its coding', async () => {
        const { ask } = await compressed()
        const asked = { 'Accept-Encoding': 'gzip' }
        await ask('/', { headers: asked })
        const hit = await ask('/', { headers: asked })
        const again = await ask('/', { headers: { ...asked, 'If-None-Match': hit.header('etag')! } })
        expect(again.status).to.equal(304)
        expect(again.body.length).to.equal(0)
        expect(again.complete).to.equal(true)
      })

      it('what is compressed already is left alone', async () => {
        const { ask, runs } = await compressed(() => ({
          headers: { ...headers, 'Content-Encoding': 'x-own', 'Cache-Control': 'max-age=60, no-transform' },
          body: 'own bytes',
        }))
        for (let turn = 0; turn < 2; turn++) {
          const answer = await ask('/', { headers: { 'Accept-Encoding': 'gzip, br' } })
          expect(answer.header('content-encoding')).to.equal('x-own')
          expect(answer.text).to.equal('own bytes')
        }
        expect(runs()).to.equal(1)
      })

      it('a HEAD has no body', async () => {
        const { ask } = await compressed()
        await ask('/', { headers: { 'Accept-Encoding': 'gzip' } })
        const head = await ask('/', { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } })
        expect(head.status).to.equal(200)
        expect(said(head)).to.equal('hit')
        expect(head.wire).to.match(/\r\n\r\n$/)
      })
    })
  }
}

function expectReadable(answer: Answer, accepted: string): void {
  const coding = answer.header('content-encoding')
  expect(clients[accepted]).to.include(coding === 'identity' ? undefined : coding)
  const { body } = answer
  const plain = coding === 'gzip' ? gunzipSync(body) : coding === 'br' ? brotliDecompressSync(body) : body
  expect(plain.toString()).to.equal(content)
  expect(answer.header('vary')?.toLowerCase()).to.include('accept-encoding')
  expect(answer.complete).to.equal(true)
}

function permutations(of: readonly string[]): string[][] {
  if (of.length === 0) return [[]]
  return of.flatMap(first => permutations(of.filter(each => each !== first)).map(rest => [first, ...rest]))
}
