// A hit from memory of a response of 1 KB beside raw node:http, the frameworks without a cache, other caches, and proxies.

import { createServer as createNodeServer } from 'node:http'
import { createServer } from '@larder/express'
import type { RequestHandler } from 'express'
import { contest } from './contest.ts'
import {
  bentocacheName,
  cacheManagerName,
  expressEmpty,
  expressName,
  fastName,
  koaJson,
  koaName,
  rawName,
} from './names.ts'
import { createOrigin } from './origin.ts'
import { bareKoa, expressApp, koa, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import { nginx, varnish } from './proxies.ts'

const { body, headers } = createOrigin()
const sent = ['ETag', '"bench"', 'Date', new Date().toUTCString(), 'Age', '1', 'Cache-Status', 'larder; hit; ttl=3599']
const all = [...headers, ...sent]
/** All that a hit sends, by a handler that knows it beforehand: what a hit costs more is the cache. */
const same: RequestHandler = (_req, res) => void res.writeHead(200, all).end(body)
const empty: RequestHandler = (_req, res) => void res.end()

await contest({
  name: 'hit',
  title: 'A hit from memory, 1 KB',
  about: 'Every cache holds the response; every handler would answer the same JSON.',
  file: import.meta.filename,
  courses: {
    [rawName]: () => raw(),
    [fastName]: () => larderExpress(),
    [expressName]: () => larderExpress({ server: 'plain' }),
    [koaName]: () => larderKoa(),
    'Larder, Koa behind a layer': () => larderKoa({ outer: [(_ctx, next) => next()] }),
    'Express on the fast server, empty handler': () => ({ server: createServer(expressApp(empty)) }),
    'Express on the fast server, handler that sends the same': () => ({ server: createServer(expressApp(same)) }),
    [expressEmpty]: () => ({ server: createNodeServer(expressApp(empty)) }),
    'Express, handler that sends the same': () => ({ server: createNodeServer(expressApp(same)) }),
    'Koa, empty handler': () =>
      koa(ctx => {
        ctx.body = {}
      }),
    [koaJson]: () => bareKoa(),
    'Fastify, Buffer': peer('fastify', { isCache: false }),
    'Fastify, JSON by a schema': peer('fastify', { isCache: false, with: 'schema' }),
    'koa-cash': peer('koa-cash'),
    apicache: peer('apicache'),
    'route-cache': peer('route-cache'),
    'express-expeditious': peer('express-expeditious'),
    [cacheManagerName]: peer('cache-manager'),
    [bentocacheName]: peer('bentocache'),
    'nginx, proxy_cache': nginx(),
    Varnish: varnish(),
  },
  against: {
    '× Express, empty': course => (/Express/.test(course) ? expressEmpty : undefined),
    '× Koa, JSON': course => (/Koa/.test(course) ? koaJson : undefined),
  },
})
