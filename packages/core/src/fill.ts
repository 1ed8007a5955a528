// One run of a handler, recorded: may its response be stored, and what becomes of those who wait for it?

import { answer } from './answer.ts'
import type { Engine } from './engine.ts'
import type { Exchange, FillFailure, HeadVerdict, Recorder } from './exchange.ts'
import type { Flight } from './flight.ts'
import { type CacheStatus, formatCacheStatus } from './http/cache-status.ts'
import { formatHttpDate } from './http/date.ts'
import { fieldValue, type HeaderList } from './http/headers.ts'
import type { Stamped } from './invalidation/log.ts'
import { forget, keep, makeStored, ruleOf } from './keep.ts'
import { tagName } from './names.ts'
import { withCacheStatus } from './passing.ts'
import type { Plan } from './plan.ts'
import { currentAge, initialAge } from './policy/age.ts'
import { storableFields } from './policy/fields.ts'
import { storeRefusal } from './policy/storing.ts'
import { readTerms } from './policy/terms.ts'
import type { ResponseFacts, Terms, Timing } from './policy/types.ts'
import { freshen, validates } from './policy/validation.ts'
import { variesBy } from './policy/vary.ts'
import type { RefusalReason } from './reasons.ts'
import { reportRequest } from './report.ts'
import type { RouteSettings } from './response-options.ts'
import { answerHeaders, type StoredResponse, ttlSeconds } from './stored-response.ts'
import { areTags, routeTags } from './tagging.ts'

export type FillOutcome = 'stored' | 'unstorable' | 'failed'

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
  readonly ended: ((outcome: FillOutcome) => void) | undefined
}

/** What is known once the head is there and may be stored. */
interface Accepted extends ResponseFacts {
  readonly removed: readonly string[]
  readonly terms: Terms
  readonly respondedAt: number
  readonly tags: readonly string[] | Promise<readonly string[]>
}

