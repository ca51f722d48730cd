// What every family of webhooks promises. Its own test gives the bodies of a beginning and of its end, and sends as its sender does.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { z } from 'zod'
import { LifeboatError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Delivery, Hook, HookContext, HookFamily } from '../../src/watch/hooks/hook.ts'

/** 2026-03-01T10:00:30.000Z, half a minute after what the bodies tell of. */
export const receivedAt = Date.UTC(2026, 2, 1, 10, 0, 30)
export const began = '2026-03-01T10:00:00.000Z'
export const ended = '2026-03-01T10:00:20.000Z'

/** Keys as a sender may hold them: `one`, then `two` after an exchange. */
export type KeyName = 'one' | 'two' | 'wrong'
export const keys: Readonly<Record<KeyName, string>> = { one: 'key-one-of-the-test', two: 'key-two-of-the-test', wrong: 'a-key-of-somebody-else' }
export const nowhere: HookContext = { fetch: async () => await Promise.reject(new Error('Nothing is fetched here.')) }

export type HookUnderTest = {
  /** With one key, or with `two` as the current and `one` as the previous one. */
  readonly open: (keys: readonly KeyName[]) => Hook
  /** A delivery as its sender makes it. */
  readonly send: (body: string, key: KeyName) => Delivery
  readonly firing: string
  readonly resolved: string
  /** Whether the sender signs what it sends. */
  readonly signs: boolean
  /** The beginning as somebody without a key sends it; absent: without headers and query. */
  readonly unsigned?: Delivery
  /** What the beginning tells, in part. */
  readonly tells: Readonly<{ occurredAt: string; severity: string; subjects: readonly string[] }>
}

export function hookConformance(name: string, make: () => Promise<HookUnderTest> | HookUnderTest): void {
  void test(`${name} keeps the promises of a family of webhooks`, async (t) => {
    const { open, send, firing, resolved, signs, unsigned, tells } = await make()
    const hook = open(['one'])

    await t.test('what its sender sends is accepted and read', async () => {
      assert.equal((await hook.verify(send(firing, 'one'))).ok, true)
      const [told, ...others] = hook.read(send(firing, 'one')).told
      assert.deepEqual(others, [])
      assert.equal(told?.state, 'firing')
      assert.deepEqual({ occurredAt: told?.occurredAt, severity: told?.severity, subjects: told?.subjects }, tells)
    })
    await t.test('an end has the instance of its beginning, and another state', () => {
      const [[began], [end]] = [hook.read(send(firing, 'one')).told, hook.read(send(resolved, 'one')).told]
      assert.equal(end?.state, 'resolved')
      assert.deepEqual([end?.instanceKey, end?.alarm], [began?.instanceKey, began?.alarm])
      assert.ok((end?.occurredAt ?? '') > (began?.occurredAt ?? ''))
    })
    await t.test('a retry has the key of its delivery, another delivery another one', () => {
      const keyOf = (body: string) => hook.read(send(body, 'one')).deliveryKey
      assert.equal(keyOf(firing), keyOf(firing))
      if (keyOf(firing) !== null) assert.notEqual(keyOf(firing), keyOf(resolved))
    })
    await t.test('a wrong key is refused, and so is none', async () => {
      await assert.rejects(hook.verify(send(firing, 'wrong')), refusal)
      await assert.rejects(hook.verify(unsigned ?? { ...send(firing, 'one'), headers: {}, query: {} }), refusal)
    })
    await t.test('while a key is exchanged both are accepted, afterwards the old one is not', async () => {
      const both = open(['two', 'one'])
      for (const key of ['one', 'two'] as const) assert.equal((await both.verify(send(firing, key))).ok, true)
      await assert.rejects(both.verify(send(firing, 'wrong')), refusal)
      await assert.rejects(open(['two']).verify(send(firing, 'one')), refusal)
    })
    await t.test('a changed body is refused where it is signed, and never more than unreadable where not', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(firing.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
          const delivery = send(firing, 'one')
          const body = Buffer.from(delivery.body)
          body[at] = (body[at] ?? 0) ^ by
          if (signs) return await assert.rejects(hook.verify({ ...delivery, body }), refusal)
          try {
            hook.read({ ...delivery, body })
          } catch (error) {
            assert.ok(error instanceof LifeboatError && error.code === 'delivery-unreadable', String(error))
          }
        }),
        { numRuns: 200 },
      )
    })
    await t.test('a shape that is not known is refused, in words that hold nothing of it', () => {
      for (const body of ['', 'null', '[]', '{}', '{"secret":"hunter-2"}', '"hunter-2"', `{"version":"3","alerts":"hunter-2"}`, '{"__proto__":{"a":1}}'])
        assert.throws(
          () => hook.read(send(body, 'one')),
          (error) => error instanceof LifeboatError && error.code === 'delivery-unreadable' && !error.message.includes('hunter'),
          body,
        )
    })
  })
}

export function refusal(error: unknown): boolean {
  return error instanceof LifeboatError && error.code === 'delivery-refused'
}

/** As the schema of its family gives it, with these keys. */
export function keysOf(names: readonly KeyName[]): Secret[] {
  return names.map((name) => new Secret(keys[name]))
}

/** A family whose sender signs nothing, with a token in a header or behind the URL. */
export function carriedFamily<Schema extends z.ZodObject>(
  family: HookFamily<Schema>,
  { inUrl = false, ...told }: Pick<HookUnderTest, 'firing' | 'resolved' | 'tells'> & { readonly inUrl?: boolean },
): HookUnderTest {
  return {
    ...told,
    signs: false,
    open: (names) => family.open('test', { family: 'test', bearer: keysOf(names) } as never, nowhere),
    send: (body, key) => ({
      headers: inUrl ? {} : { authorization: `Bearer ${keys[key]}` },
      query: inUrl ? { key: keys[key] } : {},
      body: Buffer.from(body),
      receivedAt,
    }),
  }
}

export function hmac(key: string | Buffer, text: string, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}
