// Link Up Buddy on Koa: every route, with the cache in front of those that read.

import { createServer } from 'node:http'
import { Router } from '@koa/router'
import { cacheHealth, responseCache, tracing } from '@larder/koa'
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
import Koa, { type Context, type Middleware } from 'koa'
import { readJson } from './read-json.ts'

/** `X-Run` counts the runs of handlers. */
let runs = 0

await serve({ name: 'koa', logger: console }, ({ cache, health, metrics, buddies, sessions, purge }) => {
  const app = new Koa()
  const router = new Router()
  app.use(tracing())
  app.use(cacheHealth({ cache, checks: health }))
  app.use(answerErrors)

  const lists = responseCache({ cache, ...freshness.lists })
  const event = responseCache({ cache, ...freshness.event })
  const buddy = responseCache({ cache, ...freshness.buddy })

  router.get('/metrics', metrics)
  router.get('/events', lists, async ctx => {
    answer(ctx, await buddies.events(ctx.query))
  })
  router.get('/events/:id', event, async ctx => {
    answer(ctx, await buddies.event(ctx.params))
  })
  router.get('/buddies/:id', buddy, async ctx => {
    answer(ctx, await buddies.buddy(ctx.params))
  })
  router.get('/search', responseCache({ cache, ...freshness.searches }), async ctx => {
    answer(ctx, await buddies.search(ctx.query))
  })

  router.get('/', responseCache({ cache, ...freshness.home }), ctx => {
    answerPage(ctx, homePage('Koa'))
  })
  router.get('/pages/events', lists, async ctx => {
    answerPage(ctx, eventsPage(await buddies.events(ctx.query), ctx.query.near))
  })
  router.get('/pages/events/:id', event, async ctx => {
    answerPage(ctx, eventPage(await buddies.event(ctx.params)))
  })
  router.get('/pages/buddies/:id', buddy, async ctx => {
    answerPage(ctx, buddyPage(await buddies.buddy(ctx.params)))
  })

  router.get('/me', responseCache({ cache, ...freshness.mine }), async ctx => {
    const id = sessions.signedIn(ctx.get('cookie'))
    if (id === undefined) throw new Refusal(401, 'nobody is signed in: POST /sign-in with {"buddyId": 7} first')
    answer(ctx, await buddies.buddy({ id: String(id) }))
  })
  router.post('/sign-in', async ctx => {
    const buddy = await buddies.signIn(await readJson(ctx))
    ctx.set('Set-Cookie', sessions.signIn(buddy.id))
    answer(ctx, { signedIn: { id: buddy.id, name: buddy.name } })
  })

  // The answer to a write goes out when what it changed is purged, so whoever reads it reads the new state next.
  router.post('/events', async ctx => {
    const { event, changed } = await buddies.addEvent(await readJson(ctx))
    await purge(changed)
    ctx.status = 201
    ctx.set('Location', `/events/${event.id}`)
    answer(ctx, event)
  })
  router.patch('/events/:id', async ctx => {
    const { event, changed } = await buddies.changeEvent(ctx.params, await readJson(ctx))
    await purge(changed)
    answer(ctx, event)
  })

  app.use(router.routes())
  app.use(() => {
    throw new Refusal(404, 'there is no such route')
  })

  return createServer(app.callback())
})

/** A hit repeats the number of the run that made it. */
function answer(ctx: Context, body: object): void {
  ctx.set('X-Run', String(++runs))
  ctx.body = body
}

function answerPage(ctx: Context, page: string): void {
  ctx.set({ ...pageHeaders, 'X-Run': String(++runs) })
  ctx.body = page
}

async function answerErrors(...[ctx, next]: Parameters<Middleware>): Promise<void> {
  try {
    await next()
  } catch (error) {
    const answer = answerForError(error)
    ctx.status = answer.status
    ctx.set('Cache-Control', 'no-store')
    if (ctx.path.startsWith('/pages/')) {
      ctx.set(pageHeaders)
      ctx.body = errorPage(answer)
    } else ctx.body = answer.body
  }
}
