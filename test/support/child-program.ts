// What the test of child processes runs in one.

import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from './child.ts'

serve({
  greeting: () => process.env['GREETING'],
  later: (ms: number, value: string) => sleep(ms, value),
  fail() {
    throw Object.assign(new Error('no'), { code: 'E_NO' })
  },
})
