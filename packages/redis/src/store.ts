// The far store on Redis: one hash a resource, one field a variant, one lease for a fill in the whole fleet.

import { hash, randomUUID } from 'node:crypto'
import type {
  ClaimOutcome,
  FarFound,
  FarStore,
  FarWrite,
  FarWritten,
  Outdated,
  ReleaseOutcome,
  TimedClaim,
} from '@larder/core'
import type { RedisStoreClient } from './client.ts'
import { evaluate } from './evaluate.ts'
import { faultOf, isForeign } from './faults.ts'
import { redisLog } from './log.ts'
import { readClaimed, readTime, readValues, readWritten } from './replies.ts'
import type { Script } from './scripts.ts'
import { type RedisStoreOptions, readStoreOptions } from './store-options.ts'
import { claimScript, releaseScript, setScript, timeScript } from './store-scripts.ts'
import { openSubscription } from './subscription.ts'
import { sendTogether } from './together.ts'

/** When look-ups beside a claim mostly found nothing, the claim goes with the look-up; when they mostly found something, after it. */
const CLAIM_WITH_LOOK_UP = 0.5
const SMOOTHING = 1 / 16

/**
 * The tier that all processes with the same Redis and the same `prefix` share: `createCache({ far: redisStore(client) })`. It takes a client or
 * a Cluster that you own and leaves it as it is. The cache that it is given to opens a log of invalidations beside it, and two connections, for
 * its log and for its leases; it closes them with itself.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function redisStore(client: RedisStoreClient, options: RedisStoreOptions = {}): FarStore {
  const { prefix, maxEntryBytes, log } = readStoreOptions(options)
  // ioredis puts its own prefix before a key, but not before a channel.
  const wakes = `${client.options?.keyPrefix ?? ''}${prefix}wake:`
  const process = randomUUID()
  const together = sendTogether(client)
  // How often a look-up that came with a claim found nothing.
  let missing = 1

  const resourceOf = (key: string): string => `${prefix}e:{${digest(key)}}`
  // Beside its resource in a Cluster, whatever slot that is in.
  const leaseOf = (key: string, lease: string): string => `${prefix}l:{${digest(key)}}${digest(lease)}`

  async function run(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    together()
    try {
      return await evaluate(client, script, keys, args)
    } catch (error) {
      throw faultOf(error)
    }
  }

  const claim = async (key: string, asked: TimedClaim, unless: readonly string[]): Promise<ClaimOutcome> => {
    const { lease, token, holdMs, until } = asked
    const args = [token, String(Math.ceil(holdMs)), process, String(until), ...unless]
    return readClaimed(await run(claimScript, [leaseOf(key, lease), resourceOf(key)], args))
  }

  async function remove(key: string, variant: string | undefined): Promise<void> {
    together()
    try {
      if (variant === undefined) await client.unlink(resourceOf(key))
      else await client.hdel(resourceOf(key), `v${digest(variant)}`, `m${digest(variant)}`)
    } catch (error) {
      throw faultOf(error)
    }
  }

  // What is nobody's to read goes; should that fail, it is looked at again.
  const discard = (key: string, variant?: string): void => void remove(key, variant).catch(() => undefined)

  // A claim that fails takes nothing from what was found.
  const claimBeside = (key: string, variant: string, asked: () => TimedClaim): Promise<ClaimOutcome | undefined> =>
    claim(key, asked(), ['1', digest(variant), '']).catch(() => undefined)

  return {
    get(key, variant, asked) {
      const claiming =
        asked !== undefined && missing >= CLAIM_WITH_LOOK_UP ? claimBeside(key, variant, asked) : undefined

      function found(reply: unknown): FarFound | Promise<FarFound> {
        const [rule, frame] = readValues(reply, 2)
        const isFit = frame !== undefined && frame.length <= maxEntryBytes
        if (frame !== undefined && !isFit) discard(key, variant)
        const what = { rule: rule?.toString('latin1'), frame: isFit ? frame : undefined, claimed: undefined }
        if (asked === undefined) return what
        missing += SMOOTHING * ((isFit ? 0 : 1) - missing)
        if (claiming === undefined && isFit) return what
        return (claiming ?? claimBeside(key, variant, asked)).then(claimed => ({ ...what, claimed }))
      }

      together()
      // No async function: it would cost every hit several promises.
      return client.hmgetBuffer(resourceOf(key), 'r', `v${digest(variant)}`).then(found, error => {
        if (!isForeign(error)) throw faultOf(error)
        discard(key)
        return found([null, null])
      })
    },

    async set(write): Promise<FarWritten> {
      if (write.frame.length > maxEntryBytes) return 'too-large'
      const { key, release } = write
      const keys = [resourceOf(key), leaseOf(key, release?.lease ?? '')]
      return readWritten(await run(setScript, keys, setArguments(write, wakes)))
    },

    remove,
    claim: (key, asked, outdated) => claim(key, asked, outdated ? unlessNewer(outdated) : ['0']),

    async release(key, { lease, token }, outcome, apartMs) {
      const args = [lease, token, wakes, outcome, String(Math.ceil(apartMs))]
      await run(releaseScript, [leaseOf(key, lease)], args)
    },

    async time() {
      return readTime(await run(timeScript, [`${prefix}{log}`], []))
    },

    listen({ ready, released }) {
      const subscription = openSubscription({
        client,
        channel: `${wakes}${process}`,
        onMessage(message) {
          const space = message.indexOf(' ')
          const outcome = message.slice(0, space)
          if (isOutcome(outcome)) released(message.slice(space + 1), outcome)
        },
        onSubscribed() {},
      })
      client.on('ready', ready)
      return () => {
        client.removeListener('ready', ready)
        subscription.close()
      }
    },

    openLog: () => redisLog(client, { ...log, prefix }),
  }
}

function setArguments(write: FarWrite, wakes: string): (string | Buffer)[] {
  const { rule, widens, variant, epoch, position, filledAt, expiresAt, livesMs, maxVariants, frame, release } = write
  return [
    rule,
    widens ?? '',
    digest(variant),
    epoch,
    String(position),
    String(filledAt),
    String(expiresAt),
    String(Math.ceil(livesMs)),
    String(maxVariants),
    frame,
    release?.lease ?? '',
    release?.token ?? '',
    wakes,
  ]
}

function unlessNewer({ variant, filledAt }: Outdated): readonly string[] {
  return ['1', digest(variant), Number.isFinite(filledAt) ? String(filledAt) : '']
}

/** 128 bits, which no two names share; the whole names stand in the frame, where they are compared. */
function digest(name: string): string {
  return name === '' ? OF_NOTHING : hash('sha256', name, 'base64url').slice(0, 22)
}

/** Most resources have one variant, which has no name. */
const OF_NOTHING = hash('sha256', '', 'base64url').slice(0, 22)

function isOutcome(text: string): text is ReleaseOutcome {
  return text === 'stored' || text === 'apart' || text === 'failed'
}
