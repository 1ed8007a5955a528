// RFC 5861 §4 — A stored response stands in for a handler that fails, and for no other.

import { expect } from 'chai'
import { settle } from '../support.ts'
import { type Bed, type BedOptions, beds, type Fields, type Run, told, until } from './bed.ts'

const page: Fields = { 'Cache-Control': 'public, max-age=60, stale-if-error=600' }

function inPieces(run: Run, status: number): void {
  run.head(status)
  run.write('bro')
  run.end('ken')
}

describe('stale-if-error', () => {
  const bedFor = beds()
  function stale(options: BedOptions = {}, headers: Fields = page): Bed {
    const bed = bedFor(options)
    bed.get().run!.send(200, headers, 'old')
    bed.clock.advance(61_000)
    return bed
  }

  const failures: readonly [string, (run: Run) => void, string][] = [
    ['500', run => run.send(500, {}, 'broken'), 'fwd=stale; fwd-status=500; detail=stale-if-error'],
    ['503 in pieces', run => inPieces(run, 503), 'fwd=stale; fwd-status=503; detail=stale-if-error'],
    ['thrown', run => run.fail('thrown'), 'fwd=stale; detail=stale-if-error'],
    ['destroyed', run => run.fail('destroyed'), 'fwd=stale; detail=stale-if-error'],
  ]
  for (const [title, fail, status] of failures) {
    it(`${title} → the stored response`, () => {
      const bed = stale()
      const client = bed.get()
      fail(client.run!)
      expect(client.answer?.status).to.equal(200)
      expect(client.answer?.body).to.equal('old')
      expect(told(client.answer)).to.equal(status)
      expect(client.answer?.header('age')).to.equal('61')
    })

    it(`${title} → it stays, for those who waited too`, () => {
      const bed = stale()
      const clients = [bed.get(), bed.get(), bed.get()]
      for (let i = 0; i < 3; i++) fail(bed.runs[1 + i]!)
      for (const { answer } of clients) expect(answer?.body).to.equal('old')
    })

    it(`${title}, after its window → goes out`, () => {
      const bed = stale()
      bed.clock.advance(600_000)
      const client = bed.get()
      fail(client.run!)
      expect(client.answer?.status).to.be.greaterThan(499)
    })

    it(`${title}, when the window ends while the handler runs → goes out`, () => {
      const bed = stale()
      const client = bed.get()
      bed.clock.advance(600_000)
      fail(client.run!)
      expect(client.answer?.status).to.be.greaterThan(499)
    })

    it(`${title}, when purged meanwhile → goes out`, async () => {
      const bed = stale()
      const client = bed.get()
      await bed.cache.clear()
      fail(client.run!)
      expect(client.answer?.status).to.be.greaterThan(499)
    })

    it(`${title}, when marked stale meanwhile → the stored response`, async () => {
      const bed = stale()
      const client = bed.get()
      await bed.cache.clear({ soft: true })
      fail(client.run!)
      expect(client.answer?.body).to.equal('old')
    })

    for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=60']) {
      it(`${title}, forbidden by ${directive} → goes out`, () => {
        const bed = stale({ staleIfError: '10m' }, { 'Cache-Control': `public, max-age=60, ${directive}` })
        const client = bed.get()
        fail(client.run!)
        expect(client.answer?.status).to.be.greaterThan(499)
      })
    }

    it(`${title}, to a request for the head or for a part → the stored response`, () => {
      const bed = stale()
      const head = bed.request('HEAD')
      fail(head.run!)
      expect([head.answer?.status, head.answer?.body]).to.deep.equal([200, ''])
      const part = bed.get('/', { Range: 'bytes=0-1' })
      fail(part.run!)
      expect([part.answer?.status, part.answer?.body]).to.deep.equal([206, 'ol'])
    })

    it(`${title}, while nothing is to be stored → the stored response`, () => {
      let mode: 'on' | 'read-only' = 'on'
      const bed = stale({ engine: { flags: { mode: () => mode } } })
      mode = 'read-only'
      const client = bed.get()
      fail(client.run!)
      expect(client.answer?.body).to.equal('old')
    })
  }

  for (const status of [401, 403, 404, 410]) {
    it(`${status} → goes out, and the stored response is gone`, () => {
      const bed = stale()
      const client = bed.get()
      client.run!.send(status, {}, 'no')
      expect([client.answer?.status, client.answer?.body]).to.deep.equal([status, 'no'])
      const next = bed.get()
      next.run!.send(500, {}, 'broken')
      expect(next.answer?.status).to.equal(500)
    })
  }

  it('a failure after the head has gone out is the client’s to see', () => {
    const bed = stale()
    const client = bed.get()
    client.run!.head(200, page)
    client.run!.write('half')
    client.run!.fail('destroyed')
    expect(client.answer?.complete).to.equal(false)
    // What is stored may still stand in for the next one.
    const next = bed.get()
    next.run!.fail('thrown')
    expect(next.answer?.body).to.equal('old')
  })

  it('after the fill timeout a failing handler is still stood in for', async () => {
    const bed = stale({ fillTimeout: '20ms' })
    const client = bed.get()
    await until(() => bed.flights === 0)
    client.run!.send(500, {})
    expect(client.answer?.body).to.equal('old')
  })
})

