// res.render reads all of res.locals, so what layers in front of the cache left there counts for every page that is rendered.

import { expect } from 'chai'
import { prepareExpress } from '../doors/express-answers.ts'
import { serving } from '../doors/stage.ts'
import { expectShared, express, expressFrameworks, on, openSite, type Place, saidOf } from './site.ts'

for (const framework of expressFrameworks) {
  describe(`${framework.name}: res.render`, () => {
    const serve = serving()
    const page = on(
      framework,
      'GET',
      '/page',
      express((_req, res) => {
        res.set('X-Run', '1').render('page', { title: 'Title', text: 'for everybody' })
      }),
    )
    /** A layer that leaves something for its views, as flash messages and CSRF tokens are left. */
    const leaving = express((_req, res, next) => {
      res.locals['flash'] = 'Welcome'
      next()
    })
    const open = (place: Place, leaves: boolean, trust: string[] = []) =>
      openSite(serve, framework, {
        layers: app => {
          prepareExpress(app.native)
          return leaves ? [leaving] : []
        },
        place,
        route: { trust },
        rest: [page],
      })

    it('a view is stored where no layer in front of the cache left anything for it', async () => {
      for (const site of [await open('before', false), await open('after', true)]) {
        expect(saidOf(await site.ask('/page'))).to.equal('fwd=uri-miss; stored')
        expect(saidOf(await site.ask('/page'))).to.equal('hit')
      }
    })

    it('it is not where one did, until the route vouches for it', async () => {
      const site = await open('before', true)
      for (let turn = 0; turn < 2; turn++) {
        expect(saidOf(await site.ask('/page'))).to.equal('fwd=uri-miss; detail=read-locals.flash')
      }
      const trusting = await open('before', true, ['locals.flash'])
      expect(saidOf(await trusting.ask('/page'))).to.equal('fwd=uri-miss; stored')
      expect((await trusting.ask('/page')).text).to.include('for everybody')
      await expectShared(trusting, '/quiet')
    })
  })
}
