// On a phone each row of a table is a card (site.css): there each cell says itself what its column's heading says.
for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
  const headings = [...table.querySelectorAll("thead th")].map((heading) => heading.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, column) => {
      if (column && headings[column]) cell.dataset.heading = headings[column];
    });
  }
}

// Short names stay on their line, also at the hyphens of an option.
// In tables that holds for options alone: columns have little room, and longer names would take it from the others.
for (const name of document.querySelectorAll(".md-typeset :not(pre) > code")) {
  const short = name.closest("table") ? /^--?[a-zA-Z0-9-]{1,14}$/ : /^\S{1,24}$/;
  if (short.test(name.textContent)) name.classList.add("short");
}
