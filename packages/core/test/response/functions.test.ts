// The user's functions may do anything: the client gets its page, and the cache says why it kept nothing.

import { expect } from 'chai'
import { type CacheEvent, onCacheEvent } from '../../src/events.ts'
import { settle } from '../support.ts'
import { type BedOptions, beds, type Client, type Fields, told, until } from './bed.ts'

const page: Fields = { 'Cache-Control': 'public, max-age=60' }

/** Ways to go wrong, for a function that is to return `right`. */
const wrongs: readonly [string, () => unknown][] = [
  ['throws', () => thrown()],
  ['throws undefined', () => thrown(undefined)],
  ['rejects', () => Promise.reject(new Error('no'))],
  ['rejects late', () => settle().then(() => thrown())],
  ['returns null', () => null],
  ['returns a number', () => 5],
  ['returns an object', () => ({ length: 1 })],
  ['resolves with a symbol', () => Promise.resolve(Symbol('s'))],
  // biome-ignore lint/suspicious/noThenProperty: This is what is tested.
  ['returns a thenable that throws', () => ({ then: () => thrown() })],
]

function thrown(error: unknown = new Error('no')): never {
  throw error
}

describe('functions of the route', () => {
  const bedFor = beds()
  const faults: CacheEvent[] = []
  let stop = () => {}
  beforeEach(() => {
    faults.length = 0
    stop = onCacheEvent(event => {
      if (event.type === 'fault') faults.push(event)
    })
  })
  afterEach(() => stop())

  async function answered(client: Client): Promise<Client> {
    await until(() => client.run !== undefined || client.answer !== undefined)
    client.run?.send(200, page, 'page')
    await settle()
    return client
  }

  for (const name of ['skip', 'key', 'scope'] as const) {
    it(`${name} never settles → bypass, in time`, async () => {
      const bed = bedFor({ [name]: () => new Promise(() => {}), collapseTimeout: '10ms' } as BedOptions)
      const { answer } = await answered(bed.get())
      expect(told(answer)).to.equal('fwd=bypass; detail=function-failed')
    })

    for (const [title, wrong] of wrongs) {
      it(`${name} ${title} → bypass`, async () => {
        const bed = bedFor({ [name]: wrong } as BedOptions)
        for (let i = 0; i < 2; i++) {
          const { answer } = await answered(bed.get())
          expect([answer?.status, answer?.body]).to.deep.equal([200, 'page'])
          expect(told(answer)).to.equal('fwd=bypass; detail=function-failed')
        }
        expect(faults).to.deep.equal(
          Array(2).fill({ type: 'fault', cache: 'default', operation: name, code: undefined }),
        )
        expect(bed.cache.getMetrics().errors).to.equal(2)
      })
    }
  }

  const wrongTags: readonly [string, () => unknown][] = [
    ...wrongs,
    ['returns undefined', () => undefined],
    ['returns a string', () => 'tag'],
    ['returns a tag that is no string', () => ['a', 5]],
    ['returns an empty tag', () => ['']],
    ['returns 65 tags', () => Array.from({ length: 65 }, (_, i) => `t${i}`)],
    ['returns a tag of 129 bytes', () => ['x'.repeat(129)]],
    ['resolves with no array', () => Promise.resolve('tag')],
  ]
  for (const [title, wrong] of wrongTags) {
    it(`tags ${title} → not stored`, async () => {
      const bed = bedFor({ tags: wrong } as BedOptions)
      for (let i = 0; i < 2; i++) {
        const { answer } = await answered(bed.get())
        expect([answer?.status, answer?.body]).to.deep.equal([200, 'page'])
      }
      expect(bed.runs).to.have.length(2)
      expect(faults).to.deep.include({
        type: 'fault',
        cache: 'default',
        operation: 'tags',
        code: 'LARDER_INVALID_TAG',
      })
    })
  }

  it('a tag by the handler that cannot be → not stored', async () => {
    const bed = bedFor()
    const client = bed.get()
    client.run!.tag('')
    client.run!.send(200, page, 'page')
    expect(client.answer?.body).to.equal('page')
    bed.get().run!.send(200, page)
  })

  it('tags that never come → the fill ends at its limit', async () => {
    const bed = bedFor({ tags: () => new Promise(() => {}), fillTimeout: '20ms' })
    const client = bed.get()
    client.run!.send(200, page, 'page')
    expect(client.answer?.body).to.equal('page')
    await until(() => bed.flights === 0)
    bed.get().run!.send(200, page)
    await until(() => bed.flights === 0)
  })

  it('all of them work when they are async, thenables too', async () => {
    const later = <T>(value: T) => settle().then(() => value)
    const bed = bedFor({
      skip: ({ target }) => later(target === '/skip'),
      key: ({ target }) => later(target.slice(0, 2)),
      scope: ({ headers }) => later(String(headers['x-tenant'])),
      // biome-ignore lint/suspicious/noThenProperty: A promise of another library is one too.
      tags: () => ({ then: (done: (tags: string[]) => void) => done(['t']) }) as never,
    })
    const tenant = (name: string): Fields => ({ 'X-Tenant': name, Cookie: `u=${name}` })
    await answered(bed.get('/a1', tenant('one')))
    const same = await answered(bed.get('/a2', tenant('one')))
    expect(told(same.answer)).to.equal('hit')
    const other = await answered(bed.get('/a1', tenant('two')))
    expect(told(other.answer)).to.equal('fwd=uri-miss; stored')
    const skipped = await answered(bed.get('/skip', tenant('one')))
    expect(told(skipped.answer)).to.equal('fwd=bypass; detail=skip')
    await bed.cache.invalidateTags(['t'])
    const purged = await answered(bed.get('/a1', tenant('one')))
    expect(told(purged.answer)).to.equal('fwd=uri-miss; stored; detail=invalidated')
    expect(faults).to.deep.equal([])
  })

  it('tags are asked for at the head, once, and not for what is not stored', async () => {
    let asked = 0
    const bed = bedFor({ tags: () => [`${++asked}`] })
    const client = bed.get()
    expect(asked).to.equal(0)
    client.run!.send(200, page)
    expect(asked).to.equal(1)
    bed.ask()
    expect(asked).to.equal(1)
  })
})
