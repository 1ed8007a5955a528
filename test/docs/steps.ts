// The little language in which a page says what to ask its server, and what must come: GET /events → 200, hit

import { expect } from 'chai'

export interface Step {
  readonly line: string
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | undefined
  readonly expectations: readonly string[]
}

/** One step a line: `METHOD path [Name: value]… body? → expectation, expectation…` */
export function parseSteps(text: string): Step[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => {
      const match = /^([A-Z]+) (\S+)((?: \[[^\]]+\])*)(?: (\S.*?))? → (.+)$/.exec(line)
      if (match === null) throw new Error(`Not a step: ${line}`)
      const [, method, path, headers, body, expectations] = match as unknown as [
        string,
        string,
        string,
        string,
        string?,
        string?,
      ]
      return {
        line,
        method,
        path,
        headers: [...headers.matchAll(/\[([^:\]]+):\s*([^\]]*)\]/g)].map(([, name, value]) => [name!, value!] as const),
        body,
        expectations: expectations!.match(/(?:"[^"]*"|[^,])+/g)!.map(each => each.trim()),
      }
    })
}

/** Asks, and checks the answer. */
export async function takeStep(step: Step, port: number): Promise<void> {
  const headers = new Headers(step.headers.map(([name, value]): [string, string] => [name, value]))
  if (step.body !== undefined) headers.set('content-type', 'application/json')
  const init = { method: step.method, headers, redirect: 'manual' as const, signal: AbortSignal.timeout(5000) }
  const response = await fetch(
    `http://127.0.0.1:${port}${step.path}`,
    step.body === undefined ? init : { ...init, body: step.body },
  )
  const body = await response.text()
  const shown = `${step.line}\n${response.status} ${JSON.stringify([...response.headers])}\n${body.slice(0, 300)}\n`
  const cacheStatus = (response.headers.get('cache-status') ?? '').split(';').map(part => part.trim())
  for (const expectation of step.expectations) {
    const [, field, value] = /^([\w-]+):\s*(.+)$/.exec(expectation) ?? []
    if (/^\d{3}$/.test(expectation)) expect(response.status, shown).to.equal(Number(expectation))
    else if (expectation.startsWith('"')) expect(body, shown).to.include(expectation.slice(1, -1))
    else if (field !== undefined) expect(response.headers.get(field), shown).to.include(value)
    else if (expectation.startsWith('no ')) expect(response.headers.get(expectation.slice(3)), shown).to.equal(null)
    else if (expectation === 'miss') expect(cacheStatus.join(), shown).to.match(/\bfwd=\S*miss\b/)
    else expect(cacheStatus, shown).to.include(expectation)
  }
}
