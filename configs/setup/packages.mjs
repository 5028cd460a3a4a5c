/** The Debian packages each purpose needs, and how missing ones get installed. */
import { isInstalled, look, work } from './command.mjs'
import { SetupFailure } from './failure.mjs'

const toBuild = ['g++', 'cmake', 'ninja-build', 'liburing-dev']
const toTest = [
  'doctest-dev',
  'spin',
  'clang-19',
  'clang-tidy-19',
  'clang-format-19',
  'libclang-rt-19-dev',
  'lld-19',
  'fio',
  'nvme-cli',
  'qemu-system-x86',
  'busybox-static',
  'kmod',
  'cpio',
  'xz-utils',
  'zstd',
  'fdisk',
  'xfsprogs',
  'e2fsprogs',
  'openssl',
]
const toMeasure = ['fio', 'nvme-cli', 'valgrind']

const toCluster = ['etcd-server', 'iproute2']

export const packagesFor = {
  start: toBuild,
  cluster: [...toBuild, ...toCluster],
  build: toBuild,
  perf: [...toBuild, ...toMeasure],
  test: [...toBuild, ...toCluster, ...toTest],
}

/** Those of `names` that dpkg does not have installed. */
export function missingPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills these in
  const format = '${binary:Package} ${db:Status-Status}\\n'
  const { code, output } = look('dpkg-query', ['-W', '-f', format, ...names])
  if (code === 127) return undefined
  const installed = new Set()
  for (const line of output.split('\n')) {
    const [name = '', status] = line.split(' ')
    if (status === 'installed') installed.add(name.split(':')[0])
  }
  return names.filter((name) => !installed.has(name))
}

export function installPackages(names) {
  const missing = missingPackages(names)
  if (missing === undefined) return checkToolsByHand()
  if (missing.length === 0) return
  const prefix = becomeRoot(missing)
  console.log(`Installing ${missing.length} Debian packages: ${missing.join(' ')}`)
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  const waitForLock = ['-o', 'DPkg::Lock::Timeout=300']
  const aptGet = [...prefix, ...environment, ...waitForLock]
  const run = (args) => work(aptGet[0], [...aptGet.slice(1), ...args])
  run(['-qq', 'update'])
  run(['-qq', '-y', '--no-install-recommends', 'install', ...missing])
  const left = missingPackages(missing)
  if (left.length > 0) {
    throw new SetupFailure(
      `apt-get could not install ${left.join(' ')}; its messages are above. ` +
        `Once they are settled, run: ${manualCommand(left)}`,
    )
  }
}

/** The words to put before apt-get; fails when this user cannot become root without a password. */
function becomeRoot(missing) {
  if (process.getuid() === 0) return []
  if (look('sudo', ['-n', 'true']).code === 0) return ['sudo', '-n']
  throw new SetupFailure(
    `Ashlar needs Debian packages that are not installed, and this user cannot install them ` +
      `without a password. Run this, then try again:\n  ${manualCommand(missing)}`,
  )
}

function manualCommand(names) {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(' ')}`
}

/** On other distributions the packages have other names, so only the tools are looked for. */
function checkToolsByHand() {
  const missing = ['g++', 'cmake', 'ninja'].filter((tool) => !isInstalled(tool))
  if (missing.length === 0) return
  throw new SetupFailure(
    `This machine has no dpkg, so nothing can be installed for you. Please install ` +
      `${missing.join(', ')} and the headers and static library of liburing, then try again.`,
  )
}
