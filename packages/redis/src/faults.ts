// What went wrong, without what an error of the client holds: its message and its arguments have keys, values and passwords in them.

import { LarderError } from '@larder/core'

/** The server is there, but in no state to answer: as good as away. */
const UNAVAILABLE =
  /^(LOADING|MASTERDOWN|BUSY|TRYAGAIN|CLUSTERDOWN|NOAUTH|WRONGPASS|NOPERM|NOREPLICAS|UNKILLABLE|DENIED|MISCONF|MOVED|ASK)\b/
/** A reply of the server begins with a word in capitals. */
const REPLY = /^(?:Command failed: )?([A-Z]+)\b/

/** The error of a far store for an error of the client. */
export function faultOf(error: unknown): LarderError {
  const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown }
  const text = String(message)
  // A script that runs into an error says so behind words of its own.
  const reply = /(?:^|\s)(OOM|READONLY) /.exec(text)?.[1] ?? REPLY.exec(text)?.[1]
  if (reply === 'OOM') return new LarderError('LARDER_FAR_FULL')
  if (reply === 'READONLY') return new LarderError('LARDER_FAR_READ_ONLY')
  if (name === 'ReplyError' && !UNAVAILABLE.test(text)) return new LarderError('LARDER_FAR_REFUSED')
  return new LarderError('LARDER_FAR_UNAVAILABLE')
}

/** Another type of value lies under the key. */
export function isForeign(error: unknown): boolean {
  return /^WRONGTYPE\b/.test(String((error as { readonly message?: unknown } | null)?.message))
}
