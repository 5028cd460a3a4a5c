import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from '../../support/root.ts'

const script = join(root, 'perf/nvme-connect/run.sh')
let folder = ''

/** A machine with an attached volume, another disk, and what uses them. */
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-perf-'))
  addDisk('nvme1n1', 'Ashlar Volume                           ')
  addDisk('nvme2n1', 'Another Disk')
  addDisk('sda')
  writeFileSync(join(folder, 'mounts'), '/dev/sda1 / ext4 rw 0 0\n')
  writeFileSync(join(folder, 'swaps'), 'Filename Type Size Used Priority\n')
})

test.after.each(() => rmSync(folder, { recursive: true }))

function addDisk(name: string, model?: string): void {
  const block = join(folder, 'class/block', name)
  mkdirSync(join(block, 'device'), { recursive: true })
  if (model !== undefined) writeFileSync(join(block, 'device/model'), `${model}\n`)
}

/** As the kernel shows it: below its disk, and beside it. */
function addPartition(disk: string, name: string): string {
  const block = join(folder, 'class/block', disk, name)
  mkdirSync(block)
  writeFileSync(join(block, 'partition'), '1\n')
  symlinkSync(block, join(folder, 'class/block', name))
  return block
}

function run(...args: string[]): { code: number | null; output: string } {
  const env = {
    ...process.env,
    ASHLAR_SYS: folder,
    ASHLAR_MOUNTS: join(folder, 'mounts'),
    ASHLAR_SWAPS: join(folder, 'swaps'),
  }
  const done = spawnSync('sh', [script, ...args], { env, encoding: 'utf8' })
  return { code: done.status, output: done.stdout + done.stderr }
}

test('a dry run on a volume names the commands, and writes only when told to', () => {
  const reading = run('--dry-run', '--runtime', '3', '/dev/nvme1n1')
  assert.is(reading.code, 0, reading.output)
  assert.match(reading.output, /DEVICE=\/dev\/nvme1n1 RUNTIME=3 .* fio .*\/profiles\.fio/)
  assert.not.match(reading.output, 'profiles-write')
  const writing = run('--dry-run', '--write', '--output', 'here.json', '/dev/nvme1n1')
  assert.match(writing.output, /profiles-write\.fio\nDEVICE.*profiles\.fio\nreport: here\.json/)
})

test('a device that is not an Ashlar volume is refused, unless forced', () => {
  const refused = run('--dry-run', '/dev/nvme2n1')
  assert.is(refused.code, 1)
  assert.match(refused.output, 'not an Ashlar volume (its model is "Another Disk")')
  assert.is(run('--dry-run', '--force', '/dev/nvme2n1').code, 0)
})

test('a device in use is refused, forced or not', () => {
  const refusal = (words: string) => {
    const { code, output } = run('--dry-run', '--force', '--write', '/dev/nvme1n1')
    assert.is(code, 1, output)
    assert.match(output, words)
  }
  const partition = addPartition('nvme1n1', 'nvme1n1p1')
  writeFileSync(join(folder, 'mounts'), '/dev/nvme1n1p1 /data xfs rw 0 0\n')
  refusal('/dev/nvme1n1p1 is mounted')
  writeFileSync(join(folder, 'mounts'), '')
  writeFileSync(join(folder, 'swaps'), '/dev/nvme1n1p1 partition 1 0 -2\n')
  refusal('/dev/nvme1n1p1 is swapped to')
  writeFileSync(join(folder, 'swaps'), '')
  mkdirSync(join(partition, 'holders/dm-0'), { recursive: true })
  refusal('/dev/nvme1n1p1 belongs to dm-0')
})

test('a partition and a device that is not there are refused', () => {
  addPartition('nvme1n1', 'nvme1n1p1')
  assert.match(run('/dev/nvme1n1p1').output, 'is a partition: give the whole device')
  assert.match(run('/dev/nvme9n1').output, '/dev/nvme9n1 is no block device')
})

test('a mistake on the command line is a sentence and exit code 2', () => {
  const mistakes: readonly [string[], string][] = [
    [[], 'Say which device'],
    [['--fast'], 'There is no option --fast'],
    [['--runtime'], '--runtime needs a value'],
    [['--runtime', 'x', '/dev/nvme1n1'], '--runtime is a whole number of seconds, not "x"'],
    [['--span', '1;ls', '/dev/nvme1n1'], '--span is a size such as 1g'],
    [['/dev/nvme1n1', '/dev/nvme2n1'], 'Give one device'],
  ]
  for (const [args, words] of mistakes) {
    const { code, output } = run(...args)
    assert.is(code, 2, output)
    assert.match(output, words)
  }
})

test.run()
