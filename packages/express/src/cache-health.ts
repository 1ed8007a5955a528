// Liveness, readiness, start-up and detail of a cache and what stands beside it, for whoever watches over the process.

import { appCacheOf, type Cache, type CacheHealthOptions, createCacheHealth } from '@larder/core/door'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { rootApp } from './exchange.ts'

/**
 * `GET /` the detail, `GET /live`, `GET /ready` and `GET /startup` the verdicts, below the path it is mounted at. It answers from memory
 * alone and tells no key, tag, URL or host.
 *
 * @throws LarderError for an option that cannot be meant.
 */
export function cacheHealth(options: CacheHealthOptions = {}): RequestHandler {
  const health = createCacheHealth(options)
  return function cacheHealth(req: Request, res: Response, next: NextFunction): void {
    const cache: Cache = options.cache ?? appCacheOf(rootApp(req))
    const answer = health(req.method, req.path, cache)
    if (answer === undefined) return next()
    res.writeHead(answer.status, answer.headers as string[])
    res.end(req.method === 'HEAD' ? undefined : answer.body)
  }
}
