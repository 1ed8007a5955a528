// One run of a handler, recorded: may its response be stored, and what becomes of those who wait for it?

import { answer } from './answer.ts'
import type { Engine } from './engine.ts'
import type { Exchange, FillFailure, HeadVerdict, Recorder } from './exchange.ts'
import type { Flight } from './flight.ts'
import { type CacheStatus, formatCacheStatus } from './http/cache-status.ts'
import { formatHttpDate } from './http/date.ts'
import { fieldLines, fieldValue, type HeaderList } from './http/headers.ts'
import type { Stamped } from './invalidation/log.ts'
import { keep, makeStored } from './keep.ts'
import { tagName } from './names.ts'
import type { Plan } from './plan.ts'
import { currentAge, initialAge } from './policy/age.ts'
import { storableFields } from './policy/fields.ts'
import { storeRefusal } from './policy/storing.ts'
import { readTerms } from './policy/terms.ts'
import type { Terms } from './policy/types.ts'
import { freshen } from './policy/validation.ts'
import { impliedVary, variantOf, varyNames } from './policy/vary.ts'
import type { RefusalReason } from './reasons.ts'
import type { RouteSettings } from './response-options.ts'
import { answerHeaders, mergeRules, type Resource, type StoredResponse, withoutVariant } from './stored-response.ts'

export interface FillContext<Subject> {
  readonly engine: Engine
  readonly settings: RouteSettings<Subject>
  readonly exchange: Exchange<Subject>
  readonly plan: Plan
  /** Why the request goes to the handler. */
  readonly fwd: NonNullable<CacheStatus['fwd']>
  readonly detail: string | undefined
  /** Those who wait for this run; none when it runs for its own client alone. */
  readonly flight: Flight | undefined
  readonly flightKey: string
  /** Taken before the handler runs. */
  readonly stamp: Stamped
  readonly begun: number
  readonly startedAt: number
  /** The stored response that this run is to validate or to replace. */
  readonly stale: StoredResponse | undefined
  /** The validators of `stale` were handed to the handler. */
  readonly validating: boolean
  /** Until when `stale` may stand in for a handler that fails. */
  readonly mayServeStaleUntil: number | undefined
  /** Nobody is waiting for this very response: it fills behind a stale one. */
  readonly background: boolean
  /** Told once how it ended. */
  readonly ended: ((outcome: 'stored' | 'unstorable' | 'failed') => void) | undefined
}

/** Most tags of one response, and most bytes of one tag. */
const MAX_TAGS = 64
const MAX_TAG_BYTES = 128

export class Fill<Subject> implements Recorder {
  readonly #context: FillContext<Subject>
  readonly #timer: NodeJS.Timeout
  #recording = true
  #settled = false
  #headSeen = false
  #chunks: Buffer[] = []
  #bytes = 0
  #status = 0
  #headers: HeaderList = []
  #removed: readonly string[] = []
  #respondedAt = 0
  #terms: Terms | undefined
  #tags: readonly string[] | Promise<readonly string[]> = []

  constructor(context: FillContext<Subject>) {
    this.#context = context
    this.#timer = setTimeout(() => this.#settle('failed', 'fill-timeout'), context.settings.fillTimeoutMs)
    this.#timer.unref()
  }

  get recording(): boolean {
    return this.#recording
  }

  /** Another cache over the same engine, further in, has taken the request over. */
  callOff(): void {
    this.#settle('failed', 'called-off')
  }

