// Keys and tags: any string from 1 to 1024 bytes.

import { expect } from 'chai'
import { checkKey, checkTag, checkTags, keyName, tagName, targetName, uriName } from '../src/names.ts'
import { codeOf } from './support.ts'

const good = ['a', ' ', '__proto__', 'a\nb', '\0', '😀', '\ud800', 'x'.repeat(1024), 'ü'.repeat(512), '日'.repeat(341)]
const bad: readonly unknown[] = [
  '',
  'x'.repeat(1025),
  'ü'.repeat(513),
  '日'.repeat(342),
  undefined,
  null,
  1,
  {},
  ['a'],
  Symbol('a'),
]

describe('names', () => {
  for (const name of good)
    it(`${JSON.stringify(name.slice(0, 10))} (${Buffer.byteLength(name)} bytes) is a key and a tag`, () => {
      checkKey(name)
      checkTag(name)
      checkTags([name])
    })

  for (const name of bad)
    it(`${String(name).slice(0, 10)} (${typeof name}) is neither`, () => {
      expect(codeOf(() => checkKey(name))).to.equal('LARDER_INVALID_KEY')
      expect(codeOf(() => checkTag(name))).to.equal('LARDER_INVALID_TAG')
      expect(codeOf(() => checkTags(['a', name]))).to.equal('LARDER_INVALID_TAG')
    })

  it('tags come in an array without holes', () => {
    for (const tags of ['a', null, new Set(['a']), new Array(2)])
      expect(codeOf(() => checkTags(tags))).to.equal('LARDER_INVALID_TAG')
  })

  it('a key, a tag, a URI and a target of one text are four names', () => {
    expect(new Set([keyName('a'), tagName('a'), uriName('a'), targetName('a')]).size).to.equal(4)
  })
})
