// Link Up Buddy on Express: every route, with the cache in front of those that read.

import { cacheHealth, createServer, responseCache, traceErrors, tracing } from '@larder/express'
import {
  answerForError,
  buddyPage,
  errorPage,
  eventPage,
  eventsPage,
  freshness,
  homePage,
  pageHeaders,
  Refusal,
  serve,
} from '@larder-examples/link-up-buddy'
import express, { type NextFunction, type Request, type Response } from 'express'
import { pino } from 'pino'

/** `X-Run` counts the runs of handlers. */
let runs = 0

const logger = pino(pino.destination({ sync: true }))

await serve({ name: 'express', logger }, ({ cache, health, metrics, buddies, sessions, purge }) => {
  const app = express()
  app.disable('x-powered-by')
  app.use(tracing())
  app.use('/health', cacheHealth({ cache, checks: health }))
  app.get('/metrics', metrics)

  const lists = responseCache({ cache, ...freshness.lists })
  const event = responseCache({ cache, ...freshness.event })
  const buddy = responseCache({ cache, ...freshness.buddy })

  app.get('/events', lists, async (req, res) => {
    answer(res, await buddies.events(req.query))
  })
  app.get('/events/:id', event, async (req, res) => {
    answer(res, await buddies.event(req.params))
  })
  app.get('/buddies/:id', buddy, async (req, res) => {
    answer(res, await buddies.buddy(req.params))
  })
  app.get('/search', responseCache({ cache, ...freshness.searches }), async (req, res) => {
    answer(res, await buddies.search(req.query))
  })

  app.get('/', responseCache({ cache, ...freshness.home }), (_req, res) => {
    answerPage(res, homePage('Express'))
  })
  app.get('/pages/events', lists, async (req, res) => {
    answerPage(res, eventsPage(await buddies.events(req.query), req.query.near))
  })
  app.get('/pages/events/:id', event, async (req, res) => {
    answerPage(res, eventPage(await buddies.event(req.params)))
  })
  app.get('/pages/buddies/:id', buddy, async (req, res) => {
    answerPage(res, buddyPage(await buddies.buddy(req.params)))
  })

  app.get('/me', responseCache({ cache, ...freshness.mine }), async (req, res) => {
    const id = sessions.signedIn(req.headers.cookie)
    if (id === undefined) throw new Refusal(401, 'nobody is signed in: POST /sign-in with {"buddyId": 7} first')
    answer(res, await buddies.buddy({ id: String(id) }))
  })

  const json = express.json({ limit: '16kb' })
  app.post('/sign-in', json, async (req, res) => {
    const buddy = await buddies.signIn(req.body)
    res.set('Set-Cookie', sessions.signIn(buddy.id))
    answer(res, { signedIn: { id: buddy.id, name: buddy.name } })
  })

  // The answer to a write goes out when what it changed is purged, so whoever reads it reads the new state next.
  app.post('/events', json, async (req, res) => {
    const { event, changed } = await buddies.addEvent(req.body)
    await purge(changed)
    res.status(201).location(`/events/${event.id}`)
    answer(res, event)
  })
  app.patch('/events/:id', json, async (req, res) => {
    const { event, changed } = await buddies.changeEvent(req.params, req.body)
    await purge(changed)
    answer(res, event)
  })

  app.use(() => {
    throw new Refusal(404, 'there is no such route')
  })
  app.use(traceErrors())
  app.use(answerError)

  // The fast server of @larder/express: Express's own cost mostly goes.
  return createServer(app)
})

/** A hit repeats the number of the run that made it. */
function answer(res: Response, body: object): void {
  res.set('X-Run', String(++runs)).json(body)
}

function answerPage(res: Response, page: string): void {
  res.set('X-Run', String(++runs)).set(pageHeaders).send(page)
}

/** Express knows an error handler by its four parameters. */
function answerError(error: unknown, req: Request, res: Response, _next: NextFunction): void {
  const answer = answerForError(error)
  res.status(answer.status).set('Cache-Control', 'no-store')
  if (req.path.startsWith('/pages/')) res.set(pageHeaders).send(errorPage(answer))
  else res.json(answer.body)
}
