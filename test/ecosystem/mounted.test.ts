// Every package, in front of the cache and behind it: pages that read nothing of it are stored, shared and refreshed.

import { expect } from 'chai'
import type { Framework } from '../doors/frameworks.ts'
import { serving } from '../doors/stage.ts'
import { expressPackages } from './express-packages.ts'
import { koaPackages } from './koa-packages.ts'
import { expectShared, expressFrameworks, isHit, koaFrameworks, openSite, type Packages, places } from './site.ts'

/** In the order in which applications have them; one session is enough. */
function together(packages: Packages): Packages {
  const order = Object.entries(packages).filter(([name]) => name !== 'cookie-session')
  return { ...packages, 'all of them together': (app, log) => order.flatMap(([, layers]) => layers(app, log)) }
}

for (const framework of expressFrameworks) describeMounted(framework, together(expressPackages))
for (const framework of koaFrameworks) describeMounted(framework, together(koaPackages))

function describeMounted(framework: Framework, packages: Packages): void {
  describe(`${framework.name}: merely mounted`, () => {
    const serve = serving()
    for (const [name, layers] of Object.entries(packages)) {
      for (const place of places) {
        it(`${name}, ${place} the cache, prevents nothing`, async () => {
          const site = await openSite(serve, framework, { layers, place })
          const hit = await expectShared(site, '/quiet')
          expect(hit.header('set-cookie')).to.equal(undefined)

          const { stale, outcome } = await site.refresh('/quiet')
          expect(stale.header('x-run')).to.equal('1')
          expect(outcome).to.equal('stored')
          const fresh = await site.ask('/quiet')
          expect(isHit(fresh), fresh.wire).to.equal(true)
          expect(fresh.header('x-run')).to.equal('2')
          expect(fresh.body.equals(hit.body)).to.equal(true)
          expect(fresh.header('set-cookie')).to.equal(undefined)
        })
      }
    }
  })
}
