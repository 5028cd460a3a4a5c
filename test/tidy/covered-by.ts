/**
 * Source files without a test of their own name, and the test that covers each: parts of one noun,
 * tested through it.
 */
export const coveredBy: Readonly<Record<string, string>> = {
  'native-rdma/src/base/crc32c_hardware.cc': 'test/native/base/crc32c_test.cc',
  'native-rdma/src/base/crc32c_portable.cc': 'test/native/base/crc32c_test.cc',
  'configs/lock.mjs': 'test/tidy/package.test.ts',
  'configs/setup.mjs': 'test/configs/setup/setup.test.ts',
  'control/quickstart/run-cell.ts': 'test/cluster/quickstart.test.ts',
  'control/quickstart/start.mjs': 'test/cluster/quickstart.test.ts',
  'gateway/main.ts': 'test/cluster/quickstart.test.ts',
  'gateway/reconcile/attach-volume.ts': 'test/gateway/reconcile/reconciler.test.ts',
  'gateway/reconcile/delete-volume.ts': 'test/gateway/reconcile/reconciler.test.ts',
  'gateway/reconcile/detach-volume.ts': 'test/gateway/reconcile/reconciler.test.ts',
  'gateway/reconcile/discovery.ts': 'test/gateway/reconcile/reconciler.test.ts',
  'gateway/session/stream.ts': 'test/gateway/session/session.test.ts',
}
