// No key, URL, value or password leaves in a span: what instrumentations wrote is looked through before any exporter sees it.

import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base'

/** Attributes that hold a URL or a part of one, by old and new conventions. */
const ofUrls = ['url.full', 'url.path', 'url.query', 'http.url', 'http.target']
const statements = ['db.query.text', 'db.statement']
/** ioredis's class for what the server says. Its text may hold arguments of the command. */
const redisErrors = new Set(['ReplyError'])

/** The first of the span processors. `paths`: leave the path of a URL, never its query. */
export function redacting(paths: boolean): SpanProcessor {
  return {
    onStart() {},
    onEnd(span) {
      redact(span, paths)
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  }
}

function redact(span: ReadableSpan, paths: boolean): void {
  const { attributes, events } = span
  for (const name of ofUrls) {
    const value = attributes[name]
    if (value === undefined) continue
    const path = paths && name !== 'url.query' ? withoutQuery(String(value)) : undefined
    if (path === undefined) delete attributes[name]
    else attributes[name] = path
  }
  const isRedis = attributes['db.system.name'] === 'redis' || attributes['db.system'] === 'redis'
  if (isRedis)
    for (const name of statements) if (attributes[name] !== undefined) attributes[name] = firstWord(attributes[name])
  let isRedisError = isRedis
  for (const { attributes: told } of events) {
    if (told === undefined || !(isRedis || redisErrors.has(String(told['exception.type'])))) continue
    isRedisError = true
    withoutText(told)
  }
  const { status } = span as { readonly status: { message?: string } }
  if (isRedisError && status.message !== undefined) status.message = errorCode(status.message)
}

function withoutText(told: Attributes): void {
  delete told['exception.stacktrace']
  if (told['exception.message'] !== undefined) told['exception.message'] = errorCode(String(told['exception.message']))
}

/** Credentials stand before the host. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//')
}

function firstWord(value: unknown): string {
  return /^\S*/.exec(String(value))![0]
}

/** Redis begins its errors with a code: `WRONGTYPE`, `OOM`, `NOAUTH`. */
function errorCode(text: string): string {
  return /^[A-Z]+\b/.exec(text)?.[0] ?? 'error'
}
