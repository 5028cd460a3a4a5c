/**
 * Makes one report of what fio measured on a volume: a table to read, JSON to keep.
 *
 * Plain Node.js without packages: it is copied to hosts together with run.sh.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { hostname, release } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The rows of one fio output: a job's reads and writes, where there were any. */
export function rowsOf(text) {
  // fio may print a note before its JSON.
  const { jobs } = JSON.parse(text.slice(text.indexOf('{')))
  return jobs.flatMap((job) =>
    ['read', 'write']
      .filter((verb) => job[verb].total_ios > 0)
      .map((verb) => rowOf(job, verb, job[verb])),
  )
}

function rowOf(job, verb, direction) {
  const percentile = (share) => (direction.clat_ns.percentile?.[share] ?? 0) / 1000
  return {
    name: job.jobname,
    verb,
    iops: Math.round(direction.iops),
    mibPerSecond: Math.round((direction.bw_bytes / 2 ** 20) * 10) / 10,
    latencyUs: {
      mean: direction.clat_ns.mean / 1000,
      p50: percentile('50.000000'),
      p99: percentile('99.000000'),
      p999: percentile('99.900000'),
      max: direction.clat_ns.max / 1000,
    },
    errors: job.error,
  }
}

export function tableOf(rows) {
  const head = ['', 'IOPS', 'MiB/s', 'p50 us', 'p99 us', 'p99.9 us', 'max us']
  const lines = rows.map(({ name, verb, iops, mibPerSecond, latencyUs }) => [
    `${name} (${verb})`,
    String(iops),
    mibPerSecond.toFixed(1),
    ...['p50', 'p99', 'p999', 'max'].map((key) => latencyUs[key].toFixed(1)),
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column].length)),
  )
  const join = (cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd()
  return [head, ...lines].map(join).join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [device, model, output, ...results] = process.argv.slice(2)
  const rows = results.flatMap((path) => rowsOf(readFileSync(path, 'utf8')))
  const measuredAt = new Date().toISOString()
  const report = { device, model, host: hostname(), kernel: release(), measuredAt, rows }
  writeFileSync(output, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`${tableOf(rows)}\nWritten to ${output}`)
}
