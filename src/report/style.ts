// The look of a report: one accent colour, system type, tabular numbers; dark where the reader wants it, light on paper.
import type { Markup } from './markup.ts'

export const style: Markup = {
  markup: `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b2026;--soft:#5c6670;--line:#dde1e5;--wash:#f5f7f8;--accent:#1d5f8a;--band:#1d5f8a24;--source:#b4bcc4;--other:#dfe3e7}
@media (prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e4e8ec;--soft:#98a3ad;--line:#2c343b;--wash:#1b2126;--accent:#74b3dd;--band:#74b3dd2e;--source:#5a6570;--other:#39424a}}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#444;--line:#ccc;--wash:#fff;--accent:#1d5f8a;--band:#1d5f8a24;--source:#b4bcc4;--other:#dfe3e7}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;-webkit-print-color-adjust:exact;print-color-adjust:exact;overflow-wrap:anywhere}
main{max-width:960px;margin:0 auto;padding:56px 20px 80px}
header{border-bottom:1px solid var(--line);padding-bottom:22px}
.kind{color:var(--accent);font-size:13px;font-weight:600;letter-spacing:.04em;margin:0}
h1{font-size:32px;line-height:1.2;font-weight:600;letter-spacing:-.01em;margin:4px 0 10px}
h2{font-size:20px;line-height:1.3;font-weight:600;margin:52px 0 12px}
h3{font-size:16px;font-weight:600;margin:32px 0 6px}
h4{font-size:13px;font-weight:600;margin:24px 0 4px}
p{margin:0 0 10px;max-width:72ch}
.lead{font-size:18px;line-height:1.5}
.soft,small{color:var(--soft)}
small{font-size:12.5px}
a{color:inherit;text-decoration-color:var(--line);text-underline-offset:2px}
a:hover{color:var(--accent)}
.refs{color:var(--soft);font-size:12px;white-space:nowrap}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
dl.figures{display:grid;grid-template-columns:repeat(3,1fr);gap:0;margin:28px 0 0;border-bottom:1px solid var(--line)}
dl.figures>div{padding:4px 16px 18px 0}
dl.figures dt{color:var(--soft);font-size:13px}
dl.figures dd{margin:0}
dl.figures .number{font-size:30px;line-height:1.25;font-weight:600;letter-spacing:-.01em}
dl.figures .bad{text-decoration:underline;text-decoration-thickness:3px;text-decoration-color:var(--accent)}
table{width:100%;border-collapse:collapse;font-size:13.5px;margin:6px 0 16px}
th{text-align:left;font-weight:500;color:var(--soft);font-size:12.5px;border-bottom:1px solid var(--line);padding:4px 12px 4px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--line);padding:5px 12px 5px 0;vertical-align:top}
th:last-child,td:last-child{padding-right:0}
.n{text-align:right;white-space:nowrap}
td.t{white-space:nowrap}
td.wide{width:26%;min-width:110px;vertical-align:middle}
tr.attempt td{color:var(--soft);font-size:12.5px;border-bottom-style:dotted}
tr:target td{background:var(--band)}
figure{margin:18px 0 26px;break-inside:avoid}
figcaption{font-size:13px;color:var(--soft);margin-bottom:6px}
figcaption b{color:var(--ink);font-weight:600}
.key{display:inline-block;width:10px;height:10px;margin:0 5px 0 12px;vertical-align:-1px}
.key.source{background:var(--source)}.key.target{background:var(--accent)}.key.failed{background:var(--ink)}.key.held{background:var(--band);outline:1px solid var(--accent);outline-offset:-1px}.key.dns{width:0;border-left:2px dashed var(--ink);height:12px}
svg.chart{display:block;width:100%;height:auto;font-size:11px;font-family:inherit}
svg.bar{display:block;width:100%;height:12px}
svg text{fill:var(--soft)}
svg .tick{text-anchor:middle}svg .end,svg .row{text-anchor:end}svg .strong,svg .value{fill:var(--ink)}svg .value{paint-order:stroke;stroke:var(--paper);stroke-width:3px}
svg .grid{stroke:var(--line);stroke-width:1;fill:none;vector-effect:non-scaling-stroke}
svg .axis{stroke:var(--soft);stroke-width:1;fill:none}
svg .band{fill:var(--band)}
svg .source{fill:var(--source)}svg .target,svg .part{fill:var(--accent)}svg .other{fill:var(--other)}svg .failed{fill:var(--ink);stroke:var(--paper);stroke-width:.6}svg .slowest{fill:var(--soft)}
svg .names{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3;fill:none}
svg .forecast{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:2 3;fill:none}
svg .outline{fill:none;stroke:var(--soft);stroke-width:1;vector-effect:non-scaling-stroke}
footer{margin-top:56px;border-top:1px solid var(--line);padding-top:14px}
@media (max-width:640px){main{padding-top:28px}dl.figures{grid-template-columns:repeat(2,1fr)}.scroll{overflow-x:auto}.scroll table{min-width:620px}svg.chart{min-width:560px}figure{overflow-x:auto}}
@media print{@page{margin:16mm 14mm}main{max-width:none;padding:0}h2{margin-top:30px}h2,h3,h4{break-after:avoid}tr{break-inside:avoid}a{text-decoration:none}body{font-size:10.5pt}table{font-size:8pt;line-height:1.4}td{padding:2px 8px 2px 0}small,.refs,code{font-size:7.5pt}}
`,
}
