// A whole session out of recorded answers: libcloud's machine, with jclouds' internet service before it.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { startWebServer } from '../../support/web-server.ts'
import { soon } from '../../support/failures.ts'
import { openSource, password, user } from './lab.ts'
import { absent, textOf } from './recorded-files.ts'

const places: Readonly<Record<string, string>> = {
  'GET /api/versions': 'jclouds/versions',
  'POST /api/v0.8/login': 'libcloud/api_v0_8_login',
  'GET /api/v0.8/org/240': 'libcloud/api_v0_8_org_240',
  'GET /api/v0.8/vdc/224': 'libcloud/api_v0_8_vdc_224',
  'GET /api/v0.8/vdc/224/publicIps': 'jclouds/PublicIpAddresses',
  'GET /api/v0.8/vdc/224/internetServices': 'jclouds/InternetServices',
  'GET /api/v0.8/InternetServices/524/nodeServices': 'jclouds/NodeServices',
  'GET /api/v0.8/vapp/14031': 'libcloud/api_v0_8_vapp_14031',
  'POST /api/v0.8/vapp/14031/power/action/poweroff': 'libcloud/api_v0_8_vapp_14031_power_action_poweroff',
  'POST /api/v0.8/vapp/14031/power/action/powerOn': 'libcloud/api_v0_8_vapp_14031_power_action_powerOn',
  'GET /api/v0.8/task/11001': 'libcloud/api_v0_8_task_11001',
}

/** Plays them at the log-in's cookie; `change` replaces the text of one. Whatever was not recorded is 404. */
async function play(t: TestContext, change: (place: string, text: string) => string): Promise<{ url: string; asked: readonly string[] }> {
  const asked: string[] = []
  const server = await startWebServer(t, (request, response) => {
    const place = `${request.method} ${request.url}`
    asked.push(place)
    const name = places[place]
    const isLogin = place.endsWith('/login')
    const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    const isAllowed = isLogin ? request.headers.authorization === basic : request.headers.cookie === 'vcloud-token=testtoken' || name === 'jclouds/versions'
    if (!isAllowed) return void response.writeHead(401).end()
    if (name === undefined) return void response.writeHead(404).end()
    response.writeHead(place.startsWith('POST') && !isLogin ? 202 : 200, isLogin ? { 'set-cookie': 'vcloud-token=testtoken' } : {})
    response.end(change(place, textOf(name)))
  })
  return { url: `${server.url}api`, asked }
}

describe('a session out of recordings', { skip: absent }, () => {
  test('gives the machine its place, and the suggestions of the service that leads to it', async (t) => {
    // The two recordings are of different accounts: the address behind the service becomes that of the machine.
    const { url } = await play(t, (_, text) => text.replace('172.16.20.3', '10.112.78.69'))
    const { nodes, complete, warnings } = await (await openSource(t, url)).nodes(soon())
    assert.deepEqual(
      nodes.map(({ id, path, power }) => [id, path, power]),
      [['14031', '/a@example.com/Miami Environment 1/testerpart2', 'on']],
    )
    assert.deepEqual(
      nodes[0]?.hints?.map(({ key, value }) => [key, value]),
      [
        ['ports', '80'],
        ['names', '10.1.22.159'],
      ],
    )
    assert.match(nodes[0]?.hints?.[0]?.text ?? '', /IS_for_Jim2 leads 10\.1\.22\.159, port 45 \(HTTP\) to port 80 of this node; it is switched off\.$/)
    assert.deepEqual([complete, warnings.map(({ text }) => /(\d+\.\d+\.\d+\.\d+)/.exec(text)?.[1])], [true, ['204.51.112.91', '204.51.114.79']])
  })

  test('switches the machine off in the spelling that it knows, waits for the task, and reads it back', async (t) => {
    let isOff = false
    const { url, asked } = await play(t, (place, text) => {
      isOff ||= place.endsWith('/task/11001')
      return isOff ? text.replace('status="4"', 'status="2"') : text
    })
    await (await openSource(t, url)).power('14031', 'off', soon())
    const acts = asked.filter((place) => /vapp|task/.test(place)).map((place) => place.replace(/ .*\//, ' '))
    assert.deepEqual(acts, ['GET 14031', 'POST shutdown', 'POST powerOff', 'POST poweroff', 'GET 11001', 'GET 14031'])
  })
})
