'use strict';
(() => {
  const root = document.documentElement;
  const status = document.getElementById('status');
  const say = (text) => {
    status.textContent = text;
  };
  const button = (text) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    return made;
  };

  // Theme: the system's, until the reader chooses. A page opened from a file may have no storage.
  const stored = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null;
    }
  };
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const toggle = button('Dark theme');
  toggle.className = 'theme';
  const chosen = stored((storage) => storage.getItem('costguard-theme'));
  if (chosen === 'dark' || chosen === 'light') root.dataset.theme = chosen;
  const isDark = () => (root.dataset.theme ?? (systemDark.matches ? 'dark' : 'light')) === 'dark';
  const showTheme = () => toggle.setAttribute('aria-pressed', String(isDark()));
  toggle.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    stored((storage) => storage.setItem('costguard-theme', root.dataset.theme));
    showTheme();
  });
  systemDark.addEventListener('change', showTheme);
  showTheme();
  document.getElementById('tools').append(toggle);

  // Sorting. Rows without a value stay last in both directions.
  const collator = new Intl.Collator('en', { numeric: true });
  const keyOf = (row, column, numeric) => {
    const cell = row.cells[column];
    const key = cell.dataset.key ?? cell.textContent;
    return numeric ? (key === '' ? undefined : Number(key)) : key;
  };
  const sort = (table, column, numeric, direction) => {
    const body = table.tBodies[0];
    const sign = direction === 'ascending' ? 1 : -1;
    const keyed = [...body.rows].map((row) => ({ row, key: keyOf(row, column, numeric) }));
    keyed.sort((a, b) => {
      if (a.key === undefined || b.key === undefined) return (a.key === undefined) - (b.key === undefined);
      return sign * (numeric ? a.key - b.key : collator.compare(a.key, b.key));
    });
    body.append(...keyed.map(({ row }) => row));
  };
  for (const table of document.querySelectorAll('table.sortable')) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const numeric = header.classList.contains('number');
      const title = header.textContent;
      const sorter = button(title);
      header.replaceChildren(sorter);
      sorter.addEventListener('click', () => {
        const present = header.getAttribute('aria-sort');
        const first = numeric ? 'descending' : 'ascending';
        const other = numeric ? 'ascending' : 'descending';
        const direction = present === first ? other : first;
        for (const each of headers) each.removeAttribute('aria-sort');
        header.setAttribute('aria-sort', direction);
        sort(table, column, numeric, direction);
        say('Sorted by ' + title + ', ' + direction + '.');
      });
    });
  }

  // Copying. Where the clipboard is closed, the text is selected instead.
  for (const block of document.querySelectorAll('.command')) {
    const code = block.querySelector('code');
    const copy = button('Copy');
    copy.setAttribute('aria-label', 'Copy command: ' + block.getAttribute('aria-label'));
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = 'Copied';
        say('Copied.');
      } catch {
        getSelection().selectAllChildren(code);
        say('Selected. Copy it with your keyboard.');
      }
    });
    block.append(copy);
  }
})();
