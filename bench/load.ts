// What keeps a server busy: wrk where there is one, autocannon elsewhere; a client of our own where requests differ from each other.

import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
// @ts-expect-error It has no types of its own.
import untyped from 'autocannon'
import { environmentOf, findProgram } from '../scripts/programs.mjs'
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

/** How the requests of a round differ: not at all, each from all others, each from the 4,095 before it, or as the popularity of pages does. */
export type Variety = 'same' | 'unique' | 'cycle' | 'zipf'

export interface Load {
  readonly connections: number
  readonly variety: Variety
  /** Of a round, when all requests are the same. */
  readonly seconds: number
  /** Of a round, when they differ, and in a quick run. */
  readonly requests: number
}

export interface Loader {
  /** What makes the load, for the report. */
  readonly tool: string
  run(target: Target): Promise<Loaded>
  close(): void
}

export async function createLoader(load: Load): Promise<Loader> {
  if (load.variety !== 'same' || quick) return createClient(load)
  const wrk = findProgram('wrk')
  return wrk === undefined
    ? { tool: 'autocannon', run: target => runAutocannon(target, load), close() {} }
    : { tool: 'wrk', run: target => runWrk(wrk, target, load), close() {} }
}

async function runWrk(wrk: string, { port, path, fields }: Target, load: Load): Promise<Loaded> {
  const headers = Object.entries(fields).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const seconds = Math.max(1, Math.round(load.seconds))
  const args = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '--latency', ...headers]
  const url = `http://127.0.0.1:${port}${path}`
  const { stdout } = await promisify(execFile)(wrk, [...args, url], { env: environmentOf('wrk') })
  const fault = /Socket errors: .*|Non-2xx or 3xx responses: .*/.exec(stdout)
  if (fault && !/read 0, write 0, timeout 0/.test(fault[0])) throw new Error(fault[0])
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

async function createClient(load: Load): Promise<Loader> {
  const client: ChildProcess = fork(new URL('load.mjs', import.meta.url), { execArgv: [] })
  await once(client, 'message')
  let round = 0
  return {
    tool: 'a client of our own',
    async run({ port, path, fields }) {
      const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...fields }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      )
      const { connections, requests, variety } = load
      client.send({ port, connections, requests, path, fields: lines.join(''), variety, round: round++ })
      const [answer] = (await once(client, 'message')) as [Loaded | { fault: string }]
      if ('fault' in answer) throw new Error(answer.fault)
      return answer
    },
    close: () => client.disconnect(),
  }
}