describe('softTimeout', () => {
  const bedFor = beds()
  function stale(options: BedOptions = {}): Bed {
    const bed = bedFor({ softTimeout: '150ms', ...options })
    bed.get().run!.send(200, page, 'old')
    bed.clock.advance(61_000)
    return bed
  }

  it('a slow handler → stale at the timeout, and what it makes serves the next', async () => {
    const bed = stale()
    const clients = [bed.get(), bed.get()]
    await until(() => bed.runs.length === 2)
    expect(clients[0]!.answer).to.equal(undefined)
    await until(() => clients[1]!.answer !== undefined)
    for (const { answer } of clients) expect(answer?.body).to.equal('old')
    expect(told(clients[0]!.answer)).to.equal('hit; detail=soft-timeout')
    bed.runs[1]!.send(200, page, 'new')
    expect(told(bed.ask())).to.equal('hit')
    expect(bed.ask().body).to.equal('new')
  })

  it('a handler in time → what it makes', async () => {
    const bed = stale({ softTimeout: '10s' })
    const client = bed.get()
    await until(() => bed.runs.length === 2)
    bed.runs[1]!.send(200, page, 'new')
    expect(client.answer?.body).to.equal('new')
    expect(told(client.answer)).to.equal('fwd=stale; collapsed')
  })

  it('a handler that fails → stale at once', async () => {
    const bed = stale({ softTimeout: '10s' })
    const client = bed.get()
    await until(() => bed.runs.length === 2)
    bed.runs[1]!.send(500, {})
    expect(client.answer?.body).to.equal('old')
    expect(told(client.answer)).to.equal('hit; detail=stale-if-error')
  })

  it('a handler that finds 404 → the client’s own run, and nothing stale', async () => {
    const bed = stale({ softTimeout: '10s' })
    const client = bed.get()
    await until(() => bed.runs.length === 2)
    bed.runs[1]!.send(404, {}, 'gone')
    expect(client.run, 'its own run').not.to.equal(undefined)
    client.run!.send(500, {}, 'broken')
    expect(client.answer?.status).to.equal(500)
  })

  it('nothing stale → it waits', async () => {
    const bed = bedFor({ softTimeout: '10ms' })
    const client = bed.get()
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(client.answer).to.equal(undefined)
    client.run!.send(200, page, 'late')
    expect(client.answer?.body).to.equal('late')
  })

  it('purged while it waited → its own run', async () => {
    const bed = stale()
    const client = bed.get()
    await until(() => bed.runs.length === 2)
    await bed.cache.clear()
    await until(() => client.run !== undefined)
    client.run!.send(200, page, 'own')
    expect(client.answer?.body).to.equal('own')
    bed.runs[1]!.send(200, page, 'begun before')
    expect(bed.ask().body).to.equal('own')
  })

  it('the client leaves → nobody waits', async () => {
    const bed = stale()
    const client = bed.get()
    await until(() => bed.runs.length === 2)
    client.leave()
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(client.answer).to.equal(undefined)
    bed.runs[1]!.send(200, page, 'new')
    await settle()
    expect(bed.runs).to.have.length(2)
  })

  it('where the door knows no way in → it waits for its own run', () => {
    const bed = stale({ noReplay: true })
    const client = bed.get()
    client.run!.send(200, page, 'new')
    expect(client.answer?.body).to.equal('new')
  })
})
