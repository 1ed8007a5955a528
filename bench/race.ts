// Servers that take turns, each in a process of its own, so that none spoils what V8 has learnt about another.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Race {
  /** The file that calls `serveCourse` when it is started with the name of a course. */
  readonly file: string
  readonly courses: readonly string[]
  readonly rounds: number
  /** Requests of a course in a round. */
  readonly requests: number
  readonly connections: number
}

const fields = 'Host: h.example\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n'

/** The CPU time of each course for one request, in microseconds, round by round. */
export async function race({ file, courses, rounds, requests, connections }: Race): Promise<Map<string, number[]>> {
  const client = fork(new URL('load.mjs', import.meta.url), { execArgv: [] })
  await once(client, 'message')
  const runners = await Promise.all(courses.map(name => startCourse(file, name)))
  const taken = new Map(courses.map(name => [name, [] as number[]]))
  for (let round = -3; round < rounds; round++) {
    // Another one begins each time: what disturbs one disturbs all.
    const from = Math.abs(round) % runners.length
    for (const { name, port, child } of [...runners.slice(from), ...runners.slice(0, from)]) {
      // No collection by hand in between: V8 throws optimised code away with it, and a round would measure how it is made anew.
      const before = await cpuOf(child)
      client.send({ port, connections, requests, target: '/', fields })
      await once(client, 'message')
      const after = await cpuOf(child)
      const took = (after.user + after.system - before.user - before.system) / requests
      if (round >= 0) taken.get(name)!.push(took)
    }
  }
  client.disconnect()
  for (const { child } of runners) child.disconnect()
  return taken
}

/** The server's side: listens, and tells what CPU time its process has taken. */
export async function serveCourse(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.on('message', () => void process.send!(process.cpuUsage()))
  process.once('disconnect', () => process.exit())
  process.send!((server.address() as AddressInfo).port)
}

async function startCourse(file: string, name: string) {
  const child = fork(file, [name])
  const [port] = (await once(child, 'message')) as [number]
  return { name, port, child }
}

async function cpuOf(child: ChildProcess): Promise<NodeJS.CpuUsage> {
  child.send('cpu')
  const [usage] = (await once(child, 'message')) as [NodeJS.CpuUsage]
  return usage
}
