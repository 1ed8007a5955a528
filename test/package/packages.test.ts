// Every package as its users get it: packed, unpacked outside the repository, required, imported and typechecked.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect } from 'chai'
import { publint } from 'publint'
import { root } from '../../scripts/setup.mjs'
import { type PackedProject, packAll, packageFolders, readManifest } from './packed.ts'

describe('published packages', function () {
  this.timeout(120_000)

  let project: PackedProject
  before(() => {
    project = packAll()
  })
  after(() => project?.remove())

  for (const name of packageFolders) {
    const manifest = readManifest(name)
    const entries = Object.keys(manifest.exports).filter(entry => entry !== './package.json')
    const app = existsSync(join(root, 'test/package/consumer', `${name}.cjs`)) ? `./${name}.cjs` : undefined

    describe(manifest.name, () => {
      const packed = () => project.packages.get(name)!

      it('holds its code, its manifest, a licence and a README, and no tests or sources', () => {
        const files = readdirSync(packed().folder).filter(file => file !== 'node_modules')
        expect(files).to.have.members(['LICENSE', 'README.md', 'dist', 'package.json'])
        for (const file of readdirSync(join(packed().folder, 'dist'), { recursive: true, encoding: 'utf8' })) {
          if (/\.\w+$/.test(file)) expect(file).to.match(/\.(js|d\.ts)$/)
        }
      })

      it('satisfies publint', async () => {
        const { messages } = await publint({
          pack: { tarball: toArrayBuffer(readFileSync(packed().tarball)) },
          strict: true,
        })
        expect(messages).to.deep.equal([])
      })

      it('has types that every resolution finds (attw)', () => {
        // ESM only is enough: every Node that we support can `require` a module without top-level await, so CommonJS users are served
        // by the same file. attw knows older Nodes too, and would call that an error. Users on `node10` resolution (no `exports`) are not served.
        const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
        const args = [
          attw,
          packed().tarball,
          '--profile',
          'node16',
          '--ignore-rules',
          'cjs-resolves-to-esm',
          '--format',
          'ascii',
        ]
        const result = spawnSync(process.execPath, [...args, '--no-color', '--no-emoji'], { encoding: 'utf8' })
        expect(result.status, result.stdout + result.stderr).to.equal(0)
      })

      if (manifest.peerDependencies?.['express'] || manifest.peerDependencies?.['koa']) {
        it('has an application to be tried with', () => expect(app).to.be.a('string'))
      }

      for (const script of ['require.cjs', 'import.mjs']) {
        for (const entry of entries) {
          const specifier = posix.join(manifest.name, entry)
          const isDoor = entry === '.' && app !== undefined

          it(`${specifier} works from ${script}${isDoor ? ' and caches a response' : ''}`, () => {
            const args = [script, specifier, ...(isDoor ? [app] : [])]
            const output = execFileSync(process.execPath, args, {
              cwd: project.folder,
              encoding: 'utf8',
              timeout: 20_000,
            })
            const { names, answers } = JSON.parse(output) as { names: string[]; answers: Answer[] }
            expect(names).not.to.have.length(0)
            expect(names).not.to.include('default')
            if (!isDoor) return
            const [health, miss, hit] = answers
            expect([health?.status, miss?.status, hit?.status]).to.deep.equal([200, 200, 200])
            expect(miss?.body).to.equal('{"runs":1}')
            expect(hit?.body).to.equal('{"runs":1}')
            expect(hit?.cacheStatus).to.match(/; hit\b/)
          })
        }
      }
    })
  }

  it('typecheck in a strict project, from ESM and from CommonJS', () => {
    const specifiers = packageFolders.flatMap(name => {
      const { name: packageName, exports } = readManifest(name)
      return Object.keys(exports)
        .filter(entry => entry !== './package.json')
        .map(entry => posix.join(packageName, entry))
    })
    const lines = specifiers.map((specifier, i) => `import * as names${i} from '${specifier}'`)
    const uses = `export const all = [${specifiers.map((_, i) => `names${i}`).join(', ')}]`
    for (const file of ['user.mts', 'user.cts'])
      writeFileSync(join(project.folder, file), [...lines, uses, ''].join('\n'))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const flags = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023',
      '--types',
      'node',
    ]
    const args = [tsc, ...flags, '--pretty', 'false', 'user.mts', 'user.cts']
    const result = spawnSync(process.execPath, args, { cwd: project.folder, encoding: 'utf8' })
    expect(result.stdout + result.stderr).to.equal('')
  })
})

interface Answer {
  readonly status: number
  readonly cacheStatus: string | null
  readonly body: string
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}
