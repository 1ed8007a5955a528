// The app's own prototypes: there from the start, extended and replaced by users, left for a sub-app's and restored.

import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import { createServer } from '@larder/express'
import { expect } from 'chai'
import type { Request, Response } from 'express'
import { ask } from '../support/http.ts'
import { type Application, onBoth, portOf, versions } from './both.ts'

/** Who the prototypes of a request and its response are. */
const isBornFor = (app: Application, req: object, res: object) =>
  Object.getPrototypeOf(req) === app.request && Object.getPrototypeOf(res) === app.response

for (const { name, express } of versions) {
  describe(`${name} on the fast server: the prototypes of the app`, () => {
    const start = onBoth()
    const bothSay = async (make: () => Application, target = '/') => {
      const { node, fast } = await start(make)
      const [onNode, onFast] = [(await ask(portOf(node), target)).text, (await ask(portOf(fast), target)).text]
      expect(onFast).to.equal(onNode)
      return onFast
    }

    it('are those of a request and its response before Express has seen them, so that it changes nothing', async () => {
      let fastApp: Application | undefined
      const { node, fast } = await start(() => {
        fastApp = express()
        return fastApp.get('/', (_req, res) => void res.send('ok'))
      })
      const born: boolean[] = []
      const look = (req: IncomingMessage, res: ServerResponse) => born.push(isBornFor(fastApp!, req, res))
      for (const server of [node, fast]) {
        server.prependListener('request', look)
        await ask(portOf(server), '/')
      }
      expect(born).to.deep.equal([false, true])
    })

    it('stay the same objects from the first layer to the last', async () => {
      const text = await bothSay(() => {
        const app = express()
        const seen: boolean[] = []
        const look = (req: Request, res: Response) => seen.push(isBornFor(app, req, res))
        app.use((req, res, next) => {
          look(req, res)
          next()
        })
        app.get('/', (req, res) => {
          look(req, res)
          res.send(JSON.stringify(seen))
        })
        return app
      })
      expect(text).to.equal('[true,true]')
    })

    it('may be extended before the server is made', async () => {
      const text = await bothSay(() => {
        const app = extended(express())
        return app.get('/', (req, res) => void res.send(said(req, res)))
      })
      expect(text).to.equal('GET of mine, shouted; a=1')
    })

    it('may be extended while it runs', async () => {
      const apps: Application[] = []
      const { node, fast } = await start(() => {
        const app = express()
        apps.push(app)
        return app.get('/', (req, res) => void res.send(said(req, res)))
      })
      for (const server of [node, fast]) expect((await ask(portOf(server), '/')).text).to.equal('nothing of mine')
      for (const app of apps) extended(app)
      for (const server of [node, fast]) {
        expect((await ask(portOf(server), '/')).text).to.equal('GET of mine, shouted; a=1')
      }
    })

    it('may have getters and methods of Express and Node replaced', async () => {
      const text = await bothSay(() => {
        const app = express()
        Object.defineProperty(app.request, 'ip', { get: () => 'somewhere', configurable: true })
        const { json } = app.response
        app.response.json = function (this: Response, body: unknown) {
          return json.call(this, { wrapped: body })
        }
        return app.get('/', (req, res) => void res.json(req.ip))
      })
      expect(text).to.equal('{"wrapped":"somewhere"}')
    })

    it('may be replaced while it runs, and requests are born with the new ones', async () => {
      const app = express()
      app.get('/', (req, res) => void res.send(said(req, res)))
      const server = await listening(createServer(app))
      try {
        const born: boolean[] = []
        server.prependListener('request', (req, res) => born.push(isBornFor(app, req, res)))
        await ask(portOf(server), '/')
        app.request = Object.create(app.request)
        app.response = Object.create(app.response)
        extended(app)
        const texts = [(await ask(portOf(server), '/')).text, (await ask(portOf(server), '/')).text]
        expect(texts).to.deep.equal(['GET of mine, shouted; a=1', 'GET of mine, shouted; a=1'])
        // The first one that finds them is changed by Express.
        expect(born).to.deep.equal([true, false, true])
      } finally {
        server.close()
      }
    })

    it("give way to a sub-app's in it, and are there again behind it", async () => {
      const text = await bothSay(() => {
        const app = extended(express())
        const shop = express()
        Object.assign(shop.request, { mine: 'the shop' })
        const seen: unknown[] = []
        shop.use((req, res, next) => {
          seen.push(isBornFor(shop, req, res), said(req, res))
          next()
        })
        app.use('/shop', shop)
        app.use((req, res) => {
          seen.push(isBornFor(app, req, res), said(req, res))
          res.send(seen.join('; '))
        })
        return app
      }, '/shop/')
      expect(text).to.equal('true; GET the shop, shouted; a=1; true; GET of mine, shouted; a=1')
    })

    it('are a sub-app’s where it was mounted after the server was made', async () => {
      const apps: Application[] = []
      const { node, fast } = await start(() => {
        apps.push(express())
        return apps.at(-1)!
      })
      for (const app of apps) {
        const shop = express()
        app.use('/shop', shop)
        extended(app)
        shop.get('/', (req, res) => void res.send(`${said(req, res)} ${isBornFor(shop, req, res)} ${req.baseUrl}`))
      }
      for (const server of [node, fast]) {
        expect((await ask(portOf(server), '/shop/')).text).to.equal('GET of mine, shouted; a=1 true /shop')
      }
    })

    it('serve an app that is mounted in another one too', async () => {
      const shop = express()
      shop.get('/', (req, res) => void res.send(`${isBornFor(shop, req, res)} ${req.baseUrl}`))
      const app = express().use('/shop', shop)
      const [alone, within] = [await listening(createServer(shop)), await listening(createServer(app))]
      try {
        expect((await ask(portOf(alone), '/')).text).to.equal('true ')
        expect((await ask(portOf(within), '/shop/')).text).to.equal('true /shop')
        expect((await ask(portOf(alone), '/')).text).to.equal('true ')
      } finally {
        alone.close()
        within.close()
      }
    })

    it('are what Express puts on messages of classes that the user gives', async () => {
      class OwnRequest extends IncomingMessage {
        readonly made = 'own request'
      }
      class OwnResponse extends ServerResponse {
        readonly made = 'own response'
      }
      const made = { IncomingMessage: OwnRequest, ServerResponse: OwnResponse } as object
      const { node, fast } = await start(() => {
        const app = express()
        app.get('/', (req, res) => {
          const of = (message: object) => (message as { made: string }).made
          res.send(`${of(req)}, ${of(res)}, ${req instanceof OwnRequest}, ${isBornFor(app, req, res)}`)
        })
        return app
      }, made)
      for (const server of [node, fast]) {
        expect((await ask(portOf(server), '/')).text).to.equal('own request, own response, false, true')
      }
    })
  })
}

function extended(app: Application): Application {
  Object.assign(app.request, { mine: 'of mine' })
  Object.assign(app.response, { shout: () => 'shouted' })
  Object.defineProperty(app.request, 'firstPair', {
    configurable: true,
    get(this: Request) {
      return `${this.method === 'GET' ? 'a' : 'b'}=1`
    },
  })
  return app
}

function said(req: Request, res: Response): string {
  const { mine, firstPair } = req as unknown as { mine?: string; firstPair?: string }
  const { shout } = res as unknown as { shout?: () => string }
  return mine === undefined ? 'nothing of mine' : `${req.method} ${mine}, ${shout?.()}; ${firstPair}`
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}
