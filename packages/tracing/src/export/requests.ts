// The requests of the vendors' exporters, seen from outside: they keep no process alive, end without another attempt when tracing is about
// to end, and break off when it is over.

import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { ExportResult } from '@opentelemetry/core'
import type { Ending } from './exporter.ts'

interface Exporting {
  export(items: unknown, done: (result: ExportResult) => void): void
}

/** What Node tells of a request that belongs to an exporter. */
interface Watch {
  started(request: ClientRequest): void
  failed(error: NodeJS.ErrnoException): void
  answered(response: IncomingMessage): void
}

export interface Requests {
  /** How many are on their way. */
  count(): number
  /** Run what sends: the requests that it makes, now or later, belong here. */
  send<T>(run: () => T): T
}

/** Longer than any export may take, in seconds. */
const NEVER = '86400'
const watching = new AsyncLocalStorage<Watch>()
let isSubscribed = false

/** The same exporter, its requests watched. */
export function watched<Exporter extends Exporting>(exporter: Exporter, ending: Ending): Exporter {
  const { send } = watchRequests(ending)
  const start: Exporting['export'] = exporter.export.bind(exporter)
  return Object.assign(exporter, {
    export: (items: unknown, done: (result: ExportResult) => void) => send(() => start(items, done)),
  })
}

/** @param onRequest called with each of them. */
export function watchRequests({ closing, ended }: Ending, onRequest?: (request: ClientRequest) => void): Requests {
  subscribeOnce()
  const requests = new Set<ClientRequest>()
  const breakOff = (request: ClientRequest): void => {
    request.destroy(new Error('The exporter was shut down.'))
  }
  ended.addEventListener('abort', () => requests.forEach(breakOff))

  const watch: Watch = {
    started(request) {
      requests.add(request)
      request.once('close', () => requests.delete(request))
      request.socket?.unref()
      onRequest?.(request)
      // An exporter that waited to try again, and knows nothing of the end: it fails for good, though it may have been sent by now.
      if (ended.aborted) breakOff(request)
    },
    // An exporter tries again by the code of an error, and when a refusal says, unless that is too late.
    failed(error) {
      if (closing.aborted) delete error.code
    },
    answered({ headers }) {
      if (closing.aborted) headers['retry-after'] = NEVER
    },
  }
  return {
    count: () => requests.size,
    send: run => watching.run(watch, run),
  }
}

function subscribeOnce(): void {
  if (isSubscribed) return
  isSubscribed = true
  subscribe('http.client.request.start', message =>
    watching.getStore()?.started((message as { readonly request: ClientRequest }).request),
  )
  subscribe('http.client.request.error', message =>
    watching.getStore()?.failed((message as { readonly error: NodeJS.ErrnoException }).error),
  )
  subscribe('http.client.response.finish', message =>
    watching.getStore()?.answered((message as { readonly response: IncomingMessage }).response),
  )
}
