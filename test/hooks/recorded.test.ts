// Bodies that others recorded or published: what is of the shape that is documented is read, an older or another one is
// refused in a sentence. Skipped where the recordings are not.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { hooks } from '../../src/adapters.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Hook } from '../../src/watch/hooks/hook.ts'
import { nowhere } from '../conformance/hook.ts'

const folder = path.join(process.env['LIFEBOAT_FIXTURES'] ?? '', 'webhooks')
const skip = existsSync(folder) ? false : 'LIFEBOAT_FIXTURES names no recordings'
const bearer = [new Secret('x')]
const [carried, topics] = [{ bearer, basic: undefined }, ['arn:aws:sns:eu-west-1:111111111111:mySampleTopic']]
const open: Readonly<Record<string, Hook>> = {
  alertmanager: hooks.alertmanager.open('t', { family: 'alertmanager', ...carried }, nowhere),
  grafana: hooks.grafana.open('t', { family: 'grafana', key: bearer, signatureHeader: 'a', timestampHeader: 'b' }, nowhere),
  pagerduty: hooks.pagerduty.open('t', { family: 'pagerduty', key: bearer }, nowhere),
  opsgenie: hooks.opsgenie.open('t', { family: 'opsgenie', ...carried }, nowhere),
  uptimerobot: hooks.uptimerobot.open('t', { family: 'uptimerobot', ...carried }, nowhere),
  statuspage: hooks.statuspage.open('t', { family: 'statuspage', ...carried }, nowhere),
  sns: hooks.sns.open('t', { family: 'sns', topics }, nowhere),
}

/** What a recording tells: state, severity, time and subjects of each; or why it is refused. */
function toldBy(family: string, file: string): unknown {
  const body = readFileSync(path.join(folder, file))
  try {
    const { told = [] } = open[family]?.read({ headers: {}, query: {}, body, receivedAt: 0 }) ?? {}
    return told.map(({ state, severity, occurredAt, subjects }) => [state, severity, occurredAt, subjects.join(' ')].join(' | '))
  } catch (error) {
    assert.ok(error instanceof LifeboatError && error.code === 'delivery-unreadable', String(error))
    return error.message.replace('The delivery cannot be read: ', '')
  }
}

const recordings: readonly (readonly [string, string, unknown])[] = [
  ['alertmanager', 'zulip/alertmanager/single_alert.json', ['resolved | critical | 2020-02-06T00:17:58.432Z | andromeda']],
  ['alertmanager', 'prometheus_bot/simpe.json', 'version is not as it should be (invalid_value).'],
  ['grafana', 'zulip/grafana/alert_values_v11.json', ['firing | minor | 2024-03-01T02:09:00.000Z | ']],
  ['grafana', 'zulip/grafana/alert_v8.json', ['resolved | minor | 2022-08-31T10:30:00.522Z | Grafana']],
  ['grafana', 'zulip/grafana/alert_v7.json', 'version is not as it should be (invalid_value).'],
  ['pagerduty', 'zulip/pagerduty/triggered_v3.json', ['firing | major | 2021-06-04T13:35:29.781Z | pig208']],
  ['pagerduty', 'zulip/pagerduty/acknowledged_v3.json', ['ack | major | 2021-06-04T13:55:30.394Z | pig208']],
  ['pagerduty', 'zulip/pagerduty/resolved_v3.json', ['resolved | major | 2021-06-04T13:16:53.816Z | pig208']],
  ['pagerduty', 'zulip/pagerduty/trigger_v2.json', 'event is not as it should be (invalid_type).'],
  ['opsgenie', 'zulip/opsgenie/create.json', ['firing | minor | 2017-08-14T11:25:56.288Z | Server']],
  ['opsgenie', 'zulip/opsgenie/acknowledge.json', ['ack | major | 2015-01-05T10:03:44.764Z | ']],
  ['opsgenie', 'zulip/opsgenie/close.json', ['resolved | major | 2015-01-05T10:06:14.669Z | ']],
  ['uptimerobot', 'zulip/uptimerobot/uptimerobot_monitor_down.json', 'alertdatetime is not as it should be (invalid_union).'],
  ['statuspage', 'zulip/statuspage/component_status_update.json', ['info | info | 2017-12-26T07:59:09.379Z | Database component']],
  ['statuspage', 'zulip/statuspage/incident_created.json', ['firing | info | 2017-12-26T07:32:00.603Z | Management Portal (example)']],
  ['statuspage', 'zulip/statuspage/incident_update.json', ['resolved | info | 2017-12-26T07:37:20.837Z | Management Portal (example)']],
  ['sns', 'spring-cloud-aws/notificationMessage.json', ['info | info | 2014-06-28T14:12:24.418Z | ']],
  ['sns', 'spring-cloud-aws/subscriptionConfirmation.json', ['info | info | 2014-06-28T10:22:18.086Z | ']],
]

for (const [family, file, expected] of recordings) {
  test(`${file} is read by ${family} as it is meant`, { skip }, () => assert.deepEqual(toldBy(family, file), expected))
}

test('two alarms of CloudWatch that were recorded as SNS delivers them to a function are read', { skip }, () => {
  for (const file of ['single', 'multiple']) {
    const text = readFileSync(path.join(folder, `aws-lambda-go/cloudwatch-alarm-sns-payload-${file}-metric${file === 'single' ? '' : 's'}.json`), 'utf8')
    const { Records } = JSON.parse(text) as { Records: { Sns: Record<string, string> }[] }
    const { SigningCertUrl, ...fields } = Records[0]?.Sns ?? {}
    const body = Buffer.from(JSON.stringify({ ...fields, SigningCertURL: SigningCertUrl, Signature: 'A'.repeat(344) }))
    const [told] = open['sns']?.read({ headers: {}, query: {}, body, receivedAt: 0 }).told ?? []
    assert.equal(told?.state, 'firing')
    assert.equal(told?.occurredAt, '2015-06-03T17:43:27.123Z')
  }
})
