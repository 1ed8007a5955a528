// The JSON that a request carries, up to 16 kB of it.

import { Refusal } from '@larder-examples/link-up-buddy'
import type { Context } from 'koa'

const mostBytes = 16 * 1024

/** `undefined` when the body is not said to be JSON. */
export async function readJson(ctx: Context): Promise<unknown> {
  if (!ctx.is('application/json')) return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop must not destroy the request: its connection is needed for the answer.
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Refusal(413, 'the body is too large: 16 kB are allowed')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
}
