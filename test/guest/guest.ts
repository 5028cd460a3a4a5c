// A Linux host in QEMU for tests: Debian's kernel on this machine's own root file system, reached
// over a tap device. Commands go in and come out over a virtio port; several run side by side.
//
// Software emulation: allow some ten seconds to boot and seconds for what takes none elsewhere.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('.', import.meta.url))

/** The addresses of the wire between this machine and the guest. */
export const hostAddress = '10.77.0.1'
const guestAddress = '10.77.0.2'

const bootTimeoutMs = 180_000
const commandTimeoutS = 60

/** What the process ends with when the guest as a whole stands still: see `enterOwnNetwork`. */
export const guestStoodStill = 75

export interface Answer {
  readonly status: number
  /** Standard output and error, as they came. */
  readonly output: string
}

export interface Guest {
  readonly hostNqn: string
  readonly kernel: string
  /** Runs a bash script in the guest and returns what it printed; throws unless its status is 0. */
  run(script: string, timeoutS?: number): Promise<string>
  /** The same, whatever the status. */
  attempt(script: string, timeoutS?: number): Promise<Answer>
  /** The end of the kernel's messages. */
  console(): string
  close(): Promise<void>
}

export interface GuestOptions {
  readonly processors?: number
  readonly memoryMiB?: number
}

/** Fetches and unpacks the guest's kernel; quick when that has been done. Requires the internet. */
export function prepareGuest(): void {
  execFileSync(join(home, 'setup.sh'), { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Boots a guest. Requires `prepareGuest`, and the network namespace of `enterOwnNetwork`. */
export async function bootGuest(options: GuestOptions = {}): Promise<Guest> {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-guest-'))
  const hostId = 'a51a4000-0000-4000-8000-00000000beef'
  const hostNqn = `nqn.2014-08.org.nvmexpress:uuid:${hostId}`
  const qemu = startQemu(folder, options, [
    `guest.address=${guestAddress}/24`,
    `guest.hostnqn=${hostNqn}`,
    `guest.hostid=${hostId}`,
  ])
  const consoleEnd = () => tail(join(folder, 'console'))
  try {
    const port = await agentPort(folder, qemu)
    const agent = speak(port)
    const kernel = await within(
      agent.hello,
      bootTimeoutMs,
      () => `the guest did not boot:\n${consoleEnd()}`,
    )
    const attempt = async (script: string, timeoutS = commandTimeoutS) => {
      try {
        return await within(
          agent.ask(script, timeoutS),
          (timeoutS + 30) * 1000,
          () => `the guest does not answer to: ${script}\n${consoleEnd()}`,
        )
      } catch (error) {
        return standStill(error)
      }
    }
    return {
      hostNqn,
      kernel,
      attempt,
      async run(script, timeoutS) {
        const { status, output } = await attempt(script, timeoutS)
        if (status !== 0) {
          const reason = status === 124 ? 'timed out' : `ended with status ${status}`
          // The console shows no program's crash: the kernel tells its address and code only here.
          const messages = (await attempt('dmesg | tail -20')).output
          throw new Error(
            [
              `in the guest, "${script}" ${reason}:\n${output}`,
              `--- kernel\n${messages}\n--- console\n${consoleEnd()}`,
            ].join('\n'),
          )
        }
        return output
      },
      console: consoleEnd,
      async close() {
        port.destroy()
        await end(qemu)
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await end(qemu)
    rmSync(folder, { recursive: true, force: true })
    return standStill(error)
  }
}

// Its agent limits every command's time, so that this is the emulator's fault and not that of what
// is tested.
function standStill(error: unknown): never {
  console.error(error)
  process.exit(guestStoodStill)
}

function startQemu(folder: string, options: GuestOptions, words: readonly string[]): ChildProcess {
  const ifup = join(folder, 'ifup')
  writeFileSync(
    ifup,
    `#!/bin/sh\nip addr add ${hostAddress}/24 dev "$1" && ip link set "$1" up\n`,
    { mode: 0o755 },
  )
  // "lsm=" and what follows only save boot time. The processor lacks what emulation makes slow, and
  // AVX, which this emulator has had for a short time only: a program of the host's crashed once.
  const kernelWords = [
    'console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check',
    'lsm=capability audit=0 nowatchdog',
    'i8042.nokbd i8042.noaux 8250.nr_uarts=1 rcupdate.rcu_expedited=1',
    `guest.home=${home.replace(/\/$/, '')}`,
    ...words,
  ]
  const args = [
    ['-nodefaults', '-no-user-config', '-no-reboot'],
    ['-display', 'none', '-serial', `file:${folder}/console`],
    [
      '-machine',
      'q35',
      '-accel',
      'tcg,thread=multi,tb-size=512',
      '-cpu',
      'max,la57=off,-smap,-smep,-umip,-pku,-avx,-avx2,-f16c,-fma',
    ],
    ['-smp', String(options.processors ?? 2), '-m', String(options.memoryMiB ?? 1536)],
    ['-kernel', join(home, 'kernel/vmlinux'), '-initrd', join(home, 'kernel/initramfs.cpio')],
    ['-append', kernelWords.join(' ')],
    ['-fsdev', 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'],
    ['-device', 'virtio-9p-pci,fsdev=root,mount_tag=root', '-device', 'virtio-rng-pci'],
    ['-netdev', `tap,id=net,script=${ifup},downscript=no,vhost=off`],
    ['-device', 'virtio-net-pci,netdev=net,romfile='],
    ['-chardev', `socket,id=agent,path=${folder}/agent,server=on,wait=off`],
    ['-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=agent,name=agent'],
  ].flat()
  // The guest dies with the test, however the test ends.
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

async function agentPort(folder: string, qemu: ChildProcess): Promise<Socket> {
  const path = join(folder, 'agent')
  const deadline = Date.now() + 10_000
  while (!existsSync(path)) {
    if (qemu.exitCode !== null || Date.now() > deadline) {
      throw new Error('QEMU did not start: its own message is above')
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const port = connect(path)
  await once(port, 'connect')
  return port
}

interface Agent {
  readonly hello: Promise<string>
  ask(script: string, timeoutS: number): Promise<Answer>
}

// The lines of init/system.sh.
function speak(port: Socket): Agent {
  const waiting = new Map<string, (answer: Answer) => void>()
  const hello = new Promise<string>((resolve) => {
    waiting.set('0', (answer) => resolve(answer.output.trim()))
  })
  createInterface({ input: port }).on('line', (line) => {
    const [id = '', status = '', output = ''] = line.split(' ')
    waiting.get(id)?.({ status: Number(status), output: Buffer.from(output, 'base64').toString() })
    waiting.delete(id)
  })
  let last = 0
  return {
    hello,
    ask: (script, timeoutS) =>
      new Promise((resolve) => {
        last += 1
        waiting.set(String(last), resolve)
        port.write(`${last} ${timeoutS} ${Buffer.from(script).toString('base64')}\n`)
      }),
  }
}

async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  complaint: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

async function end(qemu: ChildProcess): Promise<void> {
  if (qemu.exitCode === null && qemu.signalCode === null) {
    qemu.kill('SIGKILL')
    await once(qemu, 'exit')
  }
}

function tail(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-40).join('\n') : ''
}
