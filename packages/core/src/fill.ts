// One run of a handler, recorded: may its response be stored, and what becomes of those who wait for it?

import { identityRead, refusalAtHead, ruleFor, tagsRefused } from './admission.ts'
import { answer } from './answer.ts'
import { LONGEST_TIMER_MS } from './duration.ts'
import { modeOf } from './engine.ts'
import type { FillFailure, HeadVerdict, Recorder } from './exchange.ts'
import { endLease, shareResponse } from './far/responses.ts'
import type { FillContext, FillOutcome } from './fill-context.ts'
import { freshenStored } from './freshening.ts'
import { type CacheStatus, formatCacheStatus } from './http/cache-status.ts'
import { fieldValue, type HeaderList } from './http/headers.ts'
import { forget, keep, makeStored, ownBuffer, timingOf } from './keep.ts'
import { tagName } from './names.ts'
import { withCacheStatus } from './passing.ts'
import { currentAge } from './policy/age.ts'
import { isCodable } from './policy/coding.ts'
import { storableFields } from './policy/fields.ts'
import { readTerms } from './policy/terms.ts'
import type { ResponseFacts, Terms } from './policy/types.ts'
import { variesBy, varyNames } from './policy/vary.ts'
import type { RefusalReason } from './reasons.ts'
import { reportRequest } from './report.ts'
import { standIn } from './stand-in.ts'
import { answerHeaders, type StoredResponse, ttlSeconds } from './stored-response.ts'
import { areTags, groupNames, routeTags, tagsIn } from './tagging.ts'

/** What is known once the head is there and may be stored. */
interface Accepted extends ResponseFacts {
  readonly removed: readonly string[]
  readonly terms: Terms
  readonly respondedAt: number
  readonly tags: readonly string[] | Promise<readonly string[]>
  readonly clientTtlSeconds: number | undefined
}

export class Fill<Subject> implements Recorder {
  readonly #context: FillContext<Subject>
  readonly #timer: NodeJS.Timeout
  #recording = true
  #settled = false
  #calledOff = false
  #headSeen = false
  #accepted: Accepted | undefined
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(context: FillContext<Subject>) {
    this.#context = context
    const limitMs = Math.min(context.settings.fillTimeoutMs, LONGEST_TIMER_MS)
    this.#timer = setTimeout(() => this.#settle('failed', 'fill-timeout'), limitMs)
    this.#timer.unref()
  }

  get recording(): boolean {
    return this.#recording
  }

  /** Another cache over the same engine, further in, has taken the request over. */
  callOff(): void {
    this.#calledOff = true
    this.#settle('failed', 'called-off')
  }

