// A script by its digest, and by its text where the server does not know it yet.

import type { RedisClient } from './client.ts'
import type { Script } from './scripts.ts'

export async function evaluate(
  client: Pick<RedisClient, 'evalsha' | 'eval'>,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!/^NOSCRIPT/.test(String((error as Error | undefined)?.message))) throw error
    return client.eval(text, keys.length, ...keys, ...args)
  }
}
