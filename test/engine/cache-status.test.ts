// Every word that `Cache-Status: …; detail=` can say is reached, and every word that is reached is documented.

import { readFileSync } from 'node:fs'
import { request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { BypassReason, Mode, RefusalReason, StaleReason, TimeoutReason, UnfilledReason } from '@larder/core'
import { type Cache, createCache, type ExpressResponseCacheOptions, responseCache } from '@larder/express'
import { expect } from 'chai'
import express, { type Request, type Response } from 'express'
import { root } from '../../scripts/setup.mjs'

type Word = BypassReason | RefusalReason | StaleReason | UnfilledReason | TimeoutReason
/** Said by events alone: the head is out by then, or the request never asks for it. */
type Unsaid = 'thrown' | 'destroyed' | 'aborted' | 'truncated' | 'called-off' | 'method'
type Said = Exclude<Word, Unsaid | `read-${string}`> | 'read-only' | 'read-cookie' | 'read-user' | 'read-ip'

interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
  /** Done before it is asked. */
  readonly first?: (world: World) => unknown
}

interface World {
  readonly cache: Cache
  mode: Mode
  now: number
  /** The handler's answers from now on. */
  handler: (req: Request, res: Response) => unknown
}

/** What the route says, how its handler answers, and what is asked; the last answer says the word. */
interface Scene {
  readonly options?: ExpressResponseCacheOptions
  readonly handler?: World['handler']
  readonly ask?: readonly Ask[]
}

const says =
  (fields: Readonly<Record<string, string>>, status = 200) =>
  (_req: Request, res: Response) =>
    res.status(status).set(fields).end('body')
const control = (value: string): Scene => ({ handler: says({ 'Cache-Control': value }) })
const fail = (_req: Request, res: Response) => res.status(500).end()
const wait = (ms: number) => (world: World) => {
  world.now += ms
}
const turn = (mode: Mode) => (world: World) => {
  world.mode = mode
}
/** Stale by now, and from now on another handler. */
const then = (handler: World['handler']) => (world: World) => {
  world.now += 2000
  world.handler = handler
}

