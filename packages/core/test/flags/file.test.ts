// Flags from a file: every way to save it, and everything that it may turn into.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../../../../test/support/until.ts'
import { createCache } from '../../src/cache.ts'
import { onCacheEvent } from '../../src/events.ts'
import { fileFlags } from '../../src/flags/file.ts'
import type { Mode } from '../../src/flags.ts'

const text = (value: unknown): string => JSON.stringify({ flagValues: { 'redis-caching-enabled': value } })

describe('fileFlags', () => {
  const faults: (string | undefined)[] = []
  let unlisten = () => {}
  let folder: string
  let path: string
  let flags: ReturnType<typeof fileFlags> | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'larder-flags-'))
    path = join(folder, 'flags.json')
    faults.length = 0
    unlisten = onCacheEvent(event => {
      if (event.type === 'fault' && event.operation === 'flag') faults.push(event.code)
    })
  })
  afterEach(() => {
    flags?.close()
    unlisten()
    rmSync(folder, { recursive: true, force: true })
  })

  const becomes = (mode: Mode) => until(() => flags?.mode() === mode)

  it('follows the file within a second, and a cache follows it', async () => {
    writeFileSync(path, text(true))
    flags = fileFlags(path, { default: 'read-only' })
    const cache = createCache({ flags })
    await becomes('on')
    await cache.set('a', 1)
    for (const [value, mode] of [
      [false, 'bypass'],
      ['stale-only', 'stale-only'],
      ['read-only', 'read-only'],
      [true, 'on'],
    ] as const) {
      const savedAt = performance.now()
      writeFileSync(path, text(value))
      await becomes(mode)
      expect(performance.now() - savedAt).to.be.below(1000)
      expect(await cache.get('a')).to.equal(mode === 'bypass' ? undefined : 1)
    }
    await cache.close()
    expect(faults).to.deep.equal([])
  })

  it('follows a file that is renamed over it, as editors do', async () => {
    writeFileSync(path, text(true))
    flags = fileFlags(path, { default: 'read-only' })
    await becomes('on')
    writeFileSync(`${path}.new`, text(false))
    renameSync(`${path}.new`, path)
    await becomes('bypass')
  })

  it('follows a link that leads elsewhere, as Kubernetes mounts a ConfigMap', async () => {
    for (const [name, value] of [
      ['1', true],
      ['2', false],
    ] as const) {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'flags.json'), text(value))
    }
    symlinkSync('1', join(folder, 'data'))
    symlinkSync('data/flags.json', path)
    flags = fileFlags(path, { default: 'read-only' })
    await becomes('on')
    symlinkSync('2', join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, 'data'))
    await becomes('bypass')
  })

  it('keeps the last good mode while the file is wrong or gone, tells each fault once, and recovers', async () => {
    writeFileSync(path, text('read-only'))
    flags = fileFlags(path)
    await becomes('read-only')
    for (const [wrong, fault] of [
      ['{ "flagValues": ', 'LARDER_INVALID_FLAG'],
      ['null', 'LARDER_INVALID_FLAG'],
      [text('sometimes'), 'LARDER_INVALID_FLAG'],
      ['[]', 'LARDER_INVALID_FLAG'],
      [' '.repeat(1024 * 1024 + 1), 'EFBIG'],
    ] as const) {
      faults.length = 0
      writeFileSync(path, wrong)
      await until(() => faults.length === 1)
      expect(faults).to.deep.equal([fault])
      expect(flags.mode()).to.equal('read-only')
      writeFileSync(path, text('on'))
      await becomes('on')
      writeFileSync(path, text('read-only'))
      await becomes('read-only')
    }
    faults.length = 0
    rmSync(path)
    await until(() => faults.length === 1)
    expect([faults, flags.mode()]).to.deep.equal([['ENOENT'], 'read-only'])
    writeFileSync(path, text(true))
    await becomes('on')
  })

  it('is the default where there is no file yet, or the flag is not in it', async () => {
    flags = fileFlags(path, { default: 'stale-only', flag: 'other' })
    await until(() => faults.length === 1)
    expect([faults, flags.mode()]).to.deep.equal([['ENOENT'], 'stale-only'])
    writeFileSync(path, JSON.stringify({ flagValues: { other: 'read-only' } }))
    await becomes('read-only')
    writeFileSync(path, text(true))
    await becomes('stale-only')
    expect(faults).to.deep.equal(['ENOENT', 'FLAG_NOT_FOUND'])
  })

  it('never reads a flag from a prototype', async () => {
    writeFileSync(path, '{ "flagValues": {} }')
    flags = fileFlags(path, { flag: 'constructor', default: 'read-only' })
    await until(() => faults.length === 1)
    expect([faults, flags.mode()]).to.deep.equal([['FLAG_NOT_FOUND'], 'read-only'])
  })

  it('looks no more once it is closed', async () => {
    writeFileSync(path, text(true))
    const closed = fileFlags(path, { default: 'read-only' })
    flags = fileFlags(path, { default: 'read-only' })
    await until(() => closed.mode() === 'on')
    closed.close()
    writeFileSync(path, text(false))
    await becomes('bypass')
    expect(closed.mode()).to.equal('on')
  })

  it('refuses what cannot be', () => {
    for (const make of [() => fileFlags(undefined as never), () => fileFlags('a', { default: 'off' as never })])
      expect(make).to.throw().with.property('code', 'LARDER_INVALID_OPTION')
    expect(() => fileFlags('a', { flags: 'b' } as never))
      .to.throw()
      .with.property('code', 'LARDER_UNKNOWN_OPTION')
  })
})
