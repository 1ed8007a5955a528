// compression and koa-compress: in front of the cache they encode hits, behind it each coding is stored once.

import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type Framework, frameworks } from '../doors/frameworks.ts'
import { serving } from '../doors/stage.ts'
import type { Answer, AskOptions } from '../support/http.ts'
import { expressPackages } from './express-packages.ts'
import { koaPackages } from './koa-packages.ts'
import { type Layers, openSite, saidOf } from './site.ts'

const layersOf = (framework: Framework): Layers =>
  framework.family === 'express' ? expressPackages['compression']! : koaPackages['koa-compress']!

const accepting = (coding: string): AskOptions => ({ headers: { 'Accept-Encoding': coding } })
const text = `for everybody ${'.'.repeat(2000)}`

function decoded(answer: Answer): string {
  const coding = answer.header('content-encoding')
  if (coding === undefined) return answer.text
  return (coding === 'br' ? brotliDecompressSync(answer.body) : gunzipSync(answer.body)).toString()
}

/** What to ask for, and the coding that comes. */
const codings = [
  ['gzip', 'gzip'],
  ['br', 'br'],
  ['identity', undefined],
] as const

for (const framework of frameworks) {
  describe(`${framework.name}: ${framework.family === 'express' ? 'compression' : 'koa-compress'}`, () => {
    const serve = serving()

    for (const [place, runs] of [
      ['before', 1],
      ['after', codings.length],
    ] as const) {
      it(`${place} the cache: everybody gets a coding that he knows, from ${runs} run${runs === 1 ? '' : 's'}`, async () => {
        const site = await openSite(serve, framework, { layers: layersOf(framework), place })
        for (const turn of ['fill', 'hit']) {
          for (const [asked, coding] of codings) {
            const answer = await site.ask('/quiet', accepting(asked))
            expect(answer.header('content-encoding'), asked).to.equal(coding)
            expect(decoded(answer), asked).to.equal(text)
            expect(answer.header('vary')).to.match(/\bAccept-Encoding\b/i)
            if (turn === 'hit') expect(saidOf(answer), asked).to.equal('hit')
          }
        }
        expect(site.runs()).to.equal(runs)
      })

      it(`${place} the cache: a refresh behind a stale response keeps its coding`, async () => {
        const site = await openSite(serve, framework, { layers: layersOf(framework), place })
        await site.ask('/quiet', accepting('gzip'))
        const { stale, outcome } = await site.refresh('/quiet', accepting('gzip'))
        expect([decoded(stale), outcome]).to.deep.equal([text, 'stored'])
        const fresh = await site.ask('/quiet', accepting('gzip'))
        expect([saidOf(fresh), fresh.header('x-run'), fresh.header('content-encoding')]).to.deep.equal([
          'hit',
          '2',
          'gzip',
        ])
        expect(decoded(fresh)).to.equal(text)
        const plain = await site.ask('/quiet', accepting('identity'))
        expect([plain.header('content-encoding'), plain.text]).to.deep.equal([undefined, text])
      })
    }
  })
}
