// A service that needs the names of others for each answer, over TLS if it is wanted so: what stands beside sshd on a node.
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { request } from 'node:https'
import type { TestContext } from 'node:test'
import type { AskApplication } from '../../src/watch/ladder.ts'
import { startTlsServer } from './web-server.ts'

export type GrayService = { readonly port: number; readonly slowNames: (ms: number) => void }

export async function startGrayService(t: TestContext): Promise<GrayService> {
  let namesMs = 0
  const names = createSocket('udp4')
  await new Promise<void>((resolve) => names.bind(0, '127.0.0.1', resolve))
  let isOver = false
  t.after(() => {
    isOver = true
    names.close()
  })
  names.on('message', (question, client) => {
    const answer = (): void => (isOver ? undefined : names.send(answerTo(question), client.port, client.address, () => undefined))
    setTimeout(answer, namesMs)
  })
  const resolver = new Resolver({ timeout: 10_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${names.address().port}`])
  const web = await startTlsServer(t, async (_, answer) => {
    const address = await resolver.resolve4('db.shop.example').catch(() => null)
    answer.writeHead(address === null ? 500 : 200).end(address?.[0] ?? 'no answer from the name server')
  })
  return { port: Number(new URL(web.url).port), slowNames: (ms) => void (namesMs = ms) }
}

/** 192.0.2.7, whatever is asked. */
function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5
  const head = Buffer.from([question[0] ?? 0, question[1] ?? 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  return Buffer.concat([head, question.subarray(12, end), Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 7])])
}

/** One GET on a connection of its own, whoever signed the certificate. */
export function asking(port: number): AskApplication {
  return async (_, signal) => {
    const began = performance.now()
    await new Promise<void>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, agent: false, rejectUnauthorized: false, signal }, (answer) => {
        const finish = (): void => (answer.statusCode === 200 ? resolve() : reject(new Error(`answered ${answer.statusCode}`)))
        answer.resume().once('end', finish).once('error', reject)
      })
      asked.once('error', reject)
      asked.end()
    })
    return { value: true, ms: performance.now() - began }
  }
}
