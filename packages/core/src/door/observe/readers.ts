// Who reads: the first stack frame outside the helpers of the frameworks.

/**
 * `counts`: the reader is the handler, or unknown. `later`: the reader makes a product of it (`req.cookies`, `req.session`,
 * `req.user`), which counts when it is read in turn. `never`: no response depends on it, or its own Vary says so.
 */
export type Verdict = 'counts' | 'later' | 'never'

/** A trap or accessor: what is above it on the stack is ours. */
export type Callable = (...args: never[]) => unknown

/** They read on behalf of their caller. */
const helpers = new Set([
  'express',
  'router',
  'koa',
  'koa-compose',
  'delegates',
  'accepts',
  'negotiator',
  'type-is',
  'proxy-addr',
  'forwarded',
  'parseurl',
  'cookies',
  'cookie',
  'basic-auth',
  'vary',
  'on-headers',
  'on-finished',
  'pino-std-serializers',
  'safe-stable-stringify',
])

const verdicts = new Map<string, Verdict>([
  ['cookie-parser', 'later'],
  ['express-session', 'later'],
  ['passport', 'later'],
  ['express-rate-limit', 'later'],
  ['morgan', 'never'],
  ['pino', 'never'],
  ['pino-http', 'never'],
  ['cors', 'never'],
  ['@koa/cors', 'never'],
  ['compression', 'never'],
  ['koa-compress', 'never'],
])

// Nearly every reader is within the first few frames; the deep look is for a chain of helpers.
const shallow = 4
const deep = 24

/** Judge the reader that called `below`. What cannot be told counts. */
export function verdict(below: Callable): Verdict {
  try {
    return judge(below, shallow) ?? judge(below, deep) ?? 'counts'
  } catch {
    return 'counts'
  }
}

/** `undefined` when all frames within the limit are helpers. */
function judge(below: Callable, limit: number): Verdict | undefined {
  for (const site of callSites(below, limit)) {
    const file = site.getFileName()
    if (!file) {
      // Built-ins (JSON.stringify, map) have no file; neither has code made from a string, which may be a template.
      if (site.isEval()) return 'counts'
      continue
    }
    if (file.startsWith('node:')) continue
    const path = file.replaceAll('\\', '/')
    if (own.test(path)) continue
    const name = packageOf(path)
    if (name === undefined) return 'counts'
    if (helpers.has(name)) continue
    // `req.isAuthenticated()` reads for its caller.
    if (name === 'passport' && path.endsWith('/http/request.js')) continue
    return name.startsWith('@opentelemetry/') ? 'never' : (verdicts.get(name) ?? 'counts')
  }
  return undefined
}

// Another cache's window below this one.
const own = /\/door\/observe\/[a-z]+\.[jt]s$/
const anchor = '/node_modules/'

/** The package by the last `node_modules` in the path, or `undefined` for the application's own files and bundles. */
function packageOf(path: string): string | undefined {
  const at = path.lastIndexOf(anchor)
  if (at < 0) return undefined
  const start = at + anchor.length
  let end = path.indexOf('/', start)
  if (path[start] === '@') end = path.indexOf('/', end + 1)
  return end < 0 ? undefined : path.slice(start, end)
}

function callSites(below: Callable, limit: number): readonly NodeJS.CallSite[] {
  const { stackTraceLimit, prepareStackTrace } = Error
  const holder: { stack?: unknown } = {}
  // Structured frames are cheaper than the text, and a source map hook would rewrite the text.
  Error.stackTraceLimit = limit
  Error.prepareStackTrace = structured
  try {
    Error.captureStackTrace(holder, below)
    return holder.stack as readonly NodeJS.CallSite[]
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
  }
}

function structured(_: Error, sites: NodeJS.CallSite[]): NodeJS.CallSite[] {
  return sites
}
