// The parts that wait for nobody: a node's history, the queue for replay, what a message may be.

import type { Invalidation, LogRecord } from '@larder/core'
import { expect } from 'chai'
import { createCommands } from '../src/commands.ts'
import { isFollowedBy } from '../src/followers.ts'
import { createHistory } from '../src/history.ts'
import { latest } from '../src/latest.ts'
import { decodeInvalidation, decodeMessage, decodeSync } from '../src/record.ts'
import { createReplayQueue, type Unacknowledged } from '../src/replay-queue.ts'
import { appendScript } from '../src/scripts.ts'
import { codeOf, until } from './support.ts'

const all: Invalidation = { kind: 'all', soft: false }

describe('a server that has to be followed', () => {
  const cases: readonly [number, () => Promise<unknown>, boolean][] = [
    [1, async () => 0, false],
    [1, async () => 1, true],
    [2, async () => 1, false],
    [2, async () => 3, true],
    [1, async () => undefined, false],
    [1, () => Promise.reject(new Error('NOPERM')), false],
  ]
  for (const [replicas, run, isFollowed] of cases)
    it(`by ${replicas}, and says ${run}: ${isFollowed}`, async () => {
      expect(await isFollowedBy(replicas, run)).to.equal(isFollowed)
    })

  it('by none is not asked', async () => {
    expect(await isFollowedBy(0, () => Promise.reject(new Error('asked')))).to.equal(true)
  })
})

describe('a history', () => {
  const record = (sequence: number, epoch = 'e') => ({
    epoch,
    sequence,
    id: `id-${sequence}`,
    previous: `id-${sequence - 1}`,
    invalidation: all,
  })

  it('takes the next record, knows one that comes twice, and finds a gap, another epoch and another record', () => {
    const applied: number[] = []
    const history = createHistory(({ sequence }) => void applied.push(sequence))
    history.adopt({ epoch: 'e', sequence: 7, id: 'id-7' })
    expect([8, 8, 10, 9, 7].map(sequence => history.receive(record(sequence)))).to.deep.equal([
      'applied',
      'known',
      'gap',
      'applied',
      'known',
    ])
    expect(history.receive({ ...record(9), id: 'other' })).to.equal('gap')
    expect(history.receive({ ...record(10), previous: 'other' })).to.equal('gap')
    expect(history.receive(record(10, 'f'))).to.equal('gap')
    expect(applied).to.deep.equal([8, 9])
    expect(history.position()).to.equal(9)
  })

  it('applies what is not acknowledged between two records, and a million of them in an epoch of its own', () => {
    const history = createHistory(() => {})
    const told: LogRecord[] = []
    history.subscribe(each => void told.push(each))
    history.adopt({ epoch: 'e', sequence: 7, id: 'id-7' })
    history.applyLocally(all)
    expect(told[0]?.position).to.be.within(7, 8).and.equal(history.position())
    expect(history.receive(record(8))).to.equal('applied')
    expect(history.position()).to.equal(8)
    for (let i = 0; i < 2 ** 20 - 1; i++) history.applyLocally(all)
    expect([history.position() < 9, history.place.epoch]).to.deep.equal([true, 'e'])
    history.applyLocally(all)
    expect(history.place.epoch).to.match(/^alone:/)
  })

  it('tells that everything may be invalid when it skips records', () => {
    const history = createHistory(() => {})
    const told: LogRecord[] = []
    history.subscribe(each => void told.push(each))
    history.skipTo({ epoch: 'e', sequence: 70, id: 'id-70' })
    expect(told).to.deep.equal([{ position: 70, invalidation: all }])
  })
})

describe('the queue for replay', () => {
  let made = 0
  const everything = ({ soft }: Invalidation): Unacknowledged => ({ id: `all-${++made}`, text: 'all', soft })
  const item = (id: string, soft = false, text = 'x'): Unacknowledged => ({ id, text, soft })

  it('is bounded in records and in characters; what does not fit becomes everything', () => {
    for (const [count, text] of [
      [4, 'x'],
      [2, 'x'.repeat(60)],
    ] as const) {
      const queue = createReplayQueue(everything, 3, 100)
      for (let i = 0; i < count; i++) queue.add(item(String(i), i > 0, text))
      expect([queue.size, queue.first()?.text, queue.first()?.soft]).to.deep.equal([1, 'all', false])
    }
  })

  it('gives the oldest first, and forgets what was acknowledged', () => {
    const queue = createReplayQueue(everything)
    for (const id of ['a', 'b']) queue.add(item(id))
    queue.delete('a')
    queue.delete('a')
    expect([queue.first()?.id, queue.size]).to.deep.equal(['b', 1])
  })
})

describe('a message', () => {
  it('that is none of ours is nothing, and a record of another version is everything', () => {
    for (const text of [
      '',
      'a',
      'e\n1\ni',
      'e\n1\ni\n{}',
      'e\nx\ni\np\n{}',
      '\n1\ni\np\n{}',
      `e\n${'9'.repeat(17)}\ni\np\n{}`,
    ])
      expect(decodeMessage(text), text).to.equal(undefined)
    for (const text of ['', '{', 'null', '{"kind":"names","names":[1],"soft":false}', '{"kind":"new","soft":true}'])
      expect(decodeInvalidation(text), text).to.deep.equal(all)
    for (const reply of [null, [], ['records'], ['epoch', 'e', 'x', 'i'], ['other', 'e']])
      expect(() => decodeSync(reply, 'id')).to.throw()
  })
})

describe('the latest run', () => {
  it('is for each caller one that began after the call, one at a time, whether others failed or not', async () => {
    const ends: ((error?: Error) => void)[] = []
    const { run } = latest(() => {
      return new Promise((resolve, reject) => ends.push(error => (error === undefined ? resolve() : reject(error))))
    })
    const outcomes: string[] = []
    const call = (name: string) =>
      run().then(
        () => outcomes.push(name),
        () => outcomes.push(`${name} failed`),
      )
    const calls = [call('first'), call('second'), call('third')]
    expect(ends).to.have.length(1)
    ends[0]?.(new Error('lost'))
    await until(() => ends.length === 2)
    expect(outcomes).to.deep.equal(['first failed'])
    calls.push(call('fourth'))
    ends[1]?.()
    await until(() => ends.length === 3)
    expect(outcomes).to.deep.equal(['first failed', 'second', 'third'])
    ends[2]?.()
    await Promise.all(calls)
    expect(outcomes.at(-1)).to.equal('fourth')
  })
})

describe('commands on the way', () => {
  it('are bounded, also when the client never answers', async () => {
    let sent = 0
    const commands = createCommands({
      evaluate: () => {
        sent++
        return new Promise(() => {})
      },
      deadlineMs: 20,
      maxCommands: 3,
      maxCharacters: 100,
    })
    const run = (arg: string) =>
      codeOf(commands.run(appendScript, [arg]).then(() => Promise.reject({ code: 'answered' })))
    await Promise.all([run('a'), run('b'.repeat(99)), run('too many characters'), run(''), run('')])
    expect(sent).to.equal(3)
  })
})
