/**
 * Renews package-lock.json after package.json changed.
 *
 * A registry mirror may lack the builds that other platforms would use of an optional dependency;
 * npm then leaves them out of the lock file, and `npm ci` refuses a lock file without them. So what
 * is left out is entered here: such a build is never fetched where it does not fit the platform.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const path = `${root}package-lock.json`
const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
]

rmSync(path, { force: true })
const args = ['install', '--package-lock-only', '--ignore-scripts']
const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

const lock = JSON.parse(readFileSync(path, 'utf8'))
const entered = []
for (const owner of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key]) continue
    const words = name.split(/[-/]/)
    const os = words.filter((word) => systems.includes(word))
    const cpu = words.filter((word) => processors.includes(word))
    if (os.length === 0) throw new Error(`${name} is left out of the lock file and names no system`)
    const libc = words.includes('musl') ? { libc: ['musl'] } : {}
    lock.packages[key] = {
      version,
      ...(cpu.length > 0 ? { cpu } : {}),
      optional: true,
      os,
      ...libc,
    }
    entered.push(name)
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
lock.packages = Object.fromEntries(sorted)
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
if (entered.length > 0) console.log(`Entered for other platforms: ${entered.join(', ')}`)
