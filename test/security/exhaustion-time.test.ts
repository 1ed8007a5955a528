// Class D — No client can make the cache use time without bound: slow readers, and fields that are costly to read.

import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { Client } from '../doors/stage.ts'
import { expectOneRun, gate, growth, type Page, settle, vectors } from './site.ts'

const MiB = 1024 * 1024
const soon = 1000

vectors('exhaustion of time', site => {
  it('control: a plain page is kept', async () => {
    const { ask } = await site({ '/p': () => ({}) })
    expectOneRun(await ask('/p'), await ask('/p'))
  })

  it('D6: clients that do not read hold up nobody else, and no memory', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    const page: Page = () => {
      let left = 16 * 16
      return {
        body: new Readable({
          read() {
            this.push(left-- > 0 ? piece : null)
          },
        }),
      }
    }
    const { ask, port } = await site({ '/large': page, '/small': () => ({}) })
    const idle: Socket[] = []
    try {
      const grown = await growth(async sample => {
        for (let i = 0; i < 20; i++) {
          const socket = connect(port, '127.0.0.1', () =>
            socket.write('GET /large HTTP/1.1\r\nHost: larder.example\r\n\r\n'),
          )
          socket.pause()
          socket.on('error', () => undefined)
          idle.push(socket)
        }
        await settle()
        await settle()
        const startedAt = performance.now()
        await ask('/small')
        expectOneRun(await ask('/small'), await ask('/small'))
        expect(performance.now() - startedAt).to.be.below(soon)
        sample()
      })
      expect(grown).to.be.below(32 * MiB)
      expect((await ask('/large', { waitMs: 5000 })).body.length).to.equal(16 * MiB)
    } finally {
      for (const socket of idle) socket.destroy()
    }
  })

  it('D6: a page that is kept goes to a client that does not read it without holding up the others', async () => {
    const begun = gate()
    const { ask, port } = await site({
      '/p': () => {
        begun.open()
        return { body: Buffer.alloc(MiB, 'x') }
      },
    })
    const idle = connect(port, '127.0.0.1', () => idle.write('GET /p HTTP/1.1\r\nHost: larder.example\r\n\r\n'))
    idle.pause()
    try {
      await begun.opened
      const startedAt = performance.now()
      const [first, second] = [await ask('/p'), await ask('/p')]
      expectOneRun(first, second)
      expect(second.body.length).to.equal(MiB)
      expect(performance.now() - startedAt).to.be.below(soon)
    } finally {
      idle.destroy()
    }
  })

  const fill = (unit: string, length: number) => unit.repeat(Math.floor(length / unit.length))
  const units = [
    'a,',
    '"\\\\"',
    ' ',
    '\t,',
    ',',
    ';',
    '=',
    '"',
    '\\',
    'a=b;',
    'q=0.1;',
    'W/"a",',
    '*;q=0,',
    '0-1,',
    'a="',
    '%',
  ]

  for (const name of [
    ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Cache-Control', 'Cookie', 'If-None-Match'],
    ...['If-Modified-Since', 'If-Range', 'Range', 'Host', 'Connection', 'User-Agent'],
  ]) {
    it(`D7: no ${name} of a request takes long to read`, async () => {
      const client = await site({
        '/p': () => ({ headers: { Vary: 'Accept, Accept-Encoding, Accept-Language', ETag: '"v1"' } }),
      })
      await client.ask('/p')
      expect(await slowest(client, units, unit => ({ [name]: `x${fill(unit, 12_000)}` }))).to.be.below(150)
    })
  }

  for (const name of [
    'Cache-Control',
    'CDN-Cache-Control',
    'Vary',
    'ETag',
    'Expires',
    'Age',
    'Date',
    'Connection',
    'Cache-Status',
  ]) {
    it(`D7: no ${name} of a response takes long to read`, async () => {
      let value = ''
      const client = await site({}, { rest: () => ({ headers: { [name]: value } }) })
      const prepare = (unit: string) => {
        value = `x${fill(unit, 60_000)}`
        return {}
      }
      expect(await slowest(client, units, prepare)).to.be.below(150)
    })
  }

  it('D7: no target takes long to read', async () => {
    const client = await site({}, { rest: () => ({}), route: { query: { ignore: ['utm_*'], sort: true } } })
    const times: number[] = []
    for (const unit of ['a/', '%2e', '.', './', 'a=b&', '&', '=', '%', 'utm_a&', '?', '%2e%2e/']) {
      const startedAt = performance.now()
      await client.ask(`/${fill(unit, 6000)}?${fill(unit, 6000)}`)
      times.push(performance.now() - startedAt)
    }
    expect(Math.max(...times)).to.be.below(150)
  })
})

/** The longest of all, in milliseconds, by the faster of two tries. */
async function slowest(
  { ask }: Client,
  units: readonly string[],
  fields: (unit: string) => Readonly<Record<string, string>>,
): Promise<number> {
  let most = 0
  for (const [index, unit] of units.entries()) {
    const times: number[] = []
    for (let i = 0; i < 2; i++) {
      const headers = fields(unit)
      const startedAt = performance.now()
      await ask(`/p?${index}`, { headers })
      times.push(performance.now() - startedAt)
    }
    most = Math.max(most, Math.min(...times))
  }
  return most
}
