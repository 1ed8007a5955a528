// What keeps a server busy: wrk where there is one, autocannon elsewhere; a client of our own where requests differ from each other.

import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
// @ts-expect-error It has no types of its own.
import untyped from 'autocannon'
import { environmentOf, findProgram } from '../scripts/programs.mjs'
import type { Order, Variety } from './load-client.ts'
import { quick } from './quick.ts'

export interface Target {
  readonly port: number
  readonly path: string
  /** Fields beside Host. */
  readonly fields: Readonly<Record<string, string>>
}

export interface Loaded {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Shot {
  readonly errors: number
  readonly '4xx': number
  readonly '5xx': number
  readonly requests: { readonly total: number; readonly average: number }
  readonly latency: { readonly p50: number; readonly p99: number }
}

const autocannon = untyped as (options: object) => Promise<Shot>

export interface Load {
  readonly connections: number
  readonly variety: Variety
  /** Of a round. */
  readonly seconds: number
  /** Most of a round, unless all are the same. @default no bound */
  readonly requests?: number
}

export interface Loader {
  /** What makes the load, for the report. */
  readonly tool: string
  /** Ask once for everything that is asked for again and again. */
  fill(target: Target): Promise<void>
  run(target: Target): Promise<Loaded>
  close(): void
}

export async function createLoader(load: Load): Promise<Loader> {
  if (load.variety !== 'same' || quick) return createClient(load)
  const wrk = findProgram('wrk')
  const run = wrk === undefined ? runAutocannon : (target: Target, load: Load) => runWrk(wrk, target, load)
  return {
    tool: wrk === undefined ? 'autocannon' : 'wrk',
    // The first round does.
    async fill() {},
    run: target => run(target, load),
    close() {},
  }
}

async function runWrk(wrk: string, { port, path, fields }: Target, load: Load): Promise<Loaded> {
  const headers = Object.entries(fields).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const seconds = Math.max(1, Math.round(load.seconds))
  const args = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '--latency', ...headers]
  const url = `http://127.0.0.1:${port}${path}`
  const { stdout } = await promisify(execFile)(wrk, [...args, url], { env: environmentOf('wrk') })
  const faults = stdout.match(/Socket errors: .*|Non-2xx or 3xx responses: .*/g) ?? []
  const fault = faults.find(each => !/read 0, write 0, timeout 0/.test(each))
  if (fault !== undefined) {
    const ended = /connect 0, read [1-9]\d*, write 0, timeout 0/.test(fault)
    throw new Error(ended ? `ends connections that it says it keeps (${fault})` : fault)
  }
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)![1]),
    perSecond: Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)![1]),
    p50Ms: milliseconds(/50%\s+([\d.]+\w+)/.exec(stdout)![1]!),
    p99Ms: milliseconds(/99%\s+([\d.]+\w+)/.exec(stdout)![1]!),
  }
}

function milliseconds(text: string): number {
  const value = Number.parseFloat(text)
  if (text.endsWith('us')) return value / 1000
  return text.endsWith('ms') ? value : value * 1000
}

async function runAutocannon({ port, path, fields }: Target, load: Load): Promise<Loaded> {
  const { connections, seconds } = load
  const url = `http://127.0.0.1:${port}${path}`
  const result = await autocannon({ url, connections, duration: seconds, headers: { ...fields } })
  const refused = result['4xx'] + result['5xx']
  if (result.errors + refused > 0) throw new Error(`${result.errors} errors, ${refused} refusals`)
  return {
    requests: result.requests.total,
    perSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  }
}

/** A client of our own. One connection is one request after the other. */
export async function createClient(load: Load): Promise<Loader> {
  const client = fork(new URL('load-client.ts', import.meta.url))
  await once(client, 'message')
  let round = 0
  async function carryOut({ port, path, fields }: Target, isFilling: boolean): Promise<Loaded> {
    const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...fields }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const { requests = Number.MAX_SAFE_INTEGER, ...rest } = load
    client.send({ ...rest, requests, port, path, fields: lines.join(''), round: round++, isFilling } satisfies Order)
    const [answer] = (await once(client, 'message')) as [Loaded | { fault: string }]
    if ('fault' in answer) throw new Error(answer.fault)
    return answer
  }
  return {
    tool: 'a client of our own',
    fill: async target => void (await carryOut(target, true)),
    run: target => carryOut(target, false),
    close: () => client.disconnect(),
  }
}
