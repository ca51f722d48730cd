// Scenarios 31 and 32: somebody whom the move does not know writes to its data while clients wait. Each time the attempt
// ends before the seal, by the name of who writes or with the number of changes, and nobody has lost anything.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')

/** Keeps a page of a file mapped, and no file open: the module mmap would keep one. */
const mapper = `import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
fd = os.open("/srv/shop/mapped", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 4096)
page = libc.mmap(None, 4096, 3, 1, fd, 0)
os.close(fd)
while True:
  ctypes.memmove(page, b"%08d" % (int(time.time()) % 100000000), 8)
  time.sleep(0.05)`
const start = 'systemd-run --quiet --collect --unit=mapper python3 /root/mapper.py && sleep 0.5 && systemctl is-active mapper'
const stop = 'systemctl stop mapper'

test('whoever writes in the freeze without being known to the move ends the attempt before the seal', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  let running = scene.begin('migrate', '--yes', '--json')

  /** While this step waits to begin, `write` happens, and `afterwards` when the attempt is over; answers what it ended with. */
  const refusedBy = async (step: string, write: string, afterwards = 'true'): Promise<string> => {
    await moments.at(step, 'started')
    const since = (await scene.journal()).at(-1)?.seq ?? 0
    await source.run(write)
    await moments.pass()
    const ended = await scene.record((record) => record.step === step && (record.state === 'failed' || record.state === 'done'), { after: since })
    await scene.record(at('attempt', 'undone'), { after: ended.seq })
    await source.run(afterwards)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.equal(ended.state, 'failed')
    return ended.text
  }

  await t.test('a program that has a page of a file mapped when services have stopped is named', async () => {
    await source.run(`cat > /root/mapper.py <<'EOF'\n${mapper}\nEOF`)
    assert.match(await refusedBy('freeze-source', start, stop), /python3 \(pid \d+\) has \/srv\/shop\/mapped mapped/)
  })

  await t.test('one that comes after the final pass is named, too: the seal is refused', async () => {
    assert.match(await refusedBy('seal-source', start, stop), /python3 \(pid \d+\) has \/srv\/shop\/mapped mapped/)
  })

  await t.test('a job that wrote and is gone is noticed by what it wrote: the seal is refused', async () => {
    assert.match(await refusedBy('seal-source', 'date > /srv/shop/nightly'), /changes came after the final pass \(\d+\), the first: "\/srv\/shop\/nightly"/)
  })

  await t.test('after three attempts a person decides, and then the move switches with all that was written', async () => {
    assert.equal((await running).exitCode, 4)
    running = scene.begin('approve', 'web-1', '--yes', '--json')
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500))
    for (const file of ['nightly', 'mapped']) assert.equal(await target.run(`cat /srv/shop/${file}`), await source.run(`cat /srv/shop/${file}`))
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  })
})
