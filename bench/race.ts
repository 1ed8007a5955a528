// Servers that take turns, each in a process of its own, so that none spoils what V8 has learnt about another.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLoader, type Load, type Loaded, type Target } from './load.ts'
import { quick } from './quick.ts'

/** What a race measures: a server of this process, or a program that listens on `port`. */
export interface Course {
  readonly server?: Server
  readonly port?: number
  /** @default '/' */
  readonly path?: string
  /** Fields of the request, beside Host. */
  readonly fields?: Readonly<Record<string, string>>
  /** Runs of the handler so far. A course that tells them is a cache, and must not run it for every request. */
  readonly runs?: () => number
  /** CPU time of the program so far, in microseconds. @default that of this process */
  readonly cpu?: () => number
  readonly close?: () => Promise<void> | void
}

/** What `isOptional` is somebody else's: where it fails, that is noted, and the benchmark goes on. */
export type MakeCourse = (() => Course | Promise<Course>) & { readonly isOptional?: boolean }

export function optional(make: () => Course | Promise<Course>): MakeCourse {
  return Object.assign(make, { isOptional: true })
}

/** Why a course cannot be run here: a program or package that is not there. */
export class NotHere extends Error {}

export interface Race {
  /** The file that calls `serveCourse` when it is started with the name of a course. */
  readonly file: string
  readonly courses: Readonly<Record<string, MakeCourse>>
  readonly rounds: number
  readonly load: Load
}

export interface Round extends Loaded {
  /** CPU time of the server for one request, in microseconds. */
  readonly micros: number
  /** Runs of the handler. */
  readonly runs: number
}

export interface Raced {
  readonly tool: string
  readonly taken: ReadonlyMap<string, readonly Round[]>
  /** What did not run, and why. */
  readonly notes: readonly string[]
}

const WARM_UP_ROUNDS = 1
/** Until when a course is ready, and answers what it is asked. A peer that hangs leaves the race, and does not end it. */
const READY_MS = 30_000

/** Each course round by round. What fails is noted and leaves the race. */
export async function race(race: Race): Promise<Raced> {
  if (quick) return tryEach(race)
  const { file, courses, rounds, load } = race
  const loader = await createLoader(load)
  const notes: string[] = []
  const runners: Runner[] = []
  // One after the other: many starting at once take longer than all in turn, and may then not be ready in time.
  for (const name of Object.keys(courses)) {
    try {
      runners.push(await startCourse(file, name))
    } catch (error) {
      notes.push(`${name}: ${(error as Error).message}`)
    }
  }
  const taken = new Map(runners.map(({ name }) => [name, [] as Round[]]))
  const failed = new Set<Runner>()
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    // Another one begins each time: what disturbs one disturbs all.
    const from = Math.abs(round) % Math.max(1, runners.length)
    for (const runner of [...runners.slice(from), ...runners.slice(0, from)]) {
      if (failed.has(runner)) continue
      try {
        if (round === -WARM_UP_ROUNDS) await loader.fill(runner.target)
        // No collection by hand in between: V8 throws optimised code away with it, and a round would measure how it is made anew.
        const before = await ask(runner)
        const loaded = await loader.run(runner.target)
        const after = await ask(runner)
        const runs = after.runs - before.runs
        if (load.variety === 'same' || load.variety === 'cycle') expectHits(runs)
        const micros = (after.micros - before.micros) / loaded.requests
        if (round >= 0) taken.get(runner.name)!.push({ ...loaded, micros, runs })
      } catch (error) {
        failed.add(runner)
        taken.delete(runner.name)
        notes.push(`${runner.name}: ${(error as Error).message}`)
      }
    }
  }
  loader.close()
  for (const { child } of runners) if (child.connected) child.disconnect()
  return { tool: loader.tool, taken, notes }
}

/** Each course once, in this process and for a few requests: it runs, and its figures say nothing. What fails, fails the run. */
async function tryEach({ courses, load }: Race): Promise<Raced> {
  const loader = await createLoader({ ...load, requests: 30, connections: 2 })
  const notes: string[] = []
  const taken = new Map<string, Round[]>()
  for (const [name, make] of Object.entries(courses)) {
    try {
      const course = await make()
      const target = await listenTo(course)
      await fill(target)
      const before = course.runs?.() ?? 0
      const loaded = await loader.run(target)
      const runs = (course.runs?.() ?? 0) - before
      if (load.variety === 'same') expectHits(runs)
      taken.set(name, [{ ...loaded, micros: 1, runs }])
      course.server?.closeAllConnections()
      course.server?.close()
      await course.close?.()
    } catch (error) {
      if (!make.isOptional && !(error instanceof NotHere))
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
      notes.push(`${name}: ${(error as Error).message}`)
    }
  }
  loader.close()
  return { tool: loader.tool, taken, notes }
}

/** The server's side: listens, and tells what CPU time its process has taken. */
export async function serveCourse(make: MakeCourse): Promise<void> {
  try {
    const course = await make()
    const { runs = () => 0, cpu = cpuOfThisProcess } = course
    const target = await listenTo(course)
    process.on('message', () => void process.send!({ micros: cpu(), runs: runs() } satisfies State))
    process.once('disconnect', async () => {
      await course.close?.()
      process.exit()
    })
    process.send!(target)
  } catch (error) {
    process.send!({ refused: error instanceof NotHere ? error.message : `failed: ${(error as Error).message}` })
    process.disconnect()
    process.exit()
  }
}

async function listenTo({ server, port, path = '/', fields = {} }: Course): Promise<Target> {
  if (server === undefined) return { port: port!, path, fields }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, path, fields }
}

/** Asks so often that a cache holds the answer; what fails does not enter the race. */
async function fill({ port, path, fields }: Target): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: fields,
      signal: AbortSignal.timeout(READY_MS),
    })
    if (status !== 200 && status !== 304) throw new Error(`answers ${status}`)
  }
}

function expectHits(runs: number): void {
  if (runs > 1) throw new Error(`the handler ran ${runs} times in one round: this is no hit`)
}

interface Runner {
  readonly name: string
  readonly child: ChildProcess
  /** When its process has ended. */
  readonly ended: Promise<undefined>
  readonly target: Target
}

interface State {
  readonly micros: number
  readonly runs: number
}

async function startCourse(file: string, name: string): Promise<Runner> {
  const child = fork(file, [name])
  const ended = once(child, 'exit').then(() => undefined)
  const first = await messageOf({ child, ended })
  if (typeof first !== 'object' || first === null) throw new Error('its process has ended')
  if ('refused' in first) throw new Error(String(first.refused))
  const target = first as Target
  try {
    await fill(target)
  } catch (error) {
    child.disconnect()
    throw error
  }
  return { name, child, ended, target }
}

async function ask(runner: Runner): Promise<State> {
  if (runner.child.connected) runner.child.send('state')
  const state = await messageOf(runner)
  if (state === undefined) throw new Error('its process has ended')
  return state as State
}

/** The next message, or undefined when there is none to come. */
async function messageOf({ child, ended }: Pick<Runner, 'child' | 'ended'>): Promise<unknown> {
  const end = new AbortController()
  const signal = AbortSignal.any([end.signal, AbortSignal.timeout(READY_MS)])
  try {
    return await Promise.race([once(child, 'message', { signal }).then(([first]) => first as unknown), ended])
  } catch {
    child.kill('SIGKILL')
    throw new Error(`its process says nothing for ${READY_MS / 1000} s`)
  } finally {
    end.abort()
  }
}

function cpuOfThisProcess(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
