// A mode from a file that is edited while the process runs: looked at four times a second, read only when it has changed.

import { unwatchFile, watchFile } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { checkOptions, isString } from '../options.ts'
import { type FlagAnswer, type WatchedFlags, type WatchOptions, watchFlag, watchShape } from './watched.ts'

export interface FileFlagsOptions extends WatchOptions {
  /** The key of the flag: a boolean, or a string that names a mode. @default 'redis-caching-enabled' */
  readonly flag?: string
}

const shape = { ...watchShape, flag: isString }
const intervalMs = 250
/** Whatever is larger is no file of flags. */
const mostBytes = 1024 * 1024

/**
 * Flags from a file of JSON: `{ "flagValues": { "redis-caching-enabled": false } }`, as LaunchDarkly's SDK writes them for files. A change holds
 * within half a second, however it is saved: written in place, renamed over, or mounted anew. The `default` holds until the file was read
 * once, and where the flag is not in it; where the file has gone, or is no such JSON, the last good mode stays.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION
 */
export function fileFlags(path: string, options: FileFlagsOptions = {}): WatchedFlags {
  checkOptions('fileFlags()', { path: path ?? null }, { path: isString })
  checkOptions('fileFlags()', options, shape)
  const { flag = 'redis-caching-enabled', ...watchOptions } = options

  return watchFlag(
    {
      evaluate: answer => void read(path, flag).then(answer),
      watch(changed) {
        // Asking for its state sees what watching the folder does not: a link that leads elsewhere now, and a volume of the network.
        const look = (): void => changed()
        watchFile(path, { interval: intervalMs, persistent: false }, look)
        return () => unwatchFile(path, look)
      },
    },
    watchOptions,
  )
}

async function read(path: string, flag: string): Promise<FlagAnswer> {
  try {
    if ((await stat(path)).size > mostBytes) return { state: 'unknown', code: 'EFBIG' }
    const { flagValues } = Object(JSON.parse(await readFile(path, 'utf8'))) as { readonly flagValues?: unknown }
    if (typeof flagValues !== 'object' || flagValues === null) return { state: 'unknown', code: 'LARDER_INVALID_FLAG' }
    if (!Object.hasOwn(flagValues, flag)) return { state: 'absent', code: 'FLAG_NOT_FOUND' }
    return { state: 'value', value: (flagValues as Readonly<Record<string, unknown>>)[flag] }
  } catch (error) {
    const { code = 'LARDER_INVALID_FLAG' } = error as { readonly code?: string }
    return { state: 'unknown', code }
  }
}
