// The services under apps/ as their users run them: on the packed packages, in a process of their own, with one flag of node.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../../scripts/setup.mjs'
import { type PackedProject, packAll } from '../package/packed.ts'

export interface Service {
  readonly port: number
  readonly process: ChildProcess
  /** What it wrote to its standard error. */
  errors(): string
  get(path: string): Promise<Response>
  /** End it by a signal. Resolves with how it ended, and how long that took in milliseconds. */
  end(
    signal?: NodeJS.Signals,
  ): Promise<{ readonly code: number | null; readonly signal: string | null; readonly tookMs: number }>
}

/** The project in which they run. */
export function packServices(): PackedProject {
  const project = packAll()
  cpSync(join(root, 'test/tracing/apps'), project.folder, { recursive: true })
  const router = join(project.folder, 'node_modules/@koa/router')
  mkdirSync(dirname(router), { recursive: true })
  if (!existsSync(router)) symlinkSync(join(root, 'node_modules/@koa/router'), router, 'junction')
  return project
}

export async function startService(
  project: PackedProject,
  file: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Service> {
  const { PATH, HOME } = process.env
  const child = fork(join(project.folder, file), {
    cwd: project.folder,
    execArgv: [...flags],
    env: { ...(PATH && { PATH }), ...(HOME && { HOME }), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-20_000)
  })
  const ended = once(child, 'exit')
  const started = await Promise.race([once(child, 'message'), ended])
  const port = (started[0] as { port?: number } | null)?.port
  if (port === undefined) throw new Error(`${file} did not start:\n${errors}`)
  return {
    port,
    process: child,
    errors: () => errors,
    get: path => fetch(`http://127.0.0.1:${port}${path}`),
    async end(signal = 'SIGTERM') {
      const began = performance.now()
      child.kill(signal)
      const [code, by] = (await ended) as [number | null, string | null]
      return { code, signal: by, tookMs: performance.now() - began }
    },
  }
}
