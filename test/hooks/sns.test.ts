import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import type { HookContext } from '../../src/watch/hooks/hook.ts'
import { certificateUrl } from '../../src/watch/hooks/sns-origin.ts'
import { sns } from '../../src/watch/hooks/sns.ts'
import { began, ended, hookConformance, refusal, type HookUnderTest, type KeyName } from '../conformance/hook.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-sns-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A key and its certificate, as Amazon has them. */
function made(name: string): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pem`)]
  const what = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=sns.amazonaws.com']
  execFileSync('openssl', [...what, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
}
const pairs = { one: made('one'), two: made('two'), wrong: made('wrong') }
const receivedAt = Date.now() + 1000
const urlOf = (name: KeyName) => `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${name === 'two' ? '2'.repeat(32) : '1'.repeat(32)}.pem`
const topic = 'arn:aws:sns:eu-west-1:111111111111:alarms'

/** The certificates that stand where they should; everything that was asked for is noted. */
function amazon(known: readonly KeyName[] = ['one', 'two']): HookContext & { readonly asked: string[] } {
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    const name = known.find((each) => urlOf(each) === url)
    if (name !== undefined) return await Promise.resolve({ status: 200, text: pairs[name].certificate })
    return { status: url.includes('ConfirmSubscription') ? 200 : 404, text: '' }
  }
  return { asked, fetch }
}

type Fields = Readonly<Record<string, string>>
const order = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
function signed(fields: Fields, key: KeyName, version: '1' | '2' = '2'): Fields {
  const left = fields['Type'] === 'Notification' ? ['SubscribeURL', 'Token'] : ['Subject']
  const text = order.flatMap((name) => (fields[name] === undefined || left.includes(name) ? [] : [`${name}\n${fields[name]}\n`])).join('')
  const signature = createSign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256')
    .update(text)
    .sign(pairs[key].key, 'base64')
  return { SigningCertURL: urlOf(key), SignatureVersion: version, ...fields, Signature: signature }
}
const delivered = (fields: Fields) => ({ headers: {}, query: {}, body: Buffer.from(JSON.stringify(fields)), receivedAt })

const AlarmArn = 'arn:aws:cloudwatch:eu-west-1:111111111111:alarm:web-1'
const alarm = (NewStateValue: string, at: string) =>
  JSON.stringify({
    AlarmName: 'web-1',
    NewStateValue,
    NewStateReason: 'no data',
    StateChangeTime: at.replace('Z', '+0000'),
    AlarmArn,
    Trigger: { Dimensions: [{ value: 'i-1', name: 'InstanceId' }] },
  })
const notification = (id: string, message: string) => ({ Type: 'Notification', MessageId: id, TopicArn: topic, Message: message, Timestamp: began })
const [firing, resolved] = [JSON.stringify(notification('m-1', alarm('ALARM', began))), JSON.stringify(notification('m-2', alarm('OK', ended)))]

function fieldsOf(body: string): Fields {
  try {
    return JSON.parse(body) as Fields
  } catch {
    return {}
  }
}
/** What is no message at all is sent as it is. */
const send = (body: string, key: KeyName) =>
  fieldsOf(body)?.['Type'] === undefined ? { ...delivered({}), body: Buffer.from(body) } : delivered(signed(fieldsOf(body), key))

hookConformance('sns', (): HookUnderTest => ({
  // Amazon exchanges its keys by certificates that stand there, or no longer.
  open: (names) => sns.open('test', { family: 'sns', topics: [topic] }, amazon(names)),
  send,
  unsigned: delivered(fieldsOf(firing)),
  firing,
  resolved,
  signs: true,
  tells: { occurredAt: began, severity: 'major', subjects: ['web-1', 'i-1'] },
}))

test('an alarm of CloudWatch without data says that monitoring is blind; both versions of signatures are read', async () => {
  const hook = sns.open('test', { family: 'sns', topics: [topic] }, amazon())
  for (const version of ['1', '2'] as const) {
    const delivery = delivered(signed(notification('m-3', alarm('INSUFFICIENT_DATA', began)), 'one', version))
    assert.equal((await hook.verify(delivery)).scheme, 'x509')
    assert.equal(hook.read(delivery).told[0]?.state, 'blind')
  }
})

test('a certificate is fetched from SNS in the region of the topic alone, from no bucket of that name, and not for every delivery', async () => {
  const context = amazon()
  const hook = sns.open('test', { family: 'sns', topics: [topic, 'arn:aws-cn:sns:cn-north-1:111111111111:alarms'] }, context)
  const file = `SimpleNotificationService-${'1'.repeat(32)}.pem`
  const elsewhere = [
    `https://sns.s3-us-west-2.amazonaws.com/${file}`,
    `https://sns.us-east-1.amazonaws.com/${file}`,
    `https://sns.eu-west-1.amazonaws.com.evil.example/${file}`,
    `https://sns-eu-west-1.amazonaws.com/${file}`,
    `http://sns.eu-west-1.amazonaws.com/${file}`,
    `https://sns.eu-west-1.amazonaws.com:8443/${file}`,
    `https://me@sns.eu-west-1.amazonaws.com/${file}`,
    `https://sns.eu-west-1.amazonaws.com/other/${file}`,
    `https://sns.eu-west-1.amazonaws.com/${file}?x=1`,
    'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-.pem',
    'not a URL',
  ]
  for (const SigningCertURL of elsewhere)
    await assert.rejects(hook.verify(delivered(signed({ ...fieldsOf(firing), SigningCertURL }, 'one'))), refusal, SigningCertURL)
  await assert.rejects(hook.verify(delivered(signed({ ...fieldsOf(firing), TopicArn: `${topic}-2` }, 'one'))), refusal)
  // Even where a topic could be of such a region.
  assert.throws(() => certificateUrl(`https://sns.s3-us-west-2.amazonaws.com/${file}`, 'arn:aws:sns:s3-us-west-2:111111111111:alarms'), refusal)
  assert.deepEqual(context.asked, [])
  for (let time = 0; time < 3; time += 1) await hook.verify(send(firing, 'one'))
  assert.deepEqual(context.asked, [urlOf('one')])
  await hook.verify({ ...send(firing, 'one'), receivedAt: receivedAt + 86_400_000 })
  assert.deepEqual(context.asked, [urlOf('one'), urlOf('one')])
})

