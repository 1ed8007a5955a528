// Every way in which an Express handler can answer goes out of the fast server as it goes out of Node's, byte for byte.

import { expect } from 'chai'
import type { RequestHandler } from 'express'
import { expressWays, prepareExpress } from '../doors/express-answers.ts'
import { ask } from '../support/http.ts'
import { onBoth, portOf, versions, wireOf } from './both.ts'

for (const { name, express } of versions) {
  describe(`${name} on the fast server: every way to answer`, () => {
    const start = onBoth()

    for (const way of expressWays) {
      if (way.only !== undefined && way.only !== name) continue
      it(`${way.title}: the same bytes`, async () => {
        const { node, fast } = await start(() => {
          const app = express()
          app.set('env', 'test')
          prepareExpress(app as never)
          app.use(way.handler as RequestHandler)
          return app
        })
        for (const method of ['GET', 'HEAD', 'POST']) {
          const asked = { ...way.ask, method }
          const [onNode, onFast] = [await ask(portOf(node), '/', asked), await ask(portOf(fast), '/', asked)]
          expect(wireOf(onFast), method).to.equal(wireOf(onNode))
          expect(onFast.complete).to.equal(onNode.complete)
        }
      })
    }
  })
}
