import { createHash } from 'node:crypto';

export const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a4048); --soft: light-dark(#5b6570, #9aa4af); --code: light-dark(#f3f5f7, #22262b); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1.5rem; color: light-dark(#1a1f24, #e6e9ec); background: light-dark(#fff, #16191d); }
a { color: light-dark(#0b57d0, #8ab4f8); }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 0.25rem; }
code, .path { font: 0.9em ui-monospace, monospace; }
pre { background: var(--code); padding: 0.75rem; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 4px; margin: 0.5rem 0; padding: 0.25rem 0.75rem; }
summary { cursor: pointer; padding: 0.25rem 0; }
.method { display: inline-block; min-width: 4.5em; font-weight: 600; }
.soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; font-weight: normal; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid var(--line); overflow-wrap: break-word; }
nav ul { columns: 2; padding-left: 1.2rem; }
@media (max-width: 40rem) {
  nav ul { columns: 1; }
  th, td { display: block; padding: 0; border: 0; overflow-wrap: anywhere; }
  tr { display: block; padding: 0.25rem 0; border-top: 1px solid var(--line); }
}
@media print {
  details { break-inside: avoid; }
  details::details-content { content-visibility: visible; }
}
`;

/** Nothing is loaded and nothing runs: the page is one text with one style sheet, named by its hash. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
