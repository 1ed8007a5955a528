// A real Redis server for a test: on a free port, with nothing in it, and gone when the test process is gone.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRedisServer, installHint } from '../../scripts/redis.mjs'
import { tellReaper } from './reaper.ts'
import { type Reply, sendCommand } from './resp.ts'

export { findRedisServer }

export interface RedisServerOptions {
  /** More settings, as redis.conf has them: `{ maxmemory: '1mb', requirepass: 'secret' }`. */
  readonly config?: Readonly<Record<string, string | number>>
  /** More arguments, such as `['--sentinel']`. */
  readonly args?: readonly string[]
  /** The lines of a configuration file, which the server may write anew: a Sentinel wants one. */
  readonly configFile?: string
  /** More variables of its environment. */
  readonly env?: NodeJS.ProcessEnv
  /** How long it may take to be ready, in milliseconds. @default 10_000 */
  readonly startMs?: number
}

export interface RedisServer {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly url: string
  /** Where it keeps its files, were it told to keep any. */
  readonly folder: string
  /** One command on a connection of its own. Rejects with the server's own error, or after 5 s without a reply. */
  command(...args: (string | number | Buffer)[]): Promise<Reply>
  /** Freezes it (SIGSTOP): connections stay open, and nothing answers. */
  stop(): void
  /** Thaws it (SIGCONT): what came meanwhile is carried out. */
  cont(): void
  /** Ends it at once (SIGKILL); the port stays its own for `restart`. */
  kill(): Promise<void>
  /** Ends it if it runs, and starts it again on the same port: empty, unless `config` tells it to save. */
  restart(): Promise<void>
  /** Ends it for good and removes its files. */
  end(): Promise<void>
}

/** Starts a server and waits until it answers. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = findRedisServer()
  if (program === undefined) throw new Error(`${installHint}\nOr run \`npm test\` once: it fetches one where it can.`)
  const folder = mkdtempSync(join(tmpdir(), 'larder-redis-'))
  const port = await freePort()
  const file = join(folder, 'redis.conf')
  if (options.configFile !== undefined) writeFileSync(file, options.configFile)
  let running: ChildProcess | undefined

  const command = (...args: (string | number | Buffer)[]): Promise<Reply> => sendCommand(port, args, 5000)

  async function start(): Promise<void> {
    const config = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', ...options.config }
    const settings = Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)])
    const args = [...(options.configFile === undefined ? [] : [file]), ...settings, ...(options.args ?? [])]
    const env = { ...process.env, ...options.env }
    const server = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    running = server
    let output = ''
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-4000)
      })
    }
    server.on('error', error => {
      output += error.message
    })
    await once(server, 'spawn')
    tellReaper({ name: folder, pid: server.pid, folder })
    server.once('exit', () => tellReaper({ name: folder, folder }))
    // A test that forgets to end it ends all the same; the reaper does the rest.
    for (const handle of [server, server.stdout, server.stderr]) (handle as { unref?(): void }).unref?.()
    const deadline = Date.now() + (options.startMs ?? 10_000)
    // Should another process have taken the port meanwhile, it is that one which answers, and ours has ended.
    while (!(await answers(port)) || hasEnded(server)) {
      if (hasEnded(server) || Date.now() > deadline) {
        server.kill('SIGKILL')
        throw new Error(`Redis did not start on port ${port}:\n${output}`)
      }
      await sleep(10)
    }
  }

  async function kill(): Promise<void> {
    const server = running
    if (server === undefined || hasEnded(server)) return
    server.ref()
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  await start()
  return {
    host: '127.0.0.1',
    port,
    url: `redis://127.0.0.1:${port}`,
    folder,
    command,
    stop: () => void running?.kill('SIGSTOP'),
    cont: () => void running?.kill('SIGCONT'),
    kill,
    async restart() {
      await kill()
      await start()
    },
    async end() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Any reply will do: with a password set it is an error. */
async function answers(port: number): Promise<boolean> {
  try {
    await sendCommand(port, ['PING'], 1000)
    return true
  } catch (error) {
    return /^(NOAUTH|DENIED|MASTERDOWN)/.test((error as Error).message)
  }
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null
}
