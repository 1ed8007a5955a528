// Is the server that answers still followed? A master that was given up while nobody could tell it goes on answering, and has no replica any more.

import type { Evaluate } from './commands.ts'
import { script } from './scripts.ts'

/** A replica tells its master each second how far it is. One that has been silent for more whole seconds may follow another by now. */
const MOST_SILENT_S = 3

const followersScript = script(`
local count = 0
for silent in string.gmatch(redis.call('INFO', 'replication'), 'state=online,[^\\r\\n]*lag=(%d+)') do
  if tonumber(silent) <= ${MOST_SILENT_S} then count = count + 1 end
end
return count
`)

/** Whether at least so many replicas follow it; false as well when it does not say. Nothing is asked for none. */
export async function isFollowedBy(replicas: number, run: Evaluate): Promise<boolean> {
  if (replicas === 0) return true
  try {
    return Number(await run(followersScript, [])) >= replicas
  } catch {
    return false
  }
}
