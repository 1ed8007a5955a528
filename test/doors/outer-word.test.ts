// What a layer in front of the cache says of caching counts as if the handler had said it, unless the handler says otherwise.

import { expect } from 'chai'
import { type Fields, frameworks } from './frameworks.ts'
import { said, serving, stage } from './stage.ts'

const refused: readonly (readonly [Fields, string])[] = [
  [{ 'Cache-Control': 'no-store' }, 'no-store'],
  [{ 'Cache-Control': 'private, max-age=60' }, 'private'],
  [{ 'cache-control': ['max-age=60', 'no-store'] }, 'no-store'],
  [{ 'CDN-Cache-Control': 'no-store' }, 'no-store'],
]

for (const framework of frameworks) {
  describe(`${framework.name}: the word of layers in front of the cache`, () => {
    const serve = serving()

    for (const [fields, reason] of refused) {
      it(`${JSON.stringify(fields)} is never stored`, async () => {
        const { ask, runs } = await stage(serve, framework, () => ({ body: 'x' }), {
          before: [framework.setting(() => fields)],
        })
        for (const run of [1, 2]) {
          expect(said(await ask())).to.equal(`fwd=uri-miss; detail=${reason}`)
          expect(runs()).to.equal(run)
        }
      })
    }

    it('gives a lifetime, which goes out on hits too and is not stored with them', async () => {
      const { ask } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [framework.setting(() => ({ 'Cache-Control': 'max-age=7' }))],
      })
      const miss = await ask()
      expect(miss.header('cache-status')).to.include('ttl=7')
      const hit = await ask()
      expect(said(hit)).to.equal('hit')
      expect(hit.header('cache-control')).to.equal('max-age=7')
    })

    it('is set aside by the handler that says otherwise', async () => {
      const { ask } = await stage(serve, framework, () => ({ headers: { 'Cache-Control': 'max-age=60' }, body: 'x' }), {
        before: [framework.setting(() => ({ 'Cache-Control': 'no-store' }))],
      })
      expect(said(await ask())).to.equal('fwd=uri-miss; stored')
      const hit = await ask()
      expect(said(hit)).to.equal('hit')
      expect(hit.header('cache-control')).to.equal('max-age=60')
    })
  })
}
