// The mover of folder trees on two real nodes: their helpers, their rsync, the key of the run.
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { files } = await import('../../src/movers/files/index.ts')
const { moverConformance } = await import('../conformance/mover.ts')
const { preparedPair } = await import('../support/pair.ts')
const { setScene } = await import('../support/scenario.ts')

const root = '/srv/shop'
/** All that find and sha256sum tell; the time of the root itself changes with what a sync puts aside. */
const listing = `cd ${root} && kept='-mindepth 1 -path ./.lifeboat-deleted -prune -o'
  find . $kept \\( -type d -printf 'd %p %m %U %G %T@\\n' -o -printf '%y %p %s %m %U %G %T@ %n %l\\n' \\) | sort
  find . $kept -type f -print0 | sort -z | xargs -0 sha256sum`

moverConformance('files', async (t) => {
  const scene = await setScene({ files: 60 })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const pair = await preparedPair(scene, 'web-1')
  t.after(async () => await pair.close())
  // The controller is gone; a pass that it had begun ends by itself.
  await source.run('systemctl stop shop-cron.timer shop.service; while pidof rsync >/dev/null; do sleep 0.1; done')
  await target.run(`find ${root} -mindepth 1 -delete`)
  const damage = (title: string, names: string, command: string, mendedBy: 'repeat' | 'audit' = 'repeat') => ({
    title,
    names,
    mendedBy,
    act: async () => void (await target.run(`cd ${root} && ${command}`)),
  })
  let changes = 0
  return {
    mover: await files.connect({ kind: 'files', path: root, exclude: [] }),
    pair,
    change: async () => void (await source.run(`cd ${root} && rm -f order-${changes} && echo ${++changes} > order-${changes}`)),
    contents: async (side) => await (side === 'source' ? source : target).run(listing),
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
  }
})
