// An open loop: requests come at a constant rate, whether or not those before them are answered, as people do. Latency counts from the moment
// at which a request was to come, so that one which had to wait for the client or for a connection is as late as it would be for a visitor.

import { Agent, request } from 'node:http'

export interface Answer {
  /** Since the first was due. */
  readonly dueMs: number
  readonly tookMs: number
  /** 0 when there was none. */
  readonly status: number
}

export interface OpenLoop {
  readonly port: number
  readonly perSecond: number
  readonly seconds: number
  readonly pathOf: (i: number) => string
  /** No answer by then is none. @default 10,000 */
  readonly timeoutMs?: number
}

/** All answers, in the order in which the requests were due. */
export async function openLoop({ port, perSecond, seconds, pathOf, timeoutMs = 10_000 }: OpenLoop): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const began = performance.now()
  const total = Math.round(perSecond * seconds)
  const answers: Promise<Answer>[] = []
  await new Promise<void>(resolve => {
    const step = () => {
      const dueByNow = Math.min(total, Math.floor(((performance.now() - began) / 1000) * perSecond) + 1)
      while (answers.length < dueByNow) {
        const i = answers.length
        const dueMs = (i / perSecond) * 1000
        answers.push(
          ask(agent, port, pathOf(i), timeoutMs).then(status => {
            return { dueMs, status, tookMs: performance.now() - began - dueMs }
          }),
        )
      }
      if (answers.length === total) resolve()
      else setTimeout(step, 1)
    }
    step()
  })
  const all = await Promise.all(answers)
  agent.destroy()
  return all
}

/** The value below which such a share of all answers lies, in milliseconds. */
export function percentile(answers: readonly Answer[], share: number): number {
  const sorted = answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]! * 100) / 100
}

function ask(agent: Agent, port: number, path: string, timeoutMs: number): Promise<number> {
  return new Promise(resolve => {
    const asked = request({ agent, port, host: '127.0.0.1', path, timeout: timeoutMs }, response => {
      response.on('end', () => resolve(response.statusCode!))
      response.on('error', () => resolve(0))
      response.resume()
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(0))
    asked.end()
  })
}
