// A handler that forwards to an origin: it streams, passes 304 and 206 through, and breaks off when the origin does.

import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { pipeline } from 'node:stream'
import type { RequestHandler } from 'express'
import type { Middleware } from 'koa'

export function expressProxy(originPort: number): RequestHandler {
  return function proxy(req, res) {
    forward(originPort, req).then(
      upstream => {
        res.writeHead(upstream.statusCode!, endToEndLines(upstream))
        pipeline(upstream, res, () => {})
      },
      () => res.destroy(),
    )
  }
}

export function koaProxy(originPort: number): Middleware {
  return async function proxy(ctx) {
    const upstream = await forward(originPort, ctx.req)
    ctx.body = upstream
    ctx.status = upstream.statusCode!
    ctx.remove('Content-Type')
    const lines = endToEndLines(upstream)
    for (let i = 0; i < lines.length; i += 2) ctx.append(lines[i]!, lines[i + 1]!)
  }
}

/** `req.headers` is the request as the handler is to see it: the cache has put its own conditions there. */
function forward(port: number, req: IncomingMessage): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = endToEnd(req.headers)
    const upstream = request({ host: '127.0.0.1', port, method: req.method!, path: req.url!, headers, agent: false })
    upstream.setTimeout(10_000, () => upstream.destroy(new Error('the origin is silent')))
    upstream.once('response', resolve)
    upstream.once('error', reject)
    req.pipe(upstream)
  })
}

const hopByHop = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

function isEndToEnd(name: string, connection: string | undefined): boolean {
  if (hopByHop.has(name) || name.startsWith('proxy-')) return false
  const options = connection?.toLowerCase().split(',') ?? []
  return !options.some(option => option.trim() === name)
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isEndToEnd(name, headers.connection)))
}

function endToEndLines({ headers, rawHeaders }: IncomingMessage): string[] {
  const lines: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (isEndToEnd(rawHeaders[i]!.toLowerCase(), headers.connection)) lines.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  }
  return lines
}
