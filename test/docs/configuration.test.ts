// docs/configuration.md is what `npm run docs` writes.

import { readFileSync } from 'node:fs'
import { variableNotes } from '@larder/config'
import { expect } from 'chai'
import { configurationPage, pagePath } from '../../scripts/configuration-page.mjs'

describe('docs/configuration.md', () => {
  it('is current; npm run docs writes it anew', () => {
    expect(readFileSync(pagePath, 'utf8')).to.equal(configurationPage())
  })

  it('has every variable once, with its default, in a row of its own', () => {
    const rows = configurationPage().match(/^\| `.*$/gm) ?? []
    expect(rows.map(row => /`(\w+)`/.exec(row)?.[1])).to.deep.equal(variableNotes().map(({ name }) => name))
    for (const row of rows) expect(row.split(' | '), row).to.have.length(4)
  })
})
