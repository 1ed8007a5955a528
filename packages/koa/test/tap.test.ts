// A source is read to its end, or let go of, whatever becomes of the client, the recorder and the source.

import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Recorder } from '@larder/core/door'
import { expect } from 'chai'
import { tapStream } from '../src/tap.ts'

describe('tapStream', () => {
  function setUp({ clientless = false, isOver = false } = {}) {
    const told: string[] = []
    const recorder = {
      recording: true as boolean,
      head: () => ({ action: 'pass', set: [] }) as const,
      write: (chunk: Buffer) => void told.push(chunk.toString()),
      end: () => void told.push('end'),
      fail(reason: string) {
        told.push(reason)
        return 'unanswered' as const
      },
    } satisfies Recorder
    const source = new PassThrough()
    const tap = tapStream(source, recorder, { clientless, isOver: () => isOver, ended: () => void told.push('ended') })
    return { told, recorder, source, tap }
  }

  const closed = async (stream: Readable) => stream.closed || void (await once(stream, 'close'))

  it('hands on what it reads, and leaves nothing on the source', async () => {
    const { told, source, tap } = setUp()
    source.end('a')
    expect(await text(tap.out)).to.equal('a')
    await closed(source)
    expect(told).to.deep.equal(['a', 'ended', 'end'])
    expect(Object.hasOwn(source, 'destroy')).to.equal(false)
    for (const event of ['data', 'end', 'error', 'close']) expect(source.listenerCount(event), event).to.equal(0)
  })

  it('does not start the source before somebody reads', async () => {
    const { source } = setUp()
    source.write('a')
    await new Promise(resolve => setImmediate(resolve))
    expect(source.readableFlowing).to.equal(null)
    source.destroy()
  })

  it('keeps a source alive that Koa destroys with its response, while it is recorded', () => {
    const { told, source } = setUp({ isOver: true })
    source.destroy()
    expect(source.destroyed).to.equal(false)
    source.destroy(new Error('meant'))
    expect(source.destroyed).to.equal(true)
    expect(told).to.deep.equal([])
  })

  it('lets everybody else destroy it, and tells that it broke off', async () => {
    const { told, source, tap } = setUp()
    source.destroy()
    await closed(tap.out)
    expect(told).to.deep.equal(['ended', 'destroyed'])
  })

  it('lets go of a source that hangs, once nobody reads and nobody records', () => {
    const { setInterval } = globalThis
    let look!: () => void
    globalThis.setInterval = ((callback: () => void, ms: number) => {
      look = callback
      return setInterval(callback, ms)
    }) as typeof setInterval
    const { told, recorder, source } = setUp({ clientless: true, isOver: true })
    globalThis.setInterval = setInterval
    look()
    expect(source.destroyed).to.equal(false)
    recorder.recording = false
    look()
    expect(source.destroyed).to.equal(true)
    expect(told).to.deep.equal(['ended'])
  })

  it('has nothing to read of a source that is over', async () => {
    for (const how of ['ended', 'destroyed'] as const) {
      const source = new PassThrough()
      if (how === 'ended') {
        source.end('gone')
        await text(source)
      } else source.destroy()
      await closed(source)
      const told: string[] = []
      const { out } = tapStream(
        source,
        {
          recording: true,
          head: () => ({ action: 'pass', set: [] }),
          write() {},
          end: () => void told.push('end'),
          fail(reason) {
            told.push(reason)
            return 'unanswered'
          },
        },
        { clientless: false, isOver: () => false, ended() {} },
      )
      out.resume()
      await closed(out)
      expect(told).to.deep.equal([how === 'ended' ? 'end' : 'destroyed'])
    }
  })
})
