// The incident report in Markdown, for a ticket or a wiki.
import { formatDuration } from '../../core/units.ts'
import { moment } from '../wording.ts'
import type { IncidentReport } from './schema.ts'

export function incidentMarkdown(report: IncidentReport): string {
  const { points, durations, decision, consistentWith, said, score, notKnown, actions, evidence } = report
  const lines = [
    `# ${plain(report.target)}, ${plain(report.incident)}`,
    plain(report.summary),
    '## Timeline',
    table(
      ['Point', 'What', 'At (UTC)', 'Evidence'],
      points.map(({ point, name, at, seqs }) => [point, name, at === null ? 'not known' : moment(at), cited(seqs)]),
    ),
    table(
      ['Took', 'From', 'To', 'Time'],
      durations.map(({ name, from, to, ms }) => [name, from, to, span(ms)]),
    ),
    ...(decision === null
      ? []
      : [
          '## Decision',
          `${moment(decision.at)} UTC: ${plain(decision.act)}${decision.by === null ? '' : `, by ${plain(decision.by)}`}; the verdict was ${plain(decision.verdict)}.`,
          table(
            ['Observer', 'Said', 'Vote'],
            decision.votes.map(({ observer, verdict, noVote }) => [plain(observer), plain(verdict), plain(noVote ?? 'counted')]),
          ),
          table(
            ['Guard', '', 'What it said'],
            decision.guards.map(({ code, severity, text }) => [code, severity === 'ok' ? 'open' : 'refused', plain(text)]),
          ),
        ]),
    ...(consistentWith.length === 0
      ? []
      : ['## Consistent with', items(consistentWith.map((each) => `${each.text} (for: ${cited(each.for)}; against: ${cited(each.against) || 'nothing'})`))]),
    `## What ${plain(report.provider)} said`,
    said.length === 0
      ? 'Nothing that we saw.'
      : table(
          ['First seen (UTC)', 'Status', 'Words', 'Evidence'],
          said.map(({ at, status, title, body, seqs }) => [
            moment(at),
            plain(status),
            plain([title, body].filter(Boolean).join(': ').slice(0, 1000)),
            cited(seqs),
          ]),
        ),
    ...(score === null ? [] : [items(score.contradictions.map(({ text, seqs }) => `${plain(text)} (${cited(seqs)})`))]),
    '## Not known',
    items(notKnown.map(plain)),
    ...(actions.length === 0 ? [] : ['## Actions', items(actions.map(plain))]),
    '## Evidence',
    table(
      ['Record', 'At (UTC)', 'Text', 'Hash'],
      evidence.records.map(({ seq, at, text, hash }) => [String(seq), moment(at), plain(text.slice(0, 240)), `\`${hash}\``]),
    ),
  ]
  return `${lines.filter((line) => line !== '').join('\n\n')}\n`
}

export function items(texts: readonly string[]): string {
  return texts.map((text) => `- ${text}`).join('\n')
}

/** Words of others must not become mark-up. */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replaceAll(/[\\`*_{}[\]<>|#~!&]/g, (char) => `\\${char}`)
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cited(seqs: readonly number[]): string {
  return seqs.join(', ')
}

function span(ms: number | null): string {
  return ms === null ? 'not known' : formatDuration(ms)
}
