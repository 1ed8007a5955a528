// A wall clock for a child process that a test moves while it runs; its monotonic clock goes on as it is.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { findFaketime } from '../../scripts/faketime.mjs'

export interface MovableClock {
  /** What the process needs in its environment, beside its own. */
  readonly env: Readonly<Record<string, string>>
  /** From now on its wall clock shows so many seconds more than the real one, or less. */
  move(seconds: number): void
  end(): void
}

/** Why `program` cannot have a clock of its own here, for `this.skip()`; `undefined` when it can. */
export function whyNoMovableClock(program: string = process.execPath): string | undefined {
  const library = findFaketime()
  if (library === undefined)
    return 'no libfaketime: `npm test` fetches it on Debian and Ubuntu, and finds it where it is installed'
  // Some programs do not start under it, and say nothing either.
  const env = { ...process.env, ...environment(library, '/dev/null') }
  const { status } = spawnSync(program, ['--version'], { env, timeout: 5000, killSignal: 'SIGKILL', stdio: 'ignore' })
  return status === 0 ? undefined : `${basename(program)} does not start under libfaketime here`
}

function environment(library: string, file: string): Readonly<Record<string, string>> {
  return {
    // A server with an allocator of its own would ask for the time while the library asks that for memory: it gets the one of libc.
    LD_PRELOAD: `${library} libc.so.6`,
    FAKETIME_TIMESTAMP_FILE: file,
    // It looks into the file each time.
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

/** A clock that shows the real time at first. Any number of processes may share it. */
export function startMovableClock(): MovableClock {
  const library = findFaketime()
  if (library === undefined) throw new Error('There is no libfaketime.')
  const folder = mkdtempSync(join(tmpdir(), 'larder-clock-'))
  const file = join(folder, 'offset')

  function move(seconds: number): void {
    // At once, so that nobody reads half of it.
    writeFileSync(`${file}.next`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${file}.next`, file)
  }

  move(0)
  return {
    env: environment(library, file),
    move,
    end: () => rmSync(folder, { recursive: true, force: true }),
  }
}
