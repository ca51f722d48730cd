// "I press return, and it takes minutes": a terminal on the node that sends back what is typed, and how long that takes.
// The program behind it is cat, not a shell: it leaves no history, and prints nothing of its own.
import type { Client, ClientChannel } from 'ssh2'

export type Terminal = {
  /** Milliseconds until a character came back; fails when the terminal has ended. */
  readonly type: () => Promise<number>
}

const settings = { pty: { term: 'dumb', cols: 80, rows: 24 } } as const
const ready = 'lifeboat-ready'
/** A screenful first: there are devices that let the beginning of a connection pass. */
const command = `stty raw -echo && head -c 8192 /dev/zero | tr '\\0' . && echo ${ready} && exec cat`

/** Resolves once characters would come back. It ends with its connection, and cat with it. */
export async function openTerminal(client: Client): Promise<Terminal> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(command, settings, (error, opened) => (error === undefined ? resolve(opened) : reject(error)))
  })
  const ended = new Promise<never>((_, reject) => channel.once('close', () => reject(new Error('the terminal on the node ended'))))
  ended.catch(() => undefined)
  // The last of what came is enough, and all that a node may make us keep.
  let text = ''
  let look = (): void => undefined
  channel.on('data', (chunk: Buffer) => {
    text = `${text}${chunk.toString('latin1')}`.slice(-100)
    look()
  })
  const seen = async (what: string): Promise<void> => {
    const shown = new Promise<void>((resolve) => {
      look = () => {
        if (text.includes(what)) resolve()
      }
      look()
    })
    await Promise.race([shown, ended])
    text = ''
  }
  await seen(ready)
  let nth = 0
  return {
    type: async () => {
      // Another one each time: a late answer to the last try is not taken for this one.
      const letter = String.fromCharCode(97 + (nth++ % 26))
      const began = performance.now()
      channel.write(letter)
      await seen(letter)
      return performance.now() - began
    },
  }
}
