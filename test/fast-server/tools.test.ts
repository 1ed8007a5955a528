// What is used with Express servers, on the fast one: supertest and WebSocket servers.

import { once } from 'node:events'
import { createServer as createNodeServer, ServerResponse } from 'node:http'
import { createServer } from '@larder/express'
import { expect } from 'chai'
import supertest from 'supertest'
import { WebSocket, WebSocketServer } from 'ws'
import { onBoth, portOf, versions } from './both.ts'

for (const { name, express } of versions) {
  describe(`${name} on the fast server: supertest`, () => {
    const make = () => {
      const app = express()
      app.set('env', 'test')
      app.post('/users', express.json(), (req, res) => {
        res
          .status(201)
          .cookie('id', '7')
          .json({ name: (req.body as { name: string }).name, by: req.get('user-agent') })
      })
      return app
    }

    it('asks it as it asks the app itself, before it listens', async () => {
      const answers = []
      for (const subject of [make(), createNodeServer(make()), createServer(make())]) {
        const { status, body, headers, text } = await supertest(subject)
          .post('/users')
          .set('User-Agent', 'supertest')
          .send({ name: 'Ann' })
          .expect(201)
          .expect('Content-Type', /json/)
          .expect('Set-Cookie', 'id=7; Path=/')
        const { date: _, ...fields } = headers
        answers.push({ status, body, fields, text })
      }
      expect(answers[2]).to.deep.equal(answers[1])
      expect(answers[2]).to.deep.equal(answers[0])
      expect(answers[2]?.body).to.deep.equal({ name: 'Ann', by: 'supertest' })
    })

    it('has an agent that keeps cookies', async () => {
      const app = make()
      app.get('/me', (req, res) => void res.send(`cookie ${req.headers.cookie}`))
      const agent = supertest.agent(createServer(app))
      await agent.post('/users').send({ name: 'Ann' }).expect(201)
      await agent.get('/me').expect(200, 'cookie id=7')
    })
  })

  describe(`${name} on the fast server: WebSockets`, () => {
    const start = onBoth()

    it('are served beside the app, by a server attached to it', async () => {
      const sides = await start(() => express().get('/', (_req, res) => void res.send('page')))
      for (const server of [sides.node, sides.fast]) {
        const sockets = new WebSocketServer({ server, path: '/chat' })
        sockets.on('connection', (socket, req) => {
          socket.on('message', message => socket.send(`${req.url} ${req.headers['x-user']} ${message}`))
        })
        const client = new WebSocket(`ws://127.0.0.1:${portOf(server)}/chat?room=1`, { headers: { 'X-User': 'ann' } })
        await once(client, 'open')
        client.send('hello')
        const [answer] = await once(client, 'message')
        expect(String(answer)).to.equal('/chat?room=1 ann hello')
        await supertest(server).get('/').expect(200, 'page')
        client.close()
        await once(client, 'close')
        sockets.close()
      }
    })

    it('may have their requests handed to the app, as express-ws does', async () => {
      const sides = await start(() => {
        const app = express()
        app.get('/chat', (req, _res, next) => {
          const { ws } = req as unknown as { ws?: WebSocket }
          if (ws === undefined) return next()
          ws.send(`${req.query['room']} ${req.get('X-User')} ${req.path}`)
        })
        return app
      })
      for (const server of [sides.node, sides.fast]) {
        const sockets = new WebSocketServer({ server })
        const listener = server.listeners('request')[0] as (req: object, res: object) => void
        sockets.on('connection', (ws, req) => {
          Object.assign(req, { ws })
          listener(req, new ServerResponse(req))
        })
        const client = new WebSocket(`ws://127.0.0.1:${portOf(server)}/chat?room=1`, { headers: { 'X-User': 'ann' } })
        const [answer] = await once(client, 'message')
        expect(String(answer)).to.equal('1 ann /chat')
        client.close()
        await once(client, 'close')
        sockets.close()
      }
    })
  })
}
