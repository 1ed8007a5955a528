// RFC 9111 §4.1 — Variants: each client its own, so many and no more, and none older than another's rule.

import { expect } from 'chai'
import { settle } from '../support.ts'
import { beds, type Fields, told, until } from './bed.ts'

const page: Fields = { 'Cache-Control': 'public, max-age=60' }
const byLang: Fields = { ...page, Vary: 'X-Lang' }
const lang = (value: string): Fields => ({ 'X-Lang': value })

describe('variants', () => {
  const bedFor = beds()

  it('each value gets its own', () => {
    const bed = bedFor()
    for (const value of ['fr', 'de']) bed.get('/', lang(value)).run!.send(200, byLang, value)
    bed.get().run!.send(200, byLang, 'none')
    for (const value of ['fr', 'de']) expect(bed.ask('/', lang(value)).body).to.equal(value)
    expect(bed.ask().body).to.equal('none')
    expect(bed.runs).to.have.length(3)
  })

  it('who waited selects his own, and those of a value share a run', () => {
    const bed = bedFor()
    const clients = ['fr', 'de', 'fr', 'de', 'it'].map(value => bed.get('/', lang(value)))
    expect(bed.runs).to.have.length(1)
    bed.runs[0]!.send(200, byLang, 'fr')
    expect(bed.runs.map(({ headers }) => headers['x-lang'])).to.deep.equal(['fr', 'de', 'it'])
    bed.runs[1]!.send(200, byLang, 'de')
    bed.runs[2]!.send(200, byLang, 'it')
    expect(clients.map(({ answer }) => answer?.body)).to.deep.equal(['fr', 'de', 'fr', 'de', 'it'])
  })

  it('a field that the handler read selects, and joins Vary', () => {
    const bed = bedFor()
    const client = bed.get('/', lang('fr'))
    client.run!.reads('x-lang', 'host')
    client.run!.send(200, page, 'fr')
    expect(client.answer?.header('vary')).to.equal('x-lang')
    expect(bed.get('/', lang('de')).answer).to.equal(undefined)
    bed.runs[1]!.send(200, page, 'de')
    expect(bed.ask('/', lang('fr')).header('vary')).to.equal('x-lang')
  })

  it('what the handler reads after its head selects as well', () => {
    const bed = bedFor()
    const { run } = bed.get('/', lang('fr'))
    run!.head(200, page)
    run!.reads('x-lang')
    run!.end('fr')
    bed.get('/', lang('de')).run!.send(200, page, 'de')
    expect(bed.ask('/', lang('fr')).body).to.equal('fr')
  })

  it('reading who asks after the head → not stored', () => {
    const bed = bedFor()
    const { run } = bed.get()
    run!.head(200, page)
    run!.identifies('user')
    run!.end('alice')
    bed.get().run!.send(200, page)
  })

  it('a rule that grows serves nothing older to another value (L11)', async () => {
    const bed = bedFor({ staleWhileRevalidate: '1m' })
    bed.get('/', lang('fr')).run!.send(200, page, 'without a rule')
    expect(bed.ask('/', lang('de')).body).to.equal('without a rule')
    bed.clock.advance(61_000)
    bed.ask('/', lang('fr'))
    await until(() => bed.runs.length === 2)
    // The copy carried no X-Lang, since no rule named it.
    bed.runs[1]!.send(200, byLang, 'none')
    expect(bed.ask().body).to.equal('none')
    for (const value of ['fr', 'de']) {
      expect(bed.get('/', lang(value)).answer).to.equal(undefined)
      bed.runs.at(-1)!.send(200, byLang, value)
    }
    expect(bed.ask('/', lang('fr')).body).to.equal('fr')
  })

  it('a rule never shrinks while anything is stored under it', () => {
    const bed = bedFor()
    bed.get('/', lang('fr')).run!.send(200, byLang, 'fr')
    bed.get('/', lang('de')).run!.send(200, page, 'de')
    expect(bed.get('/', lang('it')).answer).to.equal(undefined)
    bed.runs.at(-1)!.send(200, page, 'it')
    expect(bed.ask('/', lang('fr')).body).to.equal('fr')
  })

  it('what began earlier never replaces what began later, under a wider rule neither', () => {
    const bed = bedFor()
    bed.handle(run => run.send(200, { 'Cache-Control': 'private' }))
    bed.ask('/', lang('fr'))
    bed.handle(undefined)
    const earlier = bed.get('/', lang('fr'))
    const later = bed.get('/', lang('fr'))
    later.run!.send(200, page, 'later')
    earlier.run!.send(200, byLang, 'earlier')
    expect(bed.ask('/', lang('fr')).body).to.equal('later')
  })

  it('what began later and has expired is not set back either', () => {
    const bed = bedFor()
    bed.handle(run => run.send(200, { 'Cache-Control': 'private' }))
    bed.ask()
    bed.handle(undefined)
    const earlier = bed.get()
    const later = bed.get()
    later.run!.send(200, { 'Cache-Control': 'public, max-age=1' }, 'later')
    bed.clock.advance(2000)
    earlier.run!.send(200, page, 'earlier')
    bed.get().run!.send(200, page, 'new')
    expect(bed.ask().body).to.equal('new')
  })

  it('there are maxVariants, and the response says why it is not kept', () => {
    const bed = bedFor({ maxVariants: 3 })
    for (const value of ['a', 'b', 'c']) bed.get('/', lang(value)).run!.send(200, byLang, value)
    const clients = [bed.get('/', lang('d')), bed.get('/', lang('d'))]
    clients[0]!.run!.head(200, byLang)
    clients[0]!.run!.end('d')
    expect(told(clients[0]!.answer)).to.equal('fwd=vary-miss; detail=variants')
    expect(clients[1]!.run, 'runs its own').not.to.equal(undefined)
    clients[1]!.run!.send(200, byLang, 'd')
    for (const value of ['a', 'b', 'c']) expect(bed.ask('/', lang(value)).body).to.equal(value)
    // One that is there may be replaced.
    bed.clock.advance(61_000)
    bed.get('/', lang('b')).run!.send(200, byLang, 'b2')
    expect(bed.ask('/', lang('b')).body).to.equal('b2')
  })

  for (const end of ['expire', 'are purged'] as const) {
    it(`variants that ${end} make room`, async () => {
      const bed = bedFor({ maxVariants: 3 })
      for (const value of ['a', 'b', 'c']) bed.get('/', lang(value)).run!.send(200, byLang, value)
      if (end === 'expire') bed.clock.advance(61_000)
      else await bed.cache.invalidatePattern('/')
      bed.get('/', lang('d')).run!.send(200, byLang, 'd')
      expect(bed.ask('/', lang('d')).body).to.equal('d')
    })
  }

  it('a handler that names ever other fields ends with no rule at all', () => {
    const bed = bedFor({ maxVariants: 1024 })
    for (let i = 0; i < 80; i++) {
      const client = bed.get('/', { [`X-${i}`]: '1' })
      client.run!.send(200, { ...page, Vary: `X-${i}` }, 'x')
      if (i >= 64) expect(told(client.answer)).to.contain('detail=vary-star')
    }
  })

  it('variants that together are too large leave the newest', () => {
    const bed = bedFor({ engine: { maxBytes: 100_000, maxEntryBytes: 10_000 } })
    for (const value of ['a', 'b', 'c']) bed.get('/', lang(value)).run!.send(200, byLang, value.repeat(4000))
    expect(bed.ask('/', lang('c')).body).to.equal('c'.repeat(4000))
    expect(bed.cache.getMetrics().bytes).to.be.lessThan(10_001)
  })

  it('who waits with credentials gets no variant that is not for him', async () => {
    const bed = bedFor()
    bed.get('/', lang('fr')).run!.send(200, { ...byLang, 'Cache-Control': 'max-age=60' }, 'anonymous')
    const alice = bed.get('/', { ...lang('fr'), Cookie: 'u=alice' })
    expect(alice.answer).to.equal(undefined)
    alice.run!.send(200, { ...byLang, 'Cache-Control': 'max-age=60' }, 'alice')
    expect(told(alice.answer)).to.equal('fwd=bypass; detail=credentials')
    await settle()
    expect(bed.ask('/', lang('fr')).body).to.equal('anonymous')
  })
})
