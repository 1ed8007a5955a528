// Ends the servers of a test process when that process ends, however it ends: then this one's input closes.

import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** The process of each server by its folder; `null` while it does not run. */
const servers = new Map()

createInterface({ input: process.stdin })
  .on('line', line => {
    const { folder, pid } = JSON.parse(line)
    servers.set(folder, pid)
  })
  .on('close', () => {
    for (const [folder, pid] of servers) {
      try {
        if (pid !== null) process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
      rmSync(folder, { recursive: true, force: true })
    }
  })
