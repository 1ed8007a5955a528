// Runs one snippet as its reader would: as a file in a project that has Larder installed.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { startRedis } from '../support/redis-server.ts'
import type { Snippet } from './pages.ts'
import { parseSteps, takeStep } from './steps.ts'

const listenHook = new URL('listen.mjs', import.meta.url).href
const tsx = import.meta.resolve('tsx')

/** Runs the snippet, which lies at `path`, and checks all that its directives promise. */
export async function runSnippet(snippet: Snippet, path: string): Promise<void> {
  const { directives } = snippet
  const redis = directives.get('needs') === 'redis' ? await startRedis() : undefined
  const { PATH, HOME } = process.env
  const nodeArgs = ['--conditions=@larder/source', '--import', tsx, '--import', listenHook]
  const moreArgs = directives.get('args')?.split(/\s+/) ?? []
  const child = spawn(process.execPath, [...nodeArgs, ...moreArgs, path], {
    cwd: dirname(path),
    env: { PATH, HOME, NO_COLOR: '1', ...(redis && { REDIS_URL: redis.url }) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const output = collect(child)
  try {
    const steps = parseSteps(directives.get('run') ?? '')
    const outcome = await Promise.race([listening(child), ended(child)])
    if (typeof outcome === 'object' && steps.length > 0) {
      for (const step of steps) await takeStep(step, outcome.port)
    } else {
      expect(steps, 'It ended without listening').to.have.length(0)
      const code = typeof outcome === 'object' ? await ended(child, 1000) : outcome
      const hint = 'It does not end. When it is a server, say in <!-- run: … --> what to ask it'
      expect(code, code === 'running' ? hint : 'its exit code').to.equal(directives.has('throws') ? 1 : 0)
    }
    for (const name of ['prints', 'throws']) {
      const promised = directives.get(name) ?? ''
      for (let waits = 0; waits < 50 && !output().includes(promised); waits++) await sleep(20)
      expect(output()).to.include(promised)
    }
  } catch (error) {
    if (error instanceof Error) error.message += `\n${output()}`
    throw error
  } finally {
    child.kill('SIGKILL')
    await redis?.end()
  }
}

async function listening(child: ChildProcess): Promise<{ port: number }> {
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return message
}

/** The exit code, or `'running'` when it has not ended in time. */
async function ended(child: ChildProcess, timeoutMs = 15_000): Promise<number | 'running'> {
  if (child.exitCode !== null) return child.exitCode
  try {
    const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(timeoutMs) })) as [number | null]
    return code ?? 1
  } catch {
    return 'running'
  }
}

function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-8000)
    })
  }
  return () => text
}
