// Ends what a test process started when that process ends, however it ends: then this one's input closes.

import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What is to be ended, by its name. */
const reaped = new Map()

createInterface({ input: process.stdin })
  .on('line', line => {
    const { name, pid, folder } = JSON.parse(line)
    reaped.set(name, { pid, folder })
  })
  .on('close', () => {
    for (const { pid, folder } of reaped.values()) {
      try {
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    }
  })
