// One process at a time on a data folder: two of them would destroy it, and nothing in PGlite keeps the second one out.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Takes the folder, or throws what to do about it. Returns what gives the folder back. */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'in-use-by.pid')
  const mine = String(process.pid)

  // Twice: the second time after a file whose owner has ended was removed.
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = readOwner(file)
    if (attempt === 2 || (owner !== undefined && isRunning(owner))) {
      throw new Error(
        `The data folder ${folder} is in use by process ${owner}. Stop that process, or choose another folder: ` +
          'DATA_DIR=<folder>. ' +
          `(If process ${owner} is no Link Up Buddy server, delete ${file}.)`,
      )
    }
    rmSync(file, { force: true })
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
    return true
  } catch (error) {
    // It runs, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
