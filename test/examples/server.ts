// Starts an example server as a user does, and talks to it.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
  readonly json: any
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, or as it is when it is a string. */
  readonly body?: unknown
}

export interface ExampleServer {
  readonly url: string
  output(): string
  ask(path: string, asked?: Asked): Promise<Answer>
  /** Signals the started process and waits for its end. */
  end(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }>
}

/** A folder that is gone when the tests end. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'link-up-buddy-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Everything that the process printed, and how it ended. */
export function run(name: string, env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [script, name], {
    env: { ...inherited(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own, so that all of it can be killed.
    detached: true,
  })
  // What a failed test leaves running does not keep mocha from ending, and ends when mocha does and the channel closes.
  child.unref()
  child.channel!.unref()
  for (const pipe of [child.stdout, child.stderr] as Socket[]) pipe.unref()
  let output = ''
  child.stdout!.on('data', chunk => {
    output += chunk
  })
  child.stderr!.on('data', chunk => {
    output += chunk
  })
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  return { child, output: () => output, ended }
}

/** The environment without what a server reads. */
function inherited(): NodeJS.ProcessEnv {
  const read = /^(LARDER|REDIS|OTEL|LAUNCHDARKLY|DATABASE|SESSION|DRAIN)_/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !read.test(name)))
}

export interface Running {
  readonly child: ChildProcess
  output(): string
  readonly ended: Promise<number | null>
}

/** Resolves when the output has this, rejects when the process ends without. */
export async function printed(running: Running, text: RegExp): Promise<RegExpExecArray> {
  for (let ended = false; ; ) {
    const found = text.exec(running.output())
    if (found) return found
    if (ended) throw new Error(`The server ended:\n${running.output()}`)
    ended = await Promise.race([
      running.ended.then(() => true),
      new Promise<false>(resolve => running.child.stdout!.once('data', () => resolve(false))),
    ])
  }
}

export function kill(running: Running): Promise<number | null> {
  process.kill(-running.child.pid!, 'SIGKILL')
  return running.ended
}

export async function start(name: string, env: Readonly<Record<string, string>>): Promise<ExampleServer> {
  const running = run(name, env)
  const [, url] = await printed(running, /listening on (http:\S+)/)
  return {
    url: url!,
    output: running.output,
    ask: (path, asked) => ask(url + path, asked),
    async end(signal = 'SIGTERM') {
      const startedAt = performance.now()
      running.child.kill(signal)
      const code = await running.ended
      return { code, ms: performance.now() - startedAt }
    },
  }
}

/** `node:http` and not `fetch`, which has a cache and headers of its own. */
function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request(url, { method, headers: { ...json, ...headers } }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '') && text !== ''
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
}
