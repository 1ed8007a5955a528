// One process at a time on a data folder: two of them would destroy it, and nothing in PGlite keeps the second one out.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** How long an owner gets that is just about to end, as in a restart. */
const patienceMs = 1_000

/** Takes the folder, or throws what to do about it. Returns what gives the folder back. */
export async function lockFolder(folder: string): Promise<() => void> {
  const file = join(folder, 'in-use-by.pid')
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = readOwner(file)
    if (owner === undefined || !isRunning(owner)) rmSync(file, { force: true })
    else if (performance.now() < until) await setTimeout(50)
    else {
      throw new Error(
        `The data folder ${folder} is in use by process ${owner}. Stop that process, or choose another folder: ` +
          `DATA_DIR=<folder>. (If process ${owner} is no Link Up Buddy server, delete ${file}.)`,
      )
    }
  }
}

/** `undefined` when the file has gone or tells nothing. */
function readOwner(file: string): number | undefined {
  try {
    const owner = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(owner) && owner > 0 ? owner : undefined
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  // In a container every start may get the same number, so our own number is one that an earlier process left.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // It runs, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !hasEnded(pid)
}

/** Linux lets a killed process be signalled until its parent has waited for it, which in a container may be never. */
function hasEnded(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