export class Fill<Subject> implements Recorder {
  readonly #context: FillContext<Subject>
  readonly #timer: NodeJS.Timeout
  #recording = true
  #settled = false
  #headSeen = false
  #accepted: Accepted | undefined
  #chunks: Buffer[] = []
  #bytes = 0

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
    const { engine, settings, stale, flight, validating } = this.#context
    this.#headSeen = true
    if (this.#settled) return { action: 'pass', set: [] }
    const now = engine.now()
    if (validating && stale !== undefined && status === 304) return this.#validated(stale, headers, now)
    if (status >= 500 && this.#answerStale(now, status)) {
      this.#settle('failed', 'status')
      return { action: 'hold' }
    }
    const terms = readTerms({ status, headers }, settings.policy, now)
    const tags = routeTags(settings.tags, this.#context.exchange.subject)
    const refusal = this.#refusal({ status, headers }, terms, tags)
    if (refusal !== undefined) return this.#refused(status, headers, refusal)

    this.#accepted = { status, headers, removed, terms, respondedAt: now, tags: tags! }
    flight?.tell({ kind: 'storable', shareable: terms.shareable })
    this.#report('miss', status, undefined)
    const set = this.#cacheStatus(headers, { fwd: this.#context.fwd, stored: true, ttl: ttlSeconds(terms, 0) })
    const unnamed = this.#unnamedFields(headers)
    if (unnamed.length > 0) set.push('Vary', unnamed.join(', '))
    const clientTtl = this.#clientTtlSeconds(headers)
    if (clientTtl !== undefined) set.push('Cache-Control', `max-age=${clientTtl}`)
    return { action: 'pass', set }
  }

  write(chunk: Buffer): void {
    if (!this.#recording) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#context.settings.maxBodyBytes) this.#settle('unstorable', 'too-large')
    else this.#chunks.push(chunk)
  }

  end(): void {
    const accepted = this.#accepted
    if (!this.#recording || accepted === undefined) return
    this.#recording = false
    const declared = fieldValue(accepted.headers, 'content-length')
    if (declared !== undefined && Number(declared) !== this.#bytes) this.#settle('failed', 'truncated')
    else if (accepted.tags instanceof Promise) {
      accepted.tags.then(
        tags => this.#store(accepted, tags),
        () => this.#store(accepted, undefined),
      )
    } else this.#store(accepted, accepted.tags)
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

  /** Everything that speaks against storing and is known at the head. */
  #refusal(
    response: ResponseFacts,
    terms: Terms,
    tags: readonly string[] | Promise<readonly string[]> | undefined,
  ): RefusalReason | undefined {
    const { settings } = this.#context
    const refusal = this.#unfit(response, terms)
    if (refusal !== undefined) return refusal
    const length = fieldValue(response.headers, 'content-length')
    if (length !== undefined && Number(length) > settings.maxBodyBytes) return 'too-large'
    return tags instanceof Promise || areTags(tags) ? undefined : this.#badTags()
  }

  /** The law, and the two walls. */
  #unfit(response: ResponseFacts, terms: Terms): RefusalReason | undefined {
    const { settings, exchange, plan } = this.#context
    const refusal = storeRefusal(exchange.request, response, settings.policy, terms, settings)
    if (refusal !== undefined) return refusal
    if (plan.guarded && !terms.shareable) return 'credentials'
    return this.#readIdentity()
  }

  /** Wall 2: the handler read something that tells who asks, and nobody vouched for it. */
  #readIdentity(): RefusalReason | undefined {
    const { exchange, settings } = this.#context
    for (const identity of exchange.observation?.identities ?? []) {
      if (!settings.trust.has(identity)) return `read-${identity}`
    }
    return undefined
  }

  #refused(status: number, headers: HeaderList, refusal: RefusalReason): HeadVerdict {
    const { engine, plan, exchange, stale, fwd } = this.#context
    const isBypass = refusal === 'credentials'
    this.#report(isBypass ? 'bypass' : 'miss', status, refusal)
    // What the resource says now replaces what is stored of it, storable or not; a handler that fails says nothing of it.
    if (status < 500 && !plan.guarded) forget(engine, plan.key, exchange.request.headers, stale)
    this.#settle(status >= 500 ? 'failed' : 'unstorable', refusal)
    return { action: 'pass', set: withCacheStatus(headers, { fwd: isBypass ? 'bypass' : fwd, detail: refusal }) }
  }

  #store(accepted: Accepted, given: readonly string[] | undefined): void {
    const { engine, exchange, settings, plan, begun, stamp } = this.#context
    if (this.#settled) return
    const { status, removed, terms, respondedAt } = accepted
    // The handler may have gone on reading and tagging while it wrote.
    const identity = this.#readIdentity()
    if (identity !== undefined) return this.#settle('unstorable', identity)
    const tags = given === undefined ? undefined : [...new Set([...given, ...exchange.tags])]
    if (!areTags(tags)) return this.#settle('unstorable', this.#badTags())
    const rule = ruleOf(engine, plan.key, accepted, settings.vary, exchange.observation?.fields)
    if (rule === undefined) return this.#settle('unstorable', 'vary-star')

    const headers = storableFields(accepted.headers)
    if (fieldValue(headers, 'date') === undefined) headers.push('Date', formatHttpDate(Date.now()))
    const unnamed = this.#unnamedFields(headers)
    if (unnamed.length > 0) headers.push('Vary', unnamed.join(', '))
    const stored = makeStored({
      status,
      headers,
      removed,
      body: this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#bytes),
      terms,
      timing: this.#timing(accepted, respondedAt),
      begun,
      stamp,
      names: [...plan.names, ...tags.map(tagName)],
      clientTtlSeconds: this.#clientTtlSeconds(accepted.headers),
    })
    const obstacle = keep(engine, plan.key, rule, exchange.request.headers, stored, settings.maxVariants)
    this.#settle(obstacle === undefined ? 'stored' : 'unstorable', obstacle)
  }

  /** §4.3.4: the handler says that the stored response still holds. */
  #validated(stale: StoredResponse, update: HeaderList, now: number): HeadVerdict {
    const { engine, exchange, settings, plan, begun, stamp, background } = this.#context
    const response = { status: stale.status, headers: freshen(stale.headers, storableFields(update)) }
    const terms = readTerms(response, settings.policy, now)
    const stored = makeStored({
      ...stale,
      ...response,
      terms,
      timing: this.#timing({ status: 304, headers: update }, now),
      begun,
      stamp,
    })
    // A 304 that speaks of another representation says nothing for this one.
    const refusal = validates(stale, { headers: update }) ? this.#unfit(response, terms) : 'not-validated'
    if (refusal === undefined) {
      const rule = ruleOf(engine, plan.key, response, settings.vary, exchange.observation?.fields)
      if (rule !== undefined) keep(engine, plan.key, rule, exchange.request.headers, stored, settings.maxVariants)
    } else if (!plan.guarded) forget(engine, plan.key, exchange.request.headers, stale)
    if (!background) {
      const status: CacheStatus = {
        fwd: 'stale',
        fwdStatus: 304,
        stored: refusal === undefined,
        ttl: ttlSeconds(terms, 0),
        ...(refusal === undefined ? {} : { detail: refusal }),
      }
      answer(exchange, stored, answerHeaders(stored, currentAge(stored.timing, now), formatCacheStatus(status)), now)
    }
    this.#report('miss', 304, 'validated')
    this.#settle(refusal === undefined ? 'stored' : 'unstorable', refusal)
    return { action: 'hold' }
  }

