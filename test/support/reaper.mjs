// Ends the servers of a test process when that process ends, however it ends: then this one's input closes.

import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const servers = new Map()

createInterface({ input: process.stdin })
  .on('line', line => {
    const { began, ended, folder } = JSON.parse(line)
    if (began) servers.set(began, folder)
    if (ended) servers.delete(ended)
  })
  .on('close', () => {
    for (const [pid, folder] of servers) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
      rmSync(folder, { recursive: true, force: true })
    }
  })
