// Debian's and Ubuntu's packages without root: downloaded and unpacked into a folder, so that nothing is installed.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Unpacks what `packages` names, and the libraries they need that this system lacks, into `folder`/root. What lies in `folder` when
 * `prepare` has accepted it stays; otherwise nothing does. Answers whether it is there.
 *
 * @param {object} options
 * @param {string} options.folder
 * @param {readonly string[]} options.packages
 * @param {readonly string[]} [options.libraries] what is needed where apt cannot say
 * @param {(part: string) => boolean} options.prepare makes it ready in `part`, which will be renamed to `folder`
 * @param {() => boolean} options.isThere whether another process has left it in `folder` meanwhile
 */
export function unpackDebianPackages({ folder, packages, libraries = [], prepare, isThere }) {
  const part = `${folder}.${process.pid}`
  const unpacked = join(part, 'root')
  try {
    mkdirSync(unpacked, { recursive: true })
    if (!download(packages, libraries, part)) return false
    for (const name of readdirSync(part).filter(each => each.endsWith('.deb'))) {
      if (!run('dpkg', ['-x', name, unpacked], part)) return false
      rmSync(join(part, name))
    }
    if (!prepare(part)) return false
    // Two runs may fetch at once: the one that comes second keeps what the first left.
    if (isThere()) return true
    rmSync(folder, { recursive: true, force: true })
    renameSync(part, folder)
    return true
  } catch {
    return false
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

/** From the release that runs here; what came after it may be in its backports. */
function download(packages, libraries, folder) {
  const fetch = apt => run('apt-get', [...apt, 'download', ...withMissing(packages, libraries, apt)], folder)
  if (fetch([]) || (run('apt-get', ['update']) && fetch([]))) return true
  const lists = mkdtempSync(join(tmpdir(), 'larder-apt-'))
  try {
    const backports = backportsIn(lists)
    return backports !== undefined && run('apt-get', [...backports, 'update']) && fetch(backports)
  } finally {
    rmSync(lists, { recursive: true, force: true })
  }
}

/** The packages and those others that are missing here: what apt itself would install. */
function withMissing(packages, libraries, apt) {
  const plan = spawnSync('apt-get', [...apt, '--simulate', '--no-install-recommends', 'install', ...packages], quiet)
  const named = [...String(plan.stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(match => match[1])
  return [...new Set([...packages, ...(named.length > 0 ? named : libraries)])]
}

/** Options with which apt sees the backports beside the release, by lists of their own in `lists`. */
function backportsIn(lists) {
  const release = readFileSync('/etc/os-release', 'utf8')
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1]
  const known = spawnSync(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages'],
    quiet,
  )
  const mirror = String(known.stdout ?? '')
    .split('\n')
    .map(line => line.split(' '))
    .find(each => each[1] === codename)?.[0]
  if (!/^ID=debian$/m.test(release) || codename === undefined || mirror === undefined) return undefined
  const sources = join(lists, 'sources.list')
  writeFileSync(sources, `deb ${mirror} ${codename} main\ndeb ${mirror} ${codename}-backports main\n`)
  mkdirSync(join(lists, 'lists/partial'), { recursive: true })
  const settings = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(lists, 'lists'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Default-Release': `${codename}-backports`,
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

const quiet = { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, env: { ...process.env, LC_ALL: 'C' } }

/** Whether it succeeded; what it prints is not shown. */
export function run(command, args, cwd) {
  return spawnSync(command, args, { ...quiet, cwd }).status === 0
}
