// OTLP over HTTP: bounded attempts within a deadline, on sockets and timers that keep no process alive.

import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { gzip } from 'node:zlib'
import { type ExportResponse, type IExporterTransport, OTLPExporterError } from '@opentelemetry/otlp-exporter-base'
import type { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http'
import type { Ending } from './exporter.ts'

type HttpConfiguration = ReturnType<typeof convertLegacyHttpOptions>

/** A collector says in a few bytes that it has taken everything. */
const MOST_ANSWER_BYTES = 64 * 1024
const MOST_ATTEMPTS = 6
const FIRST_PAUSE_MS = 1000
const SHORTEST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5000
/** OTLP/HTTP: what may be sent again. Everything else would only fail again. */
const retryable = new Set([429, 502, 503, 504])

/**
 * The transport of the OpenTelemetry packages keeps a process alive while it waits to try again, and cannot be broken off. This one
 * is, by `ended`; from `closing` on it tries once more at the most.
 */
export function createTransport(configuration: HttpConfiguration, { closing, ended }: Ending): IExporterTransport {
  const { url, compression } = configuration
  const { protocol } = new URL(url)
  let agent: HttpAgent | undefined
  // One listener for all of them, however many there are.
  const calls = new Set<ClientRequest>()
  const pauses = new Set<() => void>()
  ended.addEventListener('abort', () => {
    for (const call of calls) call.destroy(new Error('The exporter was shut down.'))
  })
  closing.addEventListener('abort', () => {
    for (const resume of pauses) resume()
  })

  async function send(data: Uint8Array, timeoutMillis: number): Promise<ExportResponse> {
    const until = performance.now() + timeoutMillis
    const body = compression === 'gzip' ? await compressed(data) : data
    let pauseMs = FIRST_PAUSE_MS
    for (let attempts = 1; ; attempts++) {
      const response = await attempt(body, until - performance.now())
      if (response.status !== 'retryable' || closing.aborted || attempts === MOST_ATTEMPTS) return settled(response)
      // All who were refused at once must not come back at once.
      const waitMs = response.retryInMillis ?? pauseMs * (0.8 + 0.4 * Math.random())
      if (performance.now() + waitMs >= until) return settled(response)
      await pause(waitMs)
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)
    }
  }

  async function attempt(body: Uint8Array, timeoutMs: number): Promise<ExportResponse> {
    try {
      const headers = await configuration.headers()
      agent ??= await configuration.agentFactory(protocol)
      // It may have ended while these were awaited.
      if (ended.aborted) return failure(new Error('The exporter was shut down.'))
      return await post(body, headers, agent, Math.max(1, timeoutMs))
    } catch (error) {
      return failure(error)
    }
  }

  function post(
    body: Uint8Array,
    headers: Record<string, string>,
    agent: HttpAgent,
    timeoutMs: number,
  ): Promise<ExportResponse> {
    return new Promise(resolve => {
      const request = protocol === 'https:' ? httpsRequest : httpRequest
      const call = request(url, {
        method: 'POST',
        agent,
        headers: {
          ...headers,
          'Content-Length': body.length,
          ...(compression === 'gzip' && { 'Content-Encoding': 'gzip' }),
        },
      })
      const end = (response: ExportResponse): void => {
        clearTimeout(timer)
        calls.delete(call)
        resolve(response)
      }
      const timer = setTimeout(() => call.destroy(new Error('The collector is too slow.')), timeoutMs)
      timer.unref()
      calls.add(call)
      call.on('socket', socket => void socket.unref())
      call.on('error', error => end({ status: 'retryable', error }))
      call.on('response', answer => read(answer, end))
      call.end(body)
    })
  }

  function pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const resume = (): void => {
        clearTimeout(timer)
        pauses.delete(resume)
        resolve()
      }
      const timer = setTimeout(resume, ms)
      timer.unref()
      pauses.add(resume)
    })
  }

  return {
    send,
    shutdown() {
      agent?.destroy()
    },
  }
}

function read(answer: IncomingMessage, end: (response: ExportResponse) => void): void {
  const { statusCode = 0, statusMessage } = answer
  const chunks: Buffer[] = []
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes <= MOST_ANSWER_BYTES) return
    // Said before the connection breaks, which would be a reason to try again.
    end(failure(new Error('The collector’s answer is too long.')))
    answer.destroy()
  })
  answer.on('error', error => end({ status: 'failure', error }))
  answer.on('end', () => {
    if (statusCode >= 200 && statusCode < 300) end({ status: 'success', data: Buffer.concat(chunks) })
    else if (retryable.has(statusCode)) end(refusal(answer))
    else end({ status: 'failure', error: new OTLPExporterError(statusMessage, statusCode) })
  })
}

function refusal({ headers, statusCode, statusMessage }: IncomingMessage): ExportResponse {
  const after = headers['retry-after']
  const waitMs = after === undefined ? Number.NaN : Number(after) * 1000 || Date.parse(after) - Date.now()
  const error = new OTLPExporterError(statusMessage, statusCode)
  return {
    status: 'retryable',
    error,
    ...(!Number.isNaN(waitMs) && { retryInMillis: Math.max(waitMs, SHORTEST_PAUSE_MS) }),
  }
}

/** Nobody tries again behind this transport. */
function settled(response: ExportResponse): ExportResponse {
  if (response.status !== 'retryable') return response
  return failure(response.error ?? new Error('The collector cannot be reached.'))
}

function failure(error: unknown): ExportResponse {
  return { status: 'failure', error: error instanceof Error ? error : new Error('The export failed.') }
}

function compressed(data: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(data, (error, result) => (error ? reject(error) : resolve(result)))
  })
}
