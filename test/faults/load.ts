// An open loop: requests leave at a constant rate, whatever becomes of those before them, and the wait counts from when each was due.

import { Agent, get } from 'node:http'
import { serve } from '../support/child.ts'
import { now } from './site.ts'

export interface LoadConfig {
  /** The site, and the one without Redis, which gets the very same requests. */
  readonly ports: readonly number[]
  readonly rate: number
  readonly bodyBytes: number
  /** The part of the requests whose client leaves before the answer ends. */
  readonly leaves?: number
}

/** What a kind of request finds while all is well. */
export const kinds = ['memory', 'far', 'miss'] as const

/** Numbers of one request, in this order. `startedAt`: when the handler's run began whose response it is; 0 for a failure. */
export const columns = ['target', 'kind', 'dueAt', 'tookMs', 'startedAt', 'isHit'] as const

const GIVEN_UP_MS = 8000

/** One site, whatever port each of its nodes has: the host is part of the key. */
const headers = { host: 'larder.example' }
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
let running: { config: LoadConfig; beganAt: number; sent: number; rows: number[]; timer: NodeJS.Timeout } | undefined
let underWay = 0
let failures: string[] = []

/** The hot ones stay in memory; the others are too many for it, and come round after they were evicted. */
export function itemOf(n: number, rate: number): { readonly kind: number; readonly id: string } {
  const place = n % 10
  if (place < 6) return { kind: 0, id: `hot-${(n * 7) % hotCount(rate)}` }
  if (place < 9) return { kind: 1, id: `far-${(Math.floor(n / 10) * 3 + place - 6) % farCount(rate)}` }
  return { kind: 2, id: `new-${n}-${process.pid}` }
}
const hotCount = (rate: number): number => Math.ceil(rate * 0.2)
const farCount = (rate: number): number => Math.ceil(rate * 1.8)

interface Asked {
  readonly startedAt: number
  readonly isHit: boolean
}

/** Rejects for anything but the whole and right answer. */
function ask(port: number, id: string, bodyBytes: number): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const request = get(
      { agent, port, host: '127.0.0.1', path: `/item/${id}`, headers, timeout: GIVEN_UP_MS },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const body = Buffer.concat(chunks)
          const head = /^\{"id":"([^"]+)","startedAt":([\d.]+),/.exec(body.toString('latin1', 0, 200))
          const isWhole = body.length >= bodyBytes && body.toString('latin1', body.length - 2) === '"}'
          if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`))
          else if (head?.[1] !== id || !isWhole) reject(new Error('the wrong body'))
          else
            resolve({
              startedAt: Number(head[2]),
              isHit: /\bhit\b/.test(String(response.headers['cache-status'])),
            })
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', reject)
  })
}

function leave(port: number, id: string): void {
  const request = get({ agent, port, host: '127.0.0.1', path: `/item/${id}`, headers })
  request.on('error', () => {})
  request.on('response', response => response.on('error', () => {}).destroy())
  setTimeout(() => request.destroy(), Math.random() * 10)
}

function send(): void {
  const load = running
  if (load === undefined) return
  const { rate, ports, bodyBytes, leaves = 0 } = load.config
  for (;;) {
    const dueAt = load.beganAt + (load.sent * 1000) / rate
    if (dueAt > now()) break
    const n = load.sent++
    const { kind, id } = itemOf(n, rate)
    if (Math.random() < leaves) {
      for (const port of ports) leave(port, id)
      continue
    }
    // Neither of them always goes first.
    const order = n % 2 === 0 ? [...ports.keys()] : [...ports.keys()].reverse()
    for (const target of order) {
      underWay++
      const note = (startedAt: number, isHit: boolean): void => {
        underWay--
        load.rows.push(target, kind, dueAt, now() - dueAt, startedAt, isHit ? 1 : 0)
      }
      ask(ports[target]!, id, bodyBytes).then(
        ({ startedAt, isHit }) => note(startedAt, isHit),
        (error: Error) => {
          if (failures.length < 20) failures.push(`${kinds[kind]} of ${target}: ${error.message}`)
          note(0, false)
        },
      )
    }
  }
}

serve({
  /** Fills what is to be found later, and begins. */
  async start(config: LoadConfig) {
    const { rate, ports, bodyBytes } = config
    const ids = [
      ...Array.from({ length: farCount(rate) }, (_, i) => `far-${i}`),
      ...Array.from({ length: hotCount(rate) }, (_, i) => `hot-${i}`),
    ]
    for (let i = 0; i < ids.length; i += 32)
      await Promise.all(ids.slice(i, i + 32).flatMap(id => ports.map(port => ask(port, id, bodyBytes))))
    failures = []
    running = { config, beganAt: now(), sent: 0, rows: [], timer: setInterval(send, 2) }
    return running.beganAt
  },
  async stop(): Promise<{ rows: Float64Array; failures: string[] }> {
    const load = running!
    running = undefined
    clearInterval(load.timer)
    const until = now() + GIVEN_UP_MS + 1000
    while (underWay > 0 && now() < until) await new Promise(resolve => setTimeout(resolve, 10))
    agent.destroy()
    return { rows: Float64Array.from(load.rows), failures }
  },
  ask: (port: number, id: string, bodyBytes: number) => ask(port, id, bodyBytes),
})
