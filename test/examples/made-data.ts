// Data folders for servers of the tests: made once, copied for each, since making takes long.

import { cpSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from '../../examples/link-up-buddy/src/database/open.ts'
import { temporaryFolder } from './server.ts'

export interface MadeData {
  /** A folder of its own. */
  copy(): string
  remove(): void
}

export async function makeDataFolder(): Promise<MadeData> {
  const folder = temporaryFolder()
  const first = mkdtempSync(join(folder.path, 'made-'))
  const database = await openDatabase({ url: undefined, folder: first, say: () => {} })
  await database.close()
  return {
    copy() {
      const path = mkdtempSync(join(folder.path, 'copy-'))
      cpSync(first, path, { recursive: true })
      return path
    },
    remove: folder.remove,
  }
}