  /**
   * §4.2.3. A gateway counts the time that the origin took as age, since it cannot know when in it the response was made. An
   * application's own handler makes its response by the time it sends the head.
   */
  #timing(response: ResponseFacts, respondedAt: number): Timing {
    const { settings, startedAt } = this.#context
    const requestedAt = settings.policy.preset === 'rfc9111' ? startedAt : respondedAt
    return { initialAgeMs: initialAge(response, requestedAt, respondedAt, Date.now()), respondedAt }
  }

  /** The stored response goes out in place of a handler that failed, unless it was purged meanwhile. */
  #answerStale(now: number, failedStatus: number | undefined): boolean {
    const { engine, exchange, stale, mayServeStaleUntil, background } = this.#context
    if (background || stale === undefined || mayServeStaleUntil === undefined || now > mayServeStaleUntil) return false
    if (engine.ledger.verdict(stale, now) === 'invalid') return false
    const ageMs = currentAge(stale.timing, now)
    const status: CacheStatus = {
      fwd: 'stale',
      ...(failedStatus === undefined ? {} : { fwdStatus: failedStatus }),
      ttl: ttlSeconds(stale.terms, ageMs),
      detail: 'stale-if-error',
    }
    answer(exchange, stale, answerHeaders(stale, ageMs, formatCacheStatus(status)), now)
    this.#report('stale', stale.status, 'stale-if-error')
    return true
  }

  #settle(outcome: FillOutcome, reason: RefusalReason | undefined): void {
    if (this.#settled) return
    this.#settled = true
    this.#recording = false
    this.#chunks = []
    clearTimeout(this.#timer)
    const { flight, flightKey, engine, ended } = this.#context
    const { unshared, unsharedMs } = engine.responses
    if (outcome === 'stored') unshared.delete(flightKey)
    else if (outcome === 'unstorable') unshared.set(flightKey, engine.now() + unsharedMs)
    const failed = outcome === 'failed' && reason !== 'called-off'
    flight?.tell(outcome === 'stored' ? { kind: 'stored' } : { kind: 'released', failed })
    ended?.(outcome)
  }

  #badTags(): 'tags' {
    const { engine } = this.#context
    engine.metrics.count('errors')
    engine.emit(() => ({ type: 'fault', cache: engine.name, operation: 'tags', code: 'LARDER_INVALID_TAG' }))
    return 'tags'
  }

  /** Fields that the handler read and that the response's own Vary does not name. Host is in the key. */
  #unnamedFields(headers: HeaderList): string[] {
    const { exchange } = this.#context
    if (exchange.observation === undefined) return []
    return [...exchange.observation.fields].filter(name => name !== 'host' && !variesBy(headers, name))
  }

  #clientTtlSeconds(headers: HeaderList): number | undefined {
    const own = fieldValue(headers, 'cache-control') ?? fieldValue(headers, 'expires')
    return own === undefined ? this.#context.settings.clientTtlSeconds : undefined
  }

  #cacheStatus(headers: HeaderList, status: CacheStatus): string[] {
    const { detail } = this.#context
    return withCacheStatus(headers, detail === undefined ? status : { ...status, detail })
  }

  #report(outcome: 'miss' | 'bypass' | 'stale', status: number, reason: string | undefined): void {
    const { engine, background, startedAt, exchange } = this.#context
    if (background) return
    const stored = outcome === 'miss' && reason === undefined
    reportRequest(engine, exchange.request.method, startedAt, { outcome, status, reason, stored, collapsed: false })
  }
}
