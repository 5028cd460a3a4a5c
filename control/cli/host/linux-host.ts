/** This machine as an NVMe host: its name, its connected volumes, and nvme-cli to change them. */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Host {
  /** Empty when the machine has none. */
  readonly nqn: string
  /** Why this process cannot connect volumes itself, as half a sentence; missing when it can. */
  readonly obstacle?: string
  /** `/dev/nvmeXnY` of a connected subsystem. */
  deviceOf(subsystemNqn: string): string | undefined
  /** What uses the device or one of its partitions, such as a mount point. */
  usersOf(device: string): readonly string[]
  /** Resolves with the program's exit code and what it printed. */
  run(program: string, args: readonly string[]): Promise<{ code: number; output: string }>
}

/** `root` is where /etc, /sys, /proc and /usr are looked for. */
export function linuxHost(root = '/', isRoot = process.getuid?.() === 0): Host {
  const obstacle = findObstacle(root, isRoot)
  return {
    nqn: readText(join(root, 'etc/nvme/hostnqn')),
    ...(obstacle !== undefined && { obstacle }),
    deviceOf: (subsystemNqn) => findDevice(root, subsystemNqn),
    usersOf: (device) => [...mountPoints(root, device), ...holders(root, device)],
    run,
  }
}

function findObstacle(root: string, isRoot: boolean): string | undefined {
  if (!isRoot) return 'you are not root'
  const folders = ['usr/sbin', 'usr/bin', 'sbin', 'bin', 'usr/local/sbin', 'usr/local/bin']
  return folders.some((folder) => isProgram(join(root, folder, 'nvme')))
    ? undefined
    : 'nvme-cli is not installed'
}

function findDevice(root: string, subsystemNqn: string): string | undefined {
  const subsystems = join(root, 'sys/class/nvme-subsystem')
  for (const name of listFolder(subsystems)) {
    const folder = join(subsystems, name)
    if (readText(join(folder, 'subsysnqn')) !== subsystemNqn) continue
    // With native multipath the namespace is the subsystem's, without it its controller's.
    const controllers = listFolder(folder).filter((entry) => /^nvme\d+$/.test(entry))
    const folders = [folder, ...controllers.map((controller) => join(folder, controller))]
    const device = folders.flatMap(listFolder).find((entry) => /^nvme\d+n\d+$/.test(entry))
    if (device !== undefined) return `/dev/${device}`
  }
  return undefined
}

function mountPoints(root: string, device: string): string[] {
  const isPart = new RegExp(`^${device}(p\\d+)?$`)
  return readText(join(root, 'proc/self/mounts'))
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([source = '']) => isPart.test(source))
    .map(([, place = '']) => `mounted at ${place}`)
}

/** Device mapper, md and the like. */
function holders(root: string, device: string): string[] {
  const name = device.replace('/dev/', '')
  const block = join(root, 'sys/block', name)
  const parts = listFolder(block).filter((entry) => entry.startsWith(`${name}p`))
  const folders = [block, ...parts.map((part) => join(block, part))]
  const found = folders.flatMap((folder) => listFolder(join(folder, 'holders')))
  return found.map((holder) => `used by ${holder}`)
}

function run(program: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: string) => {
      output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output: output.trim() }))
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}

function listFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}
