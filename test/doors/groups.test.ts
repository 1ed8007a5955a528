// RFC 9875 — Cache groups, from a handler: responses name their groups, and an unsafe request names those that it makes untrue.

import { expect } from 'chai'
import { frameworks } from './frameworks.ts'
import { said, serving, stage } from './stage.ts'

for (const framework of frameworks) {
  describe(`${framework.name}: cache groups`, () => {
    const serve = serving()

    it('what shares a group goes together, and nothing else does', async () => {
      let answer: Record<string, string> = {}
      const { ask } = await stage(serve, framework, () => ({ headers: answer, body: 'x' }))
      for (const [path, groups] of Object.entries({ '/a': '"news", "home"', '/b': '"news"', '/c': '"other"' })) {
        answer = { 'Cache-Groups': groups }
        expect(said(await ask(path)), path).to.equal('fwd=uri-miss; stored')
      }
      answer = { 'Cache-Group-Invalidation': '"news"' }
      await ask('/else')
      expect(said(await ask('/a')), 'a safe request invalidates nothing').to.equal('hit')
      await ask('/else', { method: 'POST' })
      answer = { 'Cache-Groups': '"news"' }
      const after = []
      for (const path of ['/a', '/b', '/c']) after.push(said(await ask(path)))
      expect(after).to.deep.equal([
        'fwd=uri-miss; stored; detail=invalidated',
        'fwd=uri-miss; stored; detail=invalidated',
        'hit',
      ])
    })
  })
}
