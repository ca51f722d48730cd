// Every question, with the flag that answers it. Questions go to stderr; without a terminal they are an error.
import inquirer from 'inquirer'
import { LifeboatError } from '../core/errors.ts'

const ask = inquirer.createPromptModule({ output: process.stderr })

export type Choice<T> = { readonly name: string; readonly value: T; readonly description?: string }

/** Yes or no; no is the default. Fails with answer-needed when nobody can answer. */
export async function confirm(question: { readonly message: string; readonly flag: string; readonly signal: AbortSignal }): Promise<boolean> {
  onlyOnTerminal(question.message, question.flag)
  const { yes } = await ask<{ yes: boolean }>([{ type: 'confirm', name: 'yes', message: question.message, default: false }])
  question.signal.throwIfAborted()
  return yes
}

/** Whether this word was typed. Fails with answer-needed when nobody can answer. */
export async function typed(question: {
  readonly message: string
  readonly word: string
  readonly flag: string
  readonly signal: AbortSignal
}): Promise<boolean> {
  onlyOnTerminal(question.message, question.flag)
  const { answer } = await ask<{ answer: string }>([{ type: 'input', name: 'answer', message: question.message }])
  question.signal.throwIfAborted()
  return answer.trim() === question.word
}

/** One of a list. */
export async function choose<T>(question: { readonly message: string; readonly flag: string; readonly choices: readonly Choice<T>[] }): Promise<T> {
  onlyOnTerminal(question.message, question.flag)
  const choices = question.choices.map((choice, value) => ({ name: choice.name, value }))
  const { picked } = await ask<{ picked: number }>([{ type: 'select', name: 'picked', message: question.message, choices, loop: false }])
  return valueAt(question.choices, picked)
}

/** Any of a list, at least one. */
export async function chooseSome<T>(question: {
  readonly message: string
  readonly flag: string
  readonly choices: readonly (Choice<T> & { readonly checked?: boolean })[]
}): Promise<readonly T[]> {
  onlyOnTerminal(question.message, question.flag)
  const choices = question.choices.map((choice, value) => ({ name: choice.name, value, checked: choice.checked ?? false }))
  const { picked } = await ask<{ picked: number[] }>([{ type: 'checkbox', name: 'picked', message: question.message, choices, required: true, loop: false }])
  return picked.map((index) => valueAt(question.choices, index))
}

function valueAt<T>(choices: readonly Choice<T>[], index: number): T {
  const choice = choices[index]
  if (choice === undefined) throw new LifeboatError('defect', `There is no answer ${index}.`)
  return choice.value
}

function onlyOnTerminal(message: string, flag: string): void {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) return
  throw new LifeboatError('answer-needed', `There is no terminal to ask: ${message} The flag ${flag} answers it.`, { details: { flag } })
}
