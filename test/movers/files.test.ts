// The mover of folder trees on two real nodes: their helpers, their rsync, the key of the run.
import assert from 'node:assert/strict'
import type { Side } from '../../src/movers/mover.ts'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { files } = await import('../../src/movers/files/index.ts')
const { moverConformance } = await import('../conformance/mover.ts')
const { preparedPair } = await import('../support/pair.ts')
const { asReceiver } = await import('../support/receiver.ts')
const { setScene } = await import('../support/scenario.ts')
const { listingOf } = await import('../support/listing.ts')

const root = '/srv/shop'

type Run = Side['run']

/** Notes of each rsync whether it was given a list of names. */
function watched(run: Run, passes: string[]): Run {
  return async (command, options) => {
    if (command[0] === 'rsync' && command.length > 2) passes.push(command.includes('--from0') ? 'listed' : 'whole')
    return await run(command, options)
  }
}

/** Deletions of a list need no rsync. */
function watchedCall(call: Side['call'], passes: string[]): Side['call'] {
  return async (request, signal) => {
    if (request.op === 'put-aside') passes.push('listed')
    return await call(request, signal)
  }
}

/** The file is changed in place, and its time put back. */
const torn = `open my $file, "+<", "${root}/catalogue/sparse" or die; my @was = stat $file; seek $file, 7, 0; print $file "X"; close $file;
  utime @was[8, 9], "${root}/catalogue/sparse"`

moverConformance('files', async (t) => {
  const scene = await setScene({ files: 60 })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const { close, ...opened } = await preparedPair(scene, 'web-1')
  t.after(close)
  const [passes, reasons]: [string[], string[]] = [[], []]
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  const pair = {
    from: { ...opened.from, run: watched(opened.from.run, passes) },
    to: { ...opened.to, call: watchedCall(opened.to.call, passes) },
  }
  // The controller is gone; a pass that it had begun ends by itself.
  await source.run('systemctl stop shop-cron.timer shop.service; while pidof rsync >/dev/null; do sleep 0.1; done')
  await target.run(`find ${root} -mindepth 1 -delete`)
  const damage = (title: string, names: string, command: string, mendedBy: 'repeat' | 'audit' = 'repeat') => ({
    title,
    names,
    mendedBy,
    act: async () => void (await target.run(`cd ${root} && ${command}`)),
  })
  /** `before`: how the pass before this change must have looked, the one for the change before. */
  const odd = (title: string, command: string, before: 'listed' | 'whole' = 'listed') => ({
    title,
    act: async () => {
      assert.equal(passes.at(-1), before, `the pass before ${title}`)
      if (passes.at(-1) === 'listed') reasons.length = 0
      await source.run(`cd ${root} && ${command}`)
    },
  })
  let changes = 0
  return {
    mover: {
      ...mover,
      sync: async (between, kind, signal, onProgress) => {
        const told = (text: string) => {
          reasons.push(text)
          onProgress(text)
        }
        return await mover.sync(between, kind, signal, told)
      },
    },
    pair,
    change: async () => void (await source.run(`cd ${root} && rm -f order-${changes} && echo ${++changes} > order-${changes}`)),
    oddChanges: [
      odd(
        'names with line breaks, bytes that are no UTF-8, and what looks like a comment, an option or a pattern',
        String.raw`touch "$(printf 'a\nb')" "$(printf '\377\376')" '#x' ';y' -- '--delete' '*' '[z]' ' '`,
      ),
      odd(
        'a file in the place of a folder with content, and the other way round',
        'mkdir -p swap/deep && echo 1 > swap/deep/x && echo 2 > paws && rm -r swap && echo 3 > swap && rm paws && mkdir paws && echo 4 > paws/y',
      ),
      odd('a folder that is gone with all that was in it', "mkdir -p gone/a/b && touch gone/a/b/c && sleep 0.2 && rm -r 'catalogue/section 1' gone"),
      odd('a folder that came from outside with its content', 'mkdir -p /srv/outside/inner && echo in > /srv/outside/inner/file && mv /srv/outside moved-in'),
      odd('a folder under another name', 'mv moved-in renamed'),
      odd('a folder in the place of one that was renamed', 'mkdir next && echo new > next/other && mv renamed older && mv next renamed'),
      odd(
        'mode, owner, time and attributes alone',
        "chmod 640 logo.png && chown 5:6 logo.png && touch -d '2001-02-03 04:05:06.789' catalogue && chmod 711 catalogue",
      ),
      odd('a link, a pipe and a device', 'ln -s nowhere link && mkfifo pipe && mknod device c 1 3'),
      odd('a file that is rewritten in place at the same length', 'printf A | dd of=logo.png bs=1 seek=3 conv=notrunc status=none'),
      odd('a file with two names', 'echo one > one && ln one two'),
      odd('a write to one of its names', 'echo more >> one', 'whole'),
      odd('the loss of one of its names', 'rm two', 'whole'),
      odd('a file 200 folders deep', `d=$(printf 'd/%.0s' $(seq 200)); mkdir -p "$d" && echo deep > "$d/file"`),
    ],
    contents: async (side) => await listingOf(side === 'source' ? source : target, root),
    damages: [
      damage('a file that is missing', 'catalogue/section 0', "rm 'catalogue/section 0/plain-0'"),
      damage('a file more', 'surplus', 'echo more > surplus'),
      damage('a folder more', 'catalogue/another', 'mkdir catalogue/another'),
      damage('another mode', 'logo.png', 'chmod 600 logo.png'),
      damage('another owner', 'catalogue/sparse', 'chown 7:7 catalogue/sparse'),
      damage('another link target', 'catalogue/dangling', "ln -sfn elsewhere catalogue/dangling && touch -h -d '2001-02-03' catalogue/dangling"),
      damage('another length', 'orders.log', 'echo x >> orders.log'),
      damage(
        'other bytes of the same length and time',
        'logo.png',
        'touch -r logo.png /tmp/time && printf Z | dd of=logo.png bs=1 seek=9 conv=notrunc status=none && touch -r /tmp/time logo.png',
        'audit',
      ),
    ],
    unnoticed: {
      title: 'other bytes of the same length and time that a copy wrote',
      names: 'catalogue/sparse',
      mendedBy: 'audit',
      act: async () => void (await target.run(asReceiver('web-1', torn))),
    },
  }
})