  head(status: number, headers: HeaderList, removed: readonly string[]): HeadVerdict {
    const { engine, exchange, settings, plan, stale } = this.#context
    const now = engine.now()
    this.#headSeen = true
    if (this.#settled) return { action: 'pass', set: [] }
    if (this.#context.validating && stale !== undefined && status === 304) return this.#validated(stale, headers, now)
    if (status >= 500 && this.#answerStale(now, status)) {
      this.#settle('failed', 'status')
      return { action: 'hold' }
    }

    this.#status = status
    this.#headers = headers
    this.#removed = removed
    this.#respondedAt = now
    this.#terms = readTerms({ status, headers }, settings.policy, now)
    const refusal = this.#refusal(this.#terms)
    if (refusal !== undefined) {
      const credentials = refusal === 'credentials'
      const verdict = this.#pass(
        credentials ? { fwd: 'bypass', detail: refusal } : { fwd: this.#context.fwd, detail: refusal },
      )
      this.#report(credentials ? 'bypass' : 'miss', status, refusal)
      // What the resource says now replaces what is stored of it, storable or not; a failing handler says nothing.
      if (status < 500 && !plan.guarded) this.#forget()
      this.#settle(status >= 500 ? 'failed' : 'unstorable', refusal)
      return verdict
    }

    this.#context.flight?.tell({ kind: 'storable', shareable: this.#terms.shareable })
    this.#report('miss', status, undefined)
    const set: string[] = []
    const fields = exchange.observation?.fields
    const unnamed = fields === undefined ? [] : [...fields].filter(name => !this.#isCovered(name))
    if (unnamed.length > 0) set.push('Vary', joined(fieldValue(headers, 'vary'), unnamed.join(', ')))
    if (this.#clientTtlSeconds() !== undefined) set.push('Cache-Control', `max-age=${this.#clientTtlSeconds()}`)
    return this.#pass(
      {
        fwd: this.#context.fwd,
        stored: true,
        ttl: this.#ttlSeconds(this.#terms),
        ...(this.#context.detail === undefined ? {} : { detail: this.#context.detail }),
      },
      set,
    )
  }

  write(chunk: Buffer): void {
    if (!this.#recording) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#context.settings.maxBodyBytes) this.#settle('unstorable', 'too-large')
    else this.#chunks.push(chunk)
  }

  end(): void {
    if (!this.#recording || this.#settled) return
    this.#recording = false
    const declared = fieldValue(this.#headers, 'content-length')
    if (declared !== undefined && Number(declared) !== this.#bytes) return this.#settle('failed', 'truncated')
    if (this.#tags instanceof Promise) {
      this.#tags.then(
        tags => this.#store(tags),
        () => this.#fault('tags'),
      )
    } else this.#store(this.#tags)
  }

  fail(reason: FillFailure): 'answered' | 'unanswered' {
    if (!this.#headSeen && !this.#settled) {
      this.#headSeen = true
      if (this.#answerStale(this.#context.engine.now(), undefined)) {
        this.#settle('failed', reason)
        return 'answered'
      }
      this.#report('miss', 0, reason)
    }
    this.#settle('failed', reason)
    return 'unanswered'
  }

  /** Everything that speaks against storing and is known at the head; the reason is what we report. */
  #refusal(terms: Terms): RefusalReason | undefined {
    const { settings, exchange, plan } = this.#context
    const response = { status: this.#status, headers: this.#headers }
    const refusal = storeRefusal(exchange.request, response, settings.policy, terms, { optedIn: settings.optedIn })
    if (refusal !== undefined) return refusal
    if (plan.guarded && !terms.shareable) return 'credentials'
    const observed = this.#observed()
    if (observed !== undefined) return observed
    const length = fieldValue(this.#headers, 'content-length')
    if (length !== undefined && Number(length) > settings.maxBodyBytes) return 'too-large'
    try {
      const { tags } = settings
      const given = typeof tags === 'function' ? tags(exchange.subject) : (tags ?? [])
      if (given instanceof Promise) {
        // Whatever becomes of the response, a rejection must not go unhandled.
        given.catch(() => undefined)
        this.#tags = given
      } else {
        if (!areTags(given)) return 'tags'
        this.#tags = given
      }
    } catch {
      this.#report('miss', this.#status, 'tags')
      this.#context.engine.emit(() => ({
        type: 'fault',
        cache: this.#context.engine.name,
        operation: 'tags',
        code: undefined,
      }))
      return 'tags'
    }
    return undefined
  }

  /** Wall 2: identity that the handler read and that nobody vouched for. */
  #observed(): RefusalReason | undefined {
    const { exchange, settings } = this.#context
    for (const identity of exchange.observation?.identities ?? []) {
      if (!settings.trust.has(identity)) return `read-${identity}`
    }
    return undefined
  }

  #store(routeTags: readonly string[]): void {
    const { engine, exchange, settings, plan, begun, stamp } = this.#context
    if (this.#settled) return
    const observed = this.#observed()
    if (observed !== undefined) return this.#settle('unstorable', observed)
    const tags = [...new Set([...routeTags, ...exchange.tags])]
    if (!areTags(tags)) return this.#settle('unstorable', 'tags')

    const response = { status: this.#status, headers: this.#headers }
    const rule = this.#rule()
    if (rule === undefined) return this.#settle('unstorable', 'vary-star')
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#bytes)
    const headers = storableFields(this.#headers)
    if (fieldValue(headers, 'date') === undefined) headers.push('Date', formatHttpDate(Date.now()))
    const observedFields = exchange.observation?.fields
    if (observedFields !== undefined) this.#nameObserved(headers, observedFields)
    const stored = makeStored({
      status: this.#status,
      headers,
      removed: this.#removed,
      body,
      terms: this.#terms!,
      timing: {
        initialAgeMs: initialAge(response, this.#context.startedAt, this.#respondedAt, Date.now()),
        respondedAt: this.#respondedAt,
      },
      begun,
      stamp,
      names: [...plan.names, ...tags.map(tagName)],
      clientTtlSeconds: this.#clientTtlSeconds(),
    })
    const kept = keep(engine, plan.key, rule, exchange.request.headers, stored, settings.maxVariants)
    if (kept !== undefined) return this.#settle('unstorable', kept)
    this.#settle('stored', undefined)
  }

  #validated(stale: StoredResponse, update: HeaderList, now: number): HeadVerdict {
    const { engine, exchange, settings, plan, begun, stamp } = this.#context
    const headers = freshen(stale.headers, storableFields(update))
    const response = { status: stale.status, headers }
    const terms = readTerms(response, settings.policy, now)
    const stored = makeStored({
      ...response,
      removed: stale.removed,
      body: stale.body,
      terms,
      timing: {
        initialAgeMs: initialAge({ status: 304, headers: update }, this.#context.startedAt, now, Date.now()),
        respondedAt: now,
      },
      begun,
      stamp,
      names: stale.names,
      clientTtlSeconds: stale.clientTtlSeconds,
    })
    const refusal =
      storeRefusal(exchange.request, response, settings.policy, terms, { optedIn: settings.optedIn }) ??
      this.#observed() ??
      (plan.guarded && !terms.shareable ? 'credentials' : undefined)
    if (refusal === undefined) {
      const resource = engine.near.get(plan.key) as Resource | undefined
      keep(engine, plan.key, resource?.rule ?? [], exchange.request.headers, stored, settings.maxVariants)
    } else if (!plan.guarded) this.#forget()
    if (!this.#context.background) {
      const status = formatCacheStatus({
        fwd: 'stale',
        fwdStatus: 304,
        stored: refusal === undefined,
        ttl: this.#ttlSeconds(terms),
        ...(refusal === undefined ? {} : { detail: refusal }),
      })
      answer(exchange, stored, answerHeaders(stored, currentAge(stored.timing, now), status), now)
    }
    this.#report('miss', 304, 'validated')
    this.#settle(refusal === undefined ? 'stored' : 'unstorable', refusal)
    return { action: 'hold' }
  }

  /** The stored response goes out in place of a handler that failed, unless it was purged meanwhile. */
  #answerStale(now: number, failedStatus: number | undefined): boolean {
    const { engine, exchange, stale, mayServeStaleUntil, background } = this.#context
    if (background || stale === undefined || mayServeStaleUntil === undefined || now > mayServeStaleUntil) return false
    if (engine.ledger.verdict(stale, now) === 'invalid') return false
    const ageMs = currentAge(stale.timing, now)
    const status = formatCacheStatus({
      fwd: 'stale',
      ...(failedStatus === undefined ? {} : { fwdStatus: failedStatus }),
      ttl: Math.floor((stale.terms.freshnessLifetimeMs - ageMs) / 1000),
      detail: 'stale-if-error',
    })
    answer(exchange, stale, answerHeaders(stale, ageMs, status), now)
    engine.metrics.count('staleHits')
    this.#report('stale', stale.status, 'stale-if-error')
    return true
  }

  #settle(outcome: 'stored' | 'unstorable' | 'failed', reason: RefusalReason | undefined): void {
    if (this.#settled) return
    this.#settled = true
    this.#recording = false
    this.#chunks = []
    clearTimeout(this.#timer)
    const { flight, flightKey, engine } = this.#context
    const { unshared, unsharedMs } = engine.responses
    if (outcome === 'stored') unshared.delete(flightKey)
    else if (outcome === 'unstorable') unshared.set(flightKey, engine.now() + unsharedMs)
    flight?.tell(
      outcome === 'stored'
        ? { kind: 'stored' }
        : { kind: 'released', failed: outcome === 'failed' && reason !== 'called-off' },
    )
    this.#context.ended?.(outcome)
  }

  #fault(operation: 'tags'): void {
    const { engine } = this.#context
    engine.metrics.count('errors')
    engine.emit(() => ({ type: 'fault', cache: engine.name, operation, code: undefined }))
    this.#settle('unstorable', 'tags')
  }

  #forget(): void {
    const { engine, plan, exchange, stale } = this.#context
    const resource = engine.near.get(plan.key) as Resource | undefined
    if (stale === undefined || resource === undefined) return
    const variant = variantOf(resource.rule, exchange.request.headers)
    // Somebody may have stored a newer one meanwhile.
    if (resource.variants.get(variant) !== stale) return
    const left = withoutVariant(resource, variant)
    if (left === undefined) engine.near.delete(plan.key)
    else engine.near.set(plan.key, left, left.bytes)
  }

  /** The request fields that select the variant: what the response says, what the route says, what the handler read. */
  #rule(): readonly string[] | undefined {
    const { settings, exchange, engine, plan } = this.#context
    const own = varyNames(this.#headers)
    if (own === '*') return undefined
    const names = new Set([...own, ...settings.vary, ...impliedVary({ status: this.#status, headers: this.#headers })])
    for (const name of exchange.observation?.fields ?? []) if (name !== 'host') names.add(name)
    const before = (engine.near.get(plan.key) as Resource | undefined)?.rule ?? []
    return mergeRules(before, [...names].sort())
  }

  #isCovered(name: string): boolean {
    if (name === 'host') return true
    const own = varyNames(this.#headers)
    return own === '*' || own.includes(name)
  }

  #nameObserved(headers: string[], fields: ReadonlySet<string>): void {
    const missing = [...fields].filter(name => !this.#isCovered(name))
    if (missing.length > 0) headers.push('Vary', missing.join(', '))
  }

  #clientTtlSeconds(): number | undefined {
    const own = fieldValue(this.#headers, 'cache-control') ?? fieldValue(this.#headers, 'expires')
    return own === undefined ? this.#context.settings.clientTtlSeconds : undefined
  }

  #ttlSeconds(terms: Terms): number {
    return Math.floor(terms.freshnessLifetimeMs / 1000)
  }

  #pass(status: CacheStatus, set: readonly string[] = []): HeadVerdict {
    const upstream = fieldLines(this.#headers, 'cache-status').join(', ')
    const own = formatCacheStatus(status)
    return { action: 'pass', set: [...set, 'Cache-Status', upstream === '' ? own : `${upstream}, ${own}`] }
  }

  #report(outcome: 'miss' | 'bypass' | 'stale', status: number, reason: string | undefined): void {
    const { engine, background, startedAt, exchange } = this.#context
    if (background) return
    if (outcome === 'miss') engine.metrics.count('misses')
    else if (outcome === 'bypass') engine.metrics.count('bypasses')
    engine.emit(() => ({
      type: 'request',
      cache: engine.name,
      outcome,
      reason,
      method: exchange.request.method,
      status,
      stored: outcome === 'miss' && reason === undefined,
      collapsed: false,
      durationMs: engine.now() - startedAt,
    }))
  }
}

function joined(first: string | undefined, second: string): string {
  return first === undefined ? second : `${first}, ${second}`
}

function areTags(tags: unknown): tags is readonly string[] {
  return (
    Array.isArray(tags) &&
    tags.length <= MAX_TAGS &&
    tags.every(tag => typeof tag === 'string' && tag !== '' && Buffer.byteLength(tag) <= MAX_TAG_BYTES)
  )
}
