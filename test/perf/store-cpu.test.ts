import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { perOperation } from '../../perf/store-cpu.ts'

test("an operation's share is told, and what of it is the load itself", () => {
  const functions = [
    { name: 'store::LogWriter::apply', instructions: 3000 },
    { name: 'bench::StoreBench::pump', instructions: 1000 },
  ]
  assert.equal(perOperation(functions, 10), {
    perOperation: 400,
    load: 100,
    functions: [
      { name: 'store::LogWriter::apply', instructions: 300 },
      { name: 'bench::StoreBench::pump', instructions: 100 },
    ],
  })
})

test.run()
