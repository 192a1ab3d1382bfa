// Named so that formatters and editors know that it is a style sheet.
const css = String.raw;

/** How a form looks; only pages that have one carry it. */
export const FORM_STYLE = css`
  .form {
    display: grid;
    gap: 1rem 1.25rem;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr));
    align-items: start;
  }
  .form label {
    display: block;
    font-size: 0.875rem;
    font-weight: 600;
  }
  .form input,
  .form select {
    display: block;
    width: 100%;
    margin-top: 0.25rem;
    padding: 0.4375rem 0.625rem;
    border: 1px solid var(--muted);
    border-radius: 0.5rem;
    background: var(--surface);
    color: var(--text);
    font: inherit;
  }
  .form small {
    display: block;
    margin-top: 0.25rem;
    color: var(--muted);
  }
  .form .actions {
    grid-column: 1 / -1;
  }
  .form button {
    padding: 0.5rem 1.25rem;
    border: 0;
    border-radius: 0.5rem;
    background: var(--accent);
    color: var(--surface);
    font: inherit;
    font-weight: 600;
    cursor: pointer;
  }
  @media print {
    .form {
      display: none;
    }
  }
`;
