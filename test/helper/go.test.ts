// The program on the node has its tests beside its sources; here they run with everything else.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { repository, prepared } from '../../lab/place.ts'
import { exec } from '../../src/io/exec.ts'

test('the tests of lifeboat-helper pass', { timeout: 600_000 }, async () => {
  const result = await exec(path.join(prepared, 'bin', 'go'), ['test', '-p', '2', './...'], {
    signal: AbortSignal.timeout(590_000),
    deadlineMs: 580_000,
    cwd: path.join(repository, 'helper'),
    environment: { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false' },
  })
  assert.equal(result.exitCode, 0, result.stdout + result.stderr)
})