test('whoever names ever other certificates makes us ask ten times a minute at most', async () => {
  const context = amazon()
  const hook = sns.open('test', { family: 'sns', topics: [topic] }, context)
  const codes = new Map<string, number>()
  for (let nth = 0; nth < 30; nth += 1) {
    const SigningCertURL = `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${String(nth).padStart(32, '0')}.pem`
    const code = await hook.verify(delivered(signed({ ...fieldsOf(firing), SigningCertURL }, 'one'))).then(
      () => 'accepted',
      (error: unknown) => (error instanceof LifeboatError ? error.code : 'defect'),
    )
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  assert.deepEqual(Object.fromEntries(codes), { 'delivery-refused': 10, 'server-busy': 20 })
  assert.equal(context.asked.length, 10)
})

test('a subscription is confirmed once it is known to be of SNS and of a topic of ours, at SNS alone', async () => {
  const context = amazon()
  const hook = sns.open('test', { family: 'sns', topics: [topic] }, context)
  const SubscribeURL = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}&Token=123`
  const wanted = {
    Type: 'SubscriptionConfirmation',
    MessageId: 'm-4',
    TopicArn: topic,
    Message: 'You have chosen',
    Timestamp: began,
    Token: '123',
    SubscribeURL,
  }
  const delivery = delivered(signed(wanted, 'one'))
  await hook.verify(delivery)
  assert.equal(hook.read(delivery).told[0]?.state, 'info')
  await hook.afterwards?.(delivery)
  assert.deepEqual(context.asked, [urlOf('one'), SubscribeURL])
  for (const other of ['https://evil.example/?Action=ConfirmSubscription', SubscribeURL.replace('Confirm', 'Delete'), SubscribeURL.replace(/alarms/, 'others')])
    await assert.rejects(hook.afterwards?.(delivered(signed({ ...wanted, SubscribeURL: other }, 'one'))) ?? Promise.resolve(), refusal, other)
  const ending = delivered(signed({ ...wanted, Type: 'UnsubscribeConfirmation' }, 'one'))
  await hook.verify(ending)
  await hook.afterwards?.(ending)
  assert.deepEqual(context.asked, [urlOf('one'), SubscribeURL])
})