const scenes: Readonly<Record<Said, Scene>> = {
  target: { ask: [{ path: '/x/../page' }] },
  host: { ask: [{ headers: { Host: 'a@evil' } }] },
  body: { ask: [{ body: 'x=1', headers: { 'Content-Length': '3' } }] },
  override: { ask: [{ headers: { 'X-HTTP-Method-Override': 'PUT' } }] },
  upgrade: { ask: [{ headers: { Connection: 'upgrade', Upgrade: 'other' } }] },
  flag: { ask: [{ first: turn('bypass') }] },
  skip: { options: { skip: () => true } },
  methods: { options: { methods: ['GET'] }, ask: [{ method: 'HEAD' }] },
  'function-failed': { options: { key: () => Promise.reject(new Error('no key')) } },
  credentials: { ask: [{ headers: { Cookie: 'sid=1' } }] },
  status: { handler: says({}, 418) },
  'content-range': { handler: says({ 'Content-Range': 'bytes 0-3/4' }) },
  malformed: control('max-age=60, "'),
  'no-store': control('no-store'),
  'request-no-store': { options: { clientDirectives: 'obey' }, ask: [{ headers: { 'Cache-Control': 'no-store' } }] },
  private: control('private'),
  'no-cache': control('no-cache'),
  'set-cookie': { handler: says({ 'Set-Cookie': 'a=b' }) },
  authorization: { ask: [{ headers: { Authorization: 'Bearer x' } }] },
  'vary-star': { handler: says({ Vary: '*' }) },
  'vary-credentials': { handler: says({ Vary: 'Cookie' }) },
  'event-stream': { handler: says({ 'Content-Type': 'text/event-stream' }) },
  'no-freshness': { options: { ttl: 0 } },
  'read-only': { ask: [{ first: turn('read-only') }] },
  'stale-only': { ask: [{ first: turn('stale-only') }] },
  'too-large': { options: { maxBodyBytes: 3 }, handler: says({ 'Content-Length': '4' }) },
  tags: { options: { tags: () => Array.from({ length: 65 }, (_, i) => `tag:${i}`) } },
  variants: {
    options: { maxVariants: 1, vary: ['X-Kind'] },
    ask: [{ headers: { 'X-Kind': 'a' } }, { headers: { 'X-Kind': 'b' } }],
  },
  'read-cookie': { handler: (req, res) => res.end(req.headers.cookie ?? 'none') },
  'read-user': { handler: (req, res) => res.end(String((req as { user?: unknown }).user)) },
  'read-ip': { handler: (req, res) => res.end(req.ip) },
  'not-validated': {
    handler: says({ ETag: '"a"', 'Cache-Control': 'max-age=1' }),
    ask: [{}, { first: then(says({ ETag: '"b"' }, 304)) }],
  },
  'fill-timeout': {
    options: { fillTimeout: '10ms' },
    handler: (_req, res) => setTimeout(() => res.end('late'), 40),
  },
  'stale-allowed': {
    options: { ttl: 1, clientDirectives: 'obey' },
    ask: [{}, { first: wait(2000), headers: { 'Cache-Control': 'max-stale' } }],
  },
  'stale-if-error': {
    options: { ttl: 1, staleIfError: 60 },
    ask: [{}, { first: then(fail) }],
  },
  'stale-while-revalidate': { options: { ttl: 1, staleWhileRevalidate: 60 }, ask: [{}, { first: wait(2000) }] },
  'soft-timeout': {
    options: { ttl: 1, staleIfError: 60, softTimeout: '10ms' },
    ask: [{}, { first: then((_req, res) => setTimeout(() => res.end(), 40)) }],
  },
  invalidated: { options: { ttl: 60, tags: ['a'] }, ask: [{}, { first: world => world.cache.invalidateTags(['a']) }] },
  head: { ask: [{ method: 'HEAD' }] },
  range: { ask: [{ headers: { Range: 'bytes=0-1' } }] },
  'only-if-cached': {
    options: { clientDirectives: 'obey' },
    ask: [{ headers: { 'Cache-Control': 'only-if-cached' } }],
  },
  disconnected: {
    options: { preset: 'rfc9111' },
    handler: says({ 'Cache-Control': 'max-age=1, must-revalidate' }),
    ask: [{}, { first: then((_req, res) => res.destroy()) }],
  },
}

describe('Cache-Status', () => {
  for (const [word, scene] of Object.entries(scenes)) {
    it(`says detail=${word}`, async () => {
      expect(detailOf(await play(scene))).to.equal(word)
    })
  }

  it('is documented word by word, and no word is documented that is never said', () => {
    const page = readFileSync(join(root, 'docs/cache-status.md'), 'utf8')
    const rows = page.split('\n').filter(line => line.startsWith('| `'))
    const documented = rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!))
    const said = Object.keys(scenes).map(word => (word.startsWith('read-') && word !== 'read-only' ? 'read-…' : word))
    expect([...new Set(documented)].sort()).to.deep.equal([...new Set(said)].sort())
  })

  it('never tells the key', async () => {
    for (const scene of Object.values(scenes)) expect(await play(scene)).not.to.match(/key|page/)
  })
})

function detailOf(cacheStatus: string): string | undefined {
  return /; detail=([^;,]+)/.exec(cacheStatus)?.[1]
}

/** The Cache-Status of the last answer. */
async function play({ options, handler = says({}), ask = [{}] }: Scene): Promise<string> {
  const world: World = {
    cache: createCache({ now: () => world.now, flags: { mode: () => world.mode } }),
    mode: 'on',
    now: 1_800_000_000_000,
    handler,
  }
  const app = express().set('etag', false)
  app.use(responseCache({ ttl: 60, cache: world.cache, ...options }), (req, res) => void world.handler(req, res))
  const server = app.listen(0)
  try {
    let said = ''
    for (const each of ask) {
      await each.first?.(world)
      said = await send(server, each)
    }
    return said
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function send(server: Server, { method = 'GET', path = '/page', headers, body }: Ask): Promise<string> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, method, path, headers: { ...headers } }, response => {
      response.resume()
      resolve(String(response.headers['cache-status']))
    })
    request.on('error', reject)
    request.end(body)
  })
}
