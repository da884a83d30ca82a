/** For screens in light and dark, and for paper. */
export const style = `
  :root { color-scheme: light dark; --line: #8886; --soft: #8882; --good: #1a7f37; --bad: #cf222e; --known: #7d5700; }
  @media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; --known: #d29922; } }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
  main { max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; } h4 { font-size: .85rem; margin: .8rem 0 .2rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
  .good, .bad, .known { font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); } .known { color: var(--known); }
  table { border-collapse: collapse; width: 100%; font-size: .9rem; }
  td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
  td:first-child { white-space: nowrap; } td:last-child { white-space: nowrap; } th { font-weight: 600; opacity: .7; white-space: nowrap; }
  small { display: block; opacity: .75; }
  pre { overflow: auto; margin: 0; padding: .6rem; background: var(--soft); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
  code { background: var(--soft); border-radius: 3px; padding: 0 .3rem; } .names { line-height: 1.9; }
  article { border-left: 3px solid var(--bad); padding-left: 1rem; margin: 1.5rem 0; }
  @media (max-width: 40rem) { td:last-child, td:first-child { white-space: normal; } }
  @media print { :root { color-scheme: light; --good: #1a7f37; --bad: #cf222e; --known: #7d5700; } body { font-size: 10pt; } main { max-width: none; margin: 0; padding: 0; } tr, article, pre { break-inside: avoid; } h2, h3 { break-after: avoid; } }
`;
