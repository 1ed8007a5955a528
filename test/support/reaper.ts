// What a test starts ends with the test process, however that ends: the reaper is told of it.

import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface Reaped {
  /** Tells it from others; what is said later of the same name takes the place of what was said before. */
  readonly name: string
  /** To be killed. */
  readonly pid?: number | undefined
  /** To be removed. */
  readonly folder?: string | undefined
}

let reaper: Writable | undefined

/** Says what is to be ended. With neither a process nor a folder, nothing is. */
export function tellReaper(reaped: Reaped): void {
  if (reaper === undefined) {
    // In a process group of its own, so that Ctrl-C in a terminal does not end it first.
    const child = spawn(process.execPath, [fileURLToPath(new URL('reaper.mjs', import.meta.url))], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    child.unref()
    ;(child.stdin as Writable & { unref(): void }).unref()
    reaper = child.stdin.on('error', () => {})
  }
  reaper.write(`${JSON.stringify(reaped)}\n`)
}
