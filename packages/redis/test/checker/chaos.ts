// What happens to the servers of the checker meanwhile: lost connections, lost keys, lost logs, slow and silent networks, freezes.

import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '../../../../test/support/redis-server.ts'
import type { TcpProxy } from '../../../../test/support/tcp-proxy.ts'

export interface Place {
  readonly server: RedisServer
  /** Between each node and that server. */
  readonly proxies: readonly TcpProxy[]
  /** From when to when the log lost what was appended, by the clock of all processes. */
  readonly lost: { readonly from: number; readonly to: number }[]
}

/** Milliseconds of a clock that all processes of this machine share. */
export const clock = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

export type Fault =
  | 'a subscription killed'
  | 'every connection killed'
  | 'FLUSHALL'
  | 'the log deleted'
  | 'the log trimmed'
  | 'a stored value deleted'
  | 'scripts forgotten'
  | 'a slow network'
  | 'a silent network'
  | 'a network that loses'
  | 'connections reset'
  | 'a frozen server'
  | 'a failover that loses'

export interface ChaosOptions {
  readonly chance: () => number
  /** No others. @default all of them */
  readonly faults?: readonly Fault[] | undefined
  /** Counts what was done. */
  readonly done: Map<Fault, number>
}

const log = 'larder:{log}'
const saved = 'saved:{log}'

/** Goes on until the function that it returns is called, which waits until all is well again. */
export function startChaos(place: Place, options: ChaosOptions): () => Promise<void> {
  const { server, proxies, lost } = place
  const { chance, faults, done } = options
  const between = (from: number, to: number): number => from + Math.floor(chance() * (to - from))
  const command = (...args: string[]): Promise<unknown> => server.command(...args).catch(() => undefined)
  let isEnding = false

  async function onOneLink(how: Parameters<TcpProxy['set']>[1], ms: number): Promise<void> {
    const proxy = proxies[between(0, proxies.length)]!
    proxy.set(chance() < 0.7 ? 'both' : chance() < 0.5 ? 'toServer' : 'toClient', how)
    await sleep(ms)
    await proxy.heal()
  }
  const actions: readonly (readonly [fault: Fault, weight: number, act: () => Promise<unknown>])[] = [
    ['a subscription killed', 4, () => command('CLIENT', 'KILL', 'TYPE', 'pubsub')],
    ['every connection killed', 1, () => command('CLIENT', 'KILL', 'TYPE', 'normal')],
    ['FLUSHALL', 2, () => command('FLUSHALL')],
    ['the log deleted', 1, () => command('DEL', log)],
    ['the log trimmed', 1, () => command('XTRIM', log, 'MAXLEN', '1')],
    ['a stored value deleted', 2, async () => command('UNLINK', String(await command('RANDOMKEY')))],
    ['scripts forgotten', 1, () => command('SCRIPT', 'FLUSH')],
    ['a slow network', 3, () => onOneLink({ delayMs: between(0, 20), jitterMs: between(5, 60) }, between(100, 500))],
    // Writes that were given up arrive when it is over.
    ['a silent network', 4, () => onOneLink({ hold: true }, between(50, 900))],
    ['a network that loses', 1, () => onOneLink({ swallow: true }, between(50, 400))],
    ['connections reset', 1, async () => proxies[between(0, proxies.length)]!.reset()],
    [
      'a frozen server',
      1,
      async () => {
        server.stop()
        await sleep(between(30, 400))
        server.cont()
      },
    ],
    [
      'a failover that loses',
      2,
      async () => {
        // A replica takes over that has not heard of the last records: the log is again what it was.
        const from = clock()
        await command('COPY', log, saved, 'REPLACE')
        await sleep(between(20, 200))
        await command('COPY', saved, log, 'REPLACE')
        lost.push({ from, to: clock() })
      },
    ],
  ]
  const drawn = actions
    .filter(([fault]) => faults === undefined || faults.includes(fault))
    .flatMap(([fault, weight, act]) => Array.from({ length: weight }, () => [fault, act] as const))

  async function loop(): Promise<void> {
    while (!isEnding) {
      await sleep(between(100, 500))
      const [fault, act] = drawn[between(0, drawn.length)]!
      await act()
      done.set(fault, (done.get(fault) ?? 0) + 1)
    }
  }
  const looping = loop()

  return async function stop() {
    isEnding = true
    await looping
    server.cont()
    await Promise.all(proxies.map(proxy => proxy.heal()))
  }
}
