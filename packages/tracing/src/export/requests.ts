// The requests of the vendors' exporters, seen from outside: they keep no process alive, and break off when tracing is over.

import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Ending } from './exporter.ts'

/** What Node tells of a request that belongs to an exporter. */
interface Watch {
  started(request: ClientRequest): void
}

export interface Requests {
  /** How many are on their way. */
  count(): number
  /** Run what sends: the requests that it makes, now or later, belong here. */
  send<T>(run: () => T): T
}

const watching = new AsyncLocalStorage<Watch>()
let isSubscribed = false

/** @param onRequest called with each of them. */
export function watchRequests({ ended }: Ending, onRequest?: (request: ClientRequest) => void): Requests {
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
      // An exporter that waited to try again, and knows nothing of the end.
      if (ended.aborted) breakOff(request)
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
}