  head(status: number, headers: HeaderList, removed: readonly string[], standing: HeaderList = []): HeadVerdict {
    const { engine, exchange, settings, stale, flight, validating, fwd, background } = this.#context
    this.#headSeen = true
    const now = engine.now()
    // Our validators brought it forth, so it is never the client's answer, however late it comes.
    if (validating && stale !== undefined && status === 304) return this.#validated(stale, headers, standing, now)
    if (this.#calledOff) return { action: 'pass', set: [] }
    if (status >= 500 && !background && standIn(this.#context, status)) {
      this.#settle('failed', 'status')
      return { action: 'hold' }
    }
    if (this.#settled) {
      this.#report('miss', status, 'fill-timeout')
      return { action: 'pass', set: withCacheStatus(headers, { fwd, detail: 'fill-timeout' }) }
    }
    // What outer layers said goes out with it, and counts as if the handler had said it.
    const said = { status, headers: standing.length === 0 ? headers : [...headers, ...standing] }
    const terms = readTerms(said, settings.policy, Date.now())
    const tags = routeTags(settings.tags, exchange.subject)
    const refusal = refusalAtHead(this.#context, said, terms, tags)
    if (refusal !== undefined) return this.#refused(status, headers, refusal)

    const clientTtlSeconds = this.#clientTtlSeconds(said.headers)
    this.#accepted = { status, headers, removed, terms, respondedAt: now, tags: tags!, clientTtlSeconds }
    flight?.tell({ kind: 'storable', shareable: terms.shareable })
    this.#report('miss', status, undefined)
    const set = this.#cacheStatus(headers, { fwd: this.#context.fwd, stored: true, ttl: ttlSeconds(terms, 0) })
    const unnamed = this.#unnamedFields(headers)
    // Hits will be in a coding that their client takes.
    if (settings.compress && isCodable(said) && !variesBy(headers, 'accept-encoding')) unnamed.push('Accept-Encoding')
    if (unnamed.length > 0) set.push('Vary', unnamed.join(', '))
    if (clientTtlSeconds !== undefined) set.push('Cache-Control', `max-age=${clientTtlSeconds}`)
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
    if (!this.#headSeen && !this.#calledOff) {
      this.#headSeen = true
      if (!this.#context.background && standIn(this.#context, undefined)) {
        this.#settle('failed', reason)
        return 'answered'
      }
      this.#report('miss', 0, reason)
    }
    this.#settle('failed', reason)
    return 'unanswered'
  }

  #refused(status: number, headers: HeaderList, refusal: RefusalReason): HeadVerdict {
    const { fwd } = this.#context
    const isBypass = refusal === 'credentials'
    this.#report(isBypass ? 'bypass' : 'miss', status, refusal)
    this.#settle(status >= 500 ? 'failed' : outcomeOf(refusal), refusal)
    return { action: 'pass', set: withCacheStatus(headers, { fwd: isBypass ? 'bypass' : fwd, detail: refusal }) }
  }

  #store(accepted: Accepted, given: unknown): void {
    const { engine, exchange, settings, names, begun, stamp } = this.#context
    if (this.#settled) return
    if (modeOf(engine) !== 'on') return this.#settle('failed', 'read-only')
    const { status, removed, terms, respondedAt, clientTtlSeconds } = accepted
    // The handler may have gone on reading and tagging while it wrote.
    const identity = identityRead(this.#context, terms)
    if (identity !== undefined) return this.#settle('unstorable', identity)
    const tags = areTags(given) ? union(given, exchange.tags) : undefined
    if (!areTags(tags)) return this.#settle('unstorable', tagsRefused(engine))
    const headers = storableFields(accepted.headers, settings.policy.preset)
    if (fieldValue(headers, 'date') === undefined) headers.push('Date', engine.httpDate())
    const unnamed = this.#unnamedFields(headers)
    if (unnamed.length > 0) headers.push('Vary', unnamed.join(', '))
    const stored = makeStored({
      status,
      headers,
      removed,
      body: ownBuffer(this.#chunks, this.#bytes),
      terms,
      timing: timingOf(accepted, settings.policy, stamp, respondedAt),
      begun,
      stamp,
      names: union(names, groupNames(exchange.request, headers), tags.map(tagName)),
      clientTtlSeconds,
    })
    const obstacle = this.#keep(accepted, stored)
    this.#settle(obstacle === undefined ? 'stored' : 'unstorable', obstacle)
  }

  #keep(response: ResponseFacts, stored: StoredResponse): RefusalReason | undefined {
    const { engine, exchange, plan, settings, lease } = this.#context
    const [key, maxVariants] = [plan.key, settings.maxVariants]
    const { headers } = exchange.request
    const rule = ruleFor(this.#context, response)
    if (rule === undefined) return 'vary-star'
    const obstacle = keep(engine, key, rule, headers, stored, maxVariants)
    if (obstacle !== undefined) endLease(engine, key, lease, 'apart')
    else if (engine.far !== undefined) void shareResponse(engine, { key, rule, headers, stored, maxVariants, lease })
    return obstacle
  }

  /** §4.3.4: the handler says that the stored response still holds. */
  #validated(stale: StoredResponse, update: HeaderList, standing: HeaderList, now: number): HeadVerdict {
    const { exchange, settings, background } = this.#context
    const { holds, stored, response, own } = freshenStored({
      ...this.#context,
      ...settings,
      stale,
      update,
      standing,
      now,
    })
    const refusal = holds ? refusalAtHead(this.#context, response, stored.terms, tagsIn(stored.names)) : 'not-validated'
    const isKept = refusal === undefined && !this.#settled && this.#keep(response, stored) === undefined
    const ageMs = currentAge(stored.timing, now)
    if (!background) {
      const status: CacheStatus = {
        fwd: 'stale',
        fwdStatus: 304,
        stored: isKept,
        ttl: ttlSeconds(stored.terms, 0),
        ...(refusal === undefined ? {} : { detail: refusal }),
      }
      const headers = answerHeaders(stored, ageMs, formatCacheStatus(status))
      answer(exchange, stored, [...headers, ...own], now, settings.policy.preset)
    }
    this.#report('miss', 304, 'validated', ageMs)
    this.#settle(refusal === undefined ? 'stored' : outcomeOf(refusal), refusal)
    return { action: 'hold' }
  }

  #settle(outcome: FillOutcome, reason: RefusalReason | undefined): void {
    if (this.#settled) return
    this.#settled = true
    this.#recording = false
    this.#chunks = []
    clearTimeout(this.#timer)
    const { engine, plan, flight, lease, ended } = this.#context
    try {
      this.#remember(outcome)
      if (outcome !== 'stored') endLease(engine, plan.key, lease, outcome === 'failed' ? 'failed' : 'apart')
    } finally {
      // Whatever breaks, nobody waits for what is over.
      const failed = outcome === 'failed' && reason !== 'called-off'
      flight?.tell(outcome === 'stored' ? { kind: 'stored' } : { kind: 'released', failed })
      ended?.(outcome)
    }
  }

  /** What the outcome says for the requests to come. */
  #remember(outcome: FillOutcome): void {
    const { flightKey, engine, exchange, plan, stale } = this.#context
    const { unshared, unsharedMs } = engine.responses
    if (outcome === 'stored') unshared.delete(flightKey)
    else if (outcome === 'unstorable') {
      unshared.set(flightKey, engine.now() + unsharedMs)
      // What the resource says now replaces what is stored of it, storable or not; what it says to one client does not.
      if (!plan.guarded) forget(engine, plan.key, exchange.request.headers, stale)
    }
    if (outcome !== 'stored' && this.#accepted !== undefined && !this.#calledOff) {
      // Its client was told that it is stored.
      engine.emit(() => ({ type: 'fault', cache: engine.name, operation: 'fill', code: undefined }))
    }
  }

  /** Fields that the handler read and that the response's own Vary does not name. Host is in the key. */
  #unnamedFields(headers: HeaderList): string[] {
    const { exchange } = this.#context
    const { observation } = exchange
    if (observation === undefined || observation.fields.size === 0) return []
    const named = varyNames(headers)
    return named === '*' ? [] : [...observation.fields].filter(name => name !== 'host' && !named.includes(name))
  }

  #clientTtlSeconds(headers: HeaderList): number | undefined {
    const own = fieldValue(headers, 'cache-control') ?? fieldValue(headers, 'expires')
    return own === undefined ? this.#context.settings.clientTtlSeconds : undefined
  }

  #cacheStatus(headers: HeaderList, status: CacheStatus): string[] {
    const { detail } = this.#context
    return withCacheStatus(headers, detail === undefined ? status : { ...status, detail })
  }

  #report(outcome: 'miss' | 'bypass', status: number, reason: string | undefined, ageMs?: number): void {
    const { engine, background, startedAt, exchange } = this.#context
    if (background || this.#calledOff) return
    const stored = outcome === 'miss' && reason === undefined
    reportRequest(engine, exchange, startedAt, { outcome, status, reason, stored, collapsed: false, ageMs })
  }
}

/** Each once. Nothing is made where the others are empty. */
function union(first: readonly string[], ...others: (readonly string[])[]): readonly string[] {
  return others.every(list => list.length === 0) ? first : [...new Set(first.concat(...others))]
}

/** A mode that keeps nothing says nothing of the response. */
function outcomeOf(refusal: RefusalReason): FillOutcome {
  return refusal === 'read-only' ? 'failed' : 'unstorable'
}
