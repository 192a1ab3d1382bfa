// Named so that formatters and editors know that it is a style sheet.
const css = String.raw;

/** How all pages look: on screens from 320 px, dark and light, and on paper. */
export const PAGE_STYLE = css`
  :root {
    color-scheme: light dark;
    --page: light-dark(#f5f6f8, #0e1116);
    --surface: light-dark(#ffffff, #161a21);
    --raised: light-dark(#f0f2f5, #1e242d);
    --line: light-dark(#dde1e7, #2b323d);
    --text: light-dark(#16191e, #e8ebf0);
    --muted: light-dark(#566070, #9ea9b8);
    --accent: light-dark(#1c5bc7, #82b1ff);
    --warn-surface: light-dark(#fff7e3, #2a2212);
    --warn-line: light-dark(#d99a00, #97751d);
    --warn-text: light-dark(#654500, #f2d081);
    --good: light-dark(#14713f, #66d49b);
    --tone-red: light-dark(#cf4458, #ff8795);
    --tone-orange: light-dark(#bd6a14, #f0a55c);
    --tone-purple: light-dark(#7556cc, #b79fff);
    --tone-blue: light-dark(#2273b8, #70b6f2);
    --tone-teal: light-dark(#16807a, #52cdbd);
    --tone-pink: light-dark(#a64a8c, #e494cb);
    --tone-grey: light-dark(#6a7482, #97a2b0);
    --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  }
  :root[data-theme='light'] {
    color-scheme: light;
  }
  :root[data-theme='dark'] {
    color-scheme: dark;
  }

  * {
    box-sizing: border-box;
  }
  html {
    -webkit-text-size-adjust: 100%;
    scroll-padding-top: 1rem;
  }
  body {
    margin: 0;
    background: var(--page);
    color: var(--text);
    font:
      400 1rem/1.55 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      'Helvetica Neue',
      'Liberation Sans',
      Arial,
      sans-serif;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  dl,
  dd,
  figure,
  pre {
    margin: 0;
  }
  h1,
  h2,
  h3 {
    line-height: 1.25;
    letter-spacing: -0.01em;
    text-wrap: pretty;
  }
  h1 {
    font-size: clamp(1.5rem, 1.2rem + 1.4vw, 2rem);
    letter-spacing: -0.02em;
  }
  h2 {
    font-size: 1.25rem;
  }
  h3 {
    font-size: 1.0625rem;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.2em;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  code,
  pre {
    font-family: var(--mono);
    font-size: 0.8125rem;
    line-height: 1.6;
  }
  .muted {
    color: var(--muted);
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .skip {
    position: absolute;
    left: -100vw;
    z-index: 2;
    padding: 0.5rem 1rem;
    background: var(--surface);
  }
  .skip:focus {
    left: 1rem;
    top: 1rem;
  }

  .frame {
    max-width: 72rem;
    margin: 0 auto;
    padding: 0 1.5rem;
  }
  .bar {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 1rem;
    padding-block: 1rem;
    color: var(--muted);
    font-size: 0.875rem;
  }
  .brand {
    font-weight: 650;
    color: var(--text);
  }
  .title {
    padding-block: 0.75rem 1.5rem;
  }
  .title p {
    margin-top: 0.375rem;
    color: var(--muted);
  }
  main {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 2.5rem;
    padding-bottom: 3rem;
  }
  .top {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 1rem;
  }
  section {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 1rem;
  }
  .lead {
    max-width: 46rem;
    margin-top: 0.25rem;
    color: var(--muted);
  }
  .contents ul {
    display: flex;
    flex-wrap: wrap;
    gap: 0.375rem 1.25rem;
    padding: 0;
    list-style: none;
    font-size: 0.9375rem;
  }
  footer {
    padding-block: 1.25rem 2rem;
    border-top: 1px solid var(--line);
    color: var(--muted);
    font-size: 0.875rem;
  }

  button {
    font: inherit;
    color: inherit;
    cursor: pointer;
  }
  .theme,
  .command button {
    padding: 0.25rem 0.75rem;
    border: 1px solid var(--line);
    border-radius: 0.5rem;
    background: var(--surface);
    color: var(--text);
    font-size: 0.8125rem;
  }
  .theme:hover,
  .command button:hover {
    border-color: var(--muted);
  }
  .theme::before {
    content: '';
    display: inline-block;
    width: 0.75em;
    height: 0.75em;
    margin-right: 0.5em;
    border: 0.1em solid currentColor;
    border-radius: 50%;
    background: linear-gradient(90deg, currentColor 50%, transparent 50%);
  }

  .card {
    padding: 1.25rem 1.5rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--surface);
  }
  .headline {
    display: grid;
    gap: 1.25rem 2.5rem;
    grid-template-columns: minmax(0, 1fr);
  }
  .headline .amount {
    display: block;
    font-size: clamp(1.75rem, 1.2rem + 2.8vw, 2.75rem);
    font-weight: 680;
    line-height: 1.15;
    letter-spacing: -0.025em;
  }
  .headline .amount data {
    white-space: nowrap;
  }
  .headline .about {
    margin-top: 0.375rem;
    color: var(--muted);
  }
  .stats {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr));
    gap: 1rem 1.5rem;
    padding-top: 1.25rem;
    border-top: 1px solid var(--line);
  }
  .stats dt {
    color: var(--muted);
    font-size: 0.8125rem;
  }
  .stats dd {
    font-size: 1.125rem;
    font-weight: 600;
  }
  .stats dd small {
    display: block;
    color: var(--muted);
    font-size: 0.8125rem;
    font-weight: 400;
  }

  .notice {
    padding: 1rem 1.25rem;
    border: 1px solid var(--line);
    border-left: 4px solid var(--muted);
    border-radius: 0.5rem;
    background: var(--surface);
    font-size: 0.9375rem;
  }
  .notice.warn {
    border-color: var(--warn-line);
    background: var(--warn-surface);
    color: var(--warn-text);
  }
  .notice h2 {
    font-size: 1rem;
  }
  .notice p {
    margin-top: 0.25rem;
  }
  .notice ul {
    margin-top: 0.5rem;
    padding-left: 1.25rem;
  }
  .notice summary {
    margin-top: 0.5rem;
  }
  .empty {
    padding: 2rem 1.5rem;
    border: 1px dashed var(--line);
    border-radius: 0.75rem;
    color: var(--muted);
    text-align: center;
  }

  summary {
    width: fit-content;
    cursor: pointer;
  }
  .long > bdi {
    display: block;
    margin-top: 0.5rem;
  }

  .finding {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 1rem;
  }
  .finding header {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-start;
    justify-content: space-between;
    gap: 0.75rem 2rem;
  }
  .finding header > div {
    flex: 1 1 24rem;
  }
  .finding h3 {
    margin-top: 0.5rem;
  }
  .saving {
    color: var(--good);
    font-weight: 650;
    font-size: 1.125rem;
    line-height: 1.3;
    text-align: right;
  }
  .saving small {
    display: block;
    color: var(--muted);
    font-size: 0.8125rem;
    font-weight: 400;
  }
  .saving.none {
    color: var(--warn-text);
  }
  .tags {
    display: flex;
    flex-wrap: wrap;
    gap: 0.375rem;
  }
  .tag {
    display: inline-block;
    padding: 0.0625rem 0.5rem;
    border: 1px solid var(--line);
    border-radius: 1rem;
    background: var(--raised);
    color: var(--text);
    font-size: 0.75rem;
    font-weight: 550;
    line-height: 1.5;
    white-space: nowrap;
  }
  .tag.warn {
    border-color: var(--warn-line);
    background: var(--warn-surface);
    color: var(--warn-text);
  }
  .facts {
    display: grid;
    grid-template-columns: fit-content(16rem) minmax(0, 1fr);
    gap: 0.375rem 1.5rem;
    font-size: 0.9375rem;
  }
  .facts dt {
    color: var(--muted);
  }
  .facts ul {
    padding: 0;
    list-style: none;
  }
  .command {
    position: relative;
    padding: 0.75rem 1rem;
    border: 1px solid var(--line);
    border-radius: 0.5rem;
    background: var(--raised);
  }
  .command .tag {
    margin-right: 4.5rem;
    white-space: normal;
  }
  .command pre {
    max-height: 20rem;
    overflow: auto;
    padding-right: 4.5rem;
    white-space: pre-wrap;
  }
  .command button {
    position: absolute;
    top: 0.5rem;
    right: 0.5rem;
  }

  .scroll {
    overflow-x: auto;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--surface);
  }
  table {
    width: 100%;
    border-collapse: separate;
    border-spacing: 0;
    font-size: 0.9375rem;
  }
  th,
  td {
    padding: 0.625rem 1rem;
    border-bottom: 1px solid var(--line);
    text-align: left;
    vertical-align: top;
  }
  tbody tr:last-child > * {
    border-bottom: 0;
  }
  tbody th {
    min-width: 13rem;
    font-weight: 500;
  }
  thead th {
    background: var(--raised);
    color: var(--muted);
    font-size: 0.8125rem;
    font-weight: 600;
    white-space: nowrap;
    overflow-wrap: normal;
  }
  tbody tr:hover > * {
    background: light-dark(#fafbfc, #1a1f27);
  }
  .number {
    text-align: right;
    white-space: nowrap;
  }
  td.wide {
    min-width: 15rem;
  }
  td small,
  th small {
    display: block;
    color: var(--muted);
    font-size: 0.8125rem;
    font-weight: 400;
  }
  thead button {
    padding: 0;
    border: 0;
    background: none;
    font-weight: inherit;
  }
  thead .number button {
    width: 100%;
    text-align: right;
  }
  thead button::after {
    content: '↕' / '';
    display: inline-block;
    width: 1em;
    margin-left: 0.25em;
    text-align: center;
    opacity: 0.45;
  }
  [aria-sort] {
    color: var(--text);
  }
  [aria-sort='ascending'] button::after {
    content: '↑' / '';
    opacity: 1;
  }
  [aria-sort='descending'] button::after {
    content: '↓' / '';
    opacity: 1;
  }

  .pair {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
    gap: 1rem;
  }
  .chart {
    padding: 1.25rem 1.5rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--surface);
  }
  .chart svg {
    display: block;
    width: 100%;
    height: auto;
    overflow: visible;
    font-family: inherit;
  }
  .chart svg.narrow {
    display: none;
  }
  .chart figcaption {
    margin-top: 0.75rem;
    color: var(--muted);
    font-size: 0.875rem;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0.25rem 1rem;
    padding: 0;
    margin-bottom: 0.75rem;
    list-style: none;
    font-size: 0.8125rem;
  }
  .legend svg {
    display: inline-block;
    width: 0.75rem;
    height: 0.75rem;
    margin-right: 0.375rem;
    vertical-align: -0.0625rem;
  }
  svg text {
    fill: var(--text);
  }
  svg .quiet {
    fill: var(--muted);
  }
  svg .axis {
    stroke: var(--line);
  }
  svg .node {
    fill: var(--text);
  }
  svg .flow {
    fill: none;
    stroke: var(--tone);
  }
  svg .area {
    fill: var(--tone);
  }
  svg .possible {
    opacity: 0.32;
  }
  svg .sure {
    opacity: 0.78;
  }
  svg .unknown {
    stroke-dasharray: 5 4;
    stroke-width: 2;
  }
  .red {
    --tone: var(--tone-red);
  }
  .orange {
    --tone: var(--tone-orange);
  }
  .purple {
    --tone: var(--tone-purple);
  }
  .blue {
    --tone: var(--tone-blue);
  }
  .teal {
    --tone: var(--tone-teal);
  }
  .pink {
    --tone: var(--tone-pink);
  }
  .grey {
    --tone: var(--tone-grey);
  }

  @media (max-width: 40rem) {
    .frame {
      padding-inline: 1rem;
    }
    main {
      gap: 2rem;
    }
    .card,
    .chart {
      padding: 1rem;
    }
    .chart svg.wide {
      display: none;
    }
    .chart svg.narrow {
      display: block;
    }
    .facts {
      grid-template-columns: minmax(0, 1fr);
      gap: 0;
    }
    .facts dd {
      margin-bottom: 0.5rem;
    }
    .saving {
      text-align: left;
    }
    th,
    td {
      padding: 0.5rem 0.75rem;
    }
    tbody th {
      min-width: 10.5rem;
    }
    tbody th,
    thead th:first-child {
      position: sticky;
      left: 0;
      z-index: 1;
      border-right: 1px solid var(--line);
    }
    tbody th {
      background: var(--surface);
    }
    td.wide {
      min-width: 20rem;
    }
    .command pre {
      padding: 0 0 2.25rem;
    }
    .command button {
      top: auto;
      bottom: 0.5rem;
    }
  }

  @media print {
    :root,
    :root[data-theme] {
      color-scheme: light;
      --page: #ffffff;
    }
    @page {
      margin: 14mm;
    }
    body {
      font-size: 0.75rem;
      print-color-adjust: exact;
    }
    .frame {
      max-width: none;
      padding: 0;
    }
    .theme,
    .skip,
    .contents,
    .command button {
      display: none;
    }
    .scroll {
      overflow: visible;
      border: 0;
    }
    table {
      font-size: 0.6875rem;
    }
    th,
    td {
      padding: 0.25rem 0.5rem;
    }
    tbody th,
    td.wide {
      min-width: 0;
    }
    .number {
      white-space: normal;
    }
    thead button::after {
      content: none;
    }
    tr,
    .finding,
    .chart,
    .notice,
    .headline {
      break-inside: avoid;
    }
    h2 {
      break-after: avoid;
    }
    section {
      display: block;
    }
    section > * {
      margin-top: 0.75rem;
    }
    .command pre {
      max-height: none;
    }
    details::details-content {
      content-visibility: visible;
      block-size: auto;
    }
    .chart svg.wide {
      display: block;
    }
    .chart svg.narrow {
      display: none;
    }
  }
`;
