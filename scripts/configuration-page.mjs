// npm run docs: writes docs/configuration.md from the variables that @larder/config reads.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { variableNotes } from '@larder/config'
import { root } from './setup.mjs'

export const pagePath = join(root, 'docs/configuration.md')

/** The page as it has to be. */
export function configurationPage() {
  const notes = variableNotes()
  const sections = [...new Set(notes.map(({ section }) => section))]
  const tables = sections.map(section => {
    const rows = notes.filter(note => note.section === section).map(row)
    return [`## ${section}`, '', '| variable | default | | its text |', '|---|---|---|---|', ...rows].join('\n')
  })
  return `${intro}\n${tables.join('\n\n')}\n`
}

function row({ name, about, expected, default: otherwise = '', secret }) {
  const cells = [code(name), otherwise && code(otherwise), about, secret ? `${expected}; a secret` : expected]
  return `| ${cells.join(' | ')} |`
}

const code = text => `\`${text}\``

const intro = `# Configuration

\`loadConfig()\` of [\`@larder/config\`](../packages/config/README.md) reads the environment once, at the start, and checks it as a whole. Nothing else in Larder reads it: every
other package takes options, and works without this one.

<!-- prints: password: '[hidden]' -->
\`\`\`ts
import { loadConfig } from '@larder/config'

const config = loadConfig({ REDIS_HOST: 'cache.internal', REDIS_PASSWORD: 'secret', LARDER_DEFAULT_TTL: '10m' })
console.log(config.cache.defaultTtl, config.redis)
\`\`\`

- Each part is what something takes: \`config.redis\` is for \`connectRedis()\`, \`config.cache\` for \`createCache()\`, \`config.store\` for \`redisStore()\`,
  \`config.log\` for \`redisLog()\`, \`config.flags\` for \`launchDarklyFlags()\`. All of it is frozen.
- \`config.redis\` is \`undefined\` where no variable says which Redis: then the cache stays in memory. \`REDIS_PORT\`, \`REDIS_PASSWORD\` and the like alone
  mean the one on \`localhost\`; \`REDIS_KEY_PREFIX\` alone does not. \`config.launchDarkly\` is \`undefined\` without an SDK key, and
  \`config.flagFile\`, which is for \`fileFlags()\`, without a file. \`config.tracing.configured\` is false where no variable says where traces or metrics go.
- A secret is there for whoever takes it by its name, or copies the part. Where the configuration is printed, logged or turned into JSON, it is \`[hidden]\`.
- An empty variable counts as absent, and space around a text does not count, except in \`REDIS_PASSWORD\`.
- A duration is a number of seconds, or a number with its unit: \`250ms\`, \`30s\`, \`5m\`, \`2h\`, \`1d\`.

## What is wrong

A configuration that cannot be throws \`LARDER_INVALID_CONFIG\`, with one line for each variable, all at once. The value of a secret is in none of them.

<!-- throws: REDIS_PORT: 'abc' given, expected a whole number from 1 to 65535 -->
\`\`\`ts
import { loadConfig } from '@larder/config'

loadConfig({ REDIS_PORT: 'abc', REDIS_TLS: 'yes', LARDER_MAX_BYTE: '64MiB' })
\`\`\`

\`\`\`text
The environment has 3 variables that cannot be:
  REDIS_PORT: 'abc' given, expected a whole number from 1 to 65535
  REDIS_TLS: 'yes' given, expected true or false
  LARDER_MAX_BYTE: there is no such variable, did you mean LARDER_MAX_BYTES?
\`\`\`

\`error.problems\` has them as a list. A name that begins with \`LARDER_\` has to be one of these; the names that Kubernetes makes for a Service called \`larder\` are left
alone, and so are those in \`loadConfig(env, { ignore: ['LARDER_IMAGE'] })\`. Variables that contradict each other are refused as well: two ways to say which Redis, a password in \`REDIS_URL\` and in
\`REDIS_PASSWORD\`, a port beside a list of nodes.

\`OTEL_*\` are those of the OpenTelemetry specification, with one difference: a value that cannot be is refused rather than ignored.

\`npm run docs\` writes this page from the variables themselves.
`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(pagePath, configurationPage())
  console.log('docs/configuration.md is written')
}
