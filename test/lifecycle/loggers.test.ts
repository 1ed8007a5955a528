// The lifecycle speaks to pino and to the console as they are.

import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { createLifecycle, type Logger } from '@larder/lifecycle'
import { expect } from 'chai'
import { pino } from 'pino'

function collecting() {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  return { stream, text: () => text }
}

async function live(logger: Logger): Promise<void> {
  const lifecycle = createLifecycle({
    logger,
    signals: [],
    parts: [{ name: 'cache', metrics: () => ({ hits: 3 }), stop: () => Promise.reject(new Error('broken')) }],
  })
  await lifecycle.start()
  await lifecycle.stop().catch(() => {})
}

describe('loggers', () => {
  it('pino: details are fields of the line, and the sentence is its message', async () => {
    const { stream, text } = collecting()
    await live(pino({ base: null, timestamp: false }, stream))
    const lines = text().trim().split('\n')
    expect(lines.map(line => JSON.parse(line))).to.deep.include.members([
      { level: 30, part: 'cache', metrics: { hits: 3 }, msg: 'metrics at start' },
      { level: 30, part: 'cache', metrics: { hits: 3 }, msg: 'metrics at shutdown' },
    ])
    expect(JSON.parse(lines.at(-1)!)).to.include({
      level: 50,
      part: 'cache',
      error: 'broken',
      msg: 'a part did not stop',
    })
  })

  it('the console: one line each, errors apart', async () => {
    const [out, err] = [collecting(), collecting()]
    await live(new Console({ stdout: out.stream, stderr: err.stream }))
    expect(out.text()).to.include("{ part: 'cache', metrics: { hits: 3 } } metrics at shutdown\n")
    expect(err.text()).to.match(/^\{ part: 'cache', error: 'broken', durationMs: \d+ \} a part did not stop\n$/)
  })

  it('the process has the type of one', () => {
    const loggers: readonly Logger[] = [console, pino({ enabled: false })]
    expect(loggers).to.have.length(2)
  })
})
