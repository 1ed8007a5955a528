// docs/security.md names a test for everything that it promises, and leaves none out.

import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const folder = new URL('./', import.meta.url)
const page = readFileSync(new URL('../../docs/security.md', folder), 'utf8')

/** Titles as they stand in the sources; `…` stands for what is put in. */
const titles = readdirSync(folder)
  .filter(name => name.endsWith('.test.ts') && name !== 'page.test.ts')
  .flatMap(name => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\bit\(\s*(['"`])(.*?)\1,/g)])
  .map(([, , title]) => title!.replace(/\$\{[^}]*\}/g, '…').replaceAll("\\'", "'"))
  .filter(title => !title.startsWith('control'))

/** Titles as the page names them. */
const named = [...page.matchAll(/`([LKPDO]\d+[:,][^`]*)`/g)].map(([, title]) => title!)

describe('docs/security.md', () => {
  it('names tests that there are', () => {
    const unknown = named.filter(name => !titles.some(title => isLike(name, title)))
    expect(unknown).to.deep.equal([])
  })

  it('names every test', () => {
    const unnamed = titles.filter(title => !named.some(name => isLike(name, title)))
    expect(unnamed).to.deep.equal([])
    expect(titles.length).to.be.above(80)
  })
})

/** Whether one can be read as the other, whatever stands in their gaps. */
function isLike(name: string, title: string): boolean {
  return patternOf(name).test(title) || patternOf(title).test(name)
}

function patternOf(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&').replaceAll('…', '.*')}$`)
}
