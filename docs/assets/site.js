// On a phone each row of a table is a card (site.css): there each cell says itself what its column's heading says.
// The first cell is the card's title; of many columns it may be a mere figure, and then says so too.
for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
  const headings = [...table.querySelectorAll("thead th")].map((heading) => heading.textContent.trim().replace(/:$/, ""));
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, column) => {
      const clear = column === 0 && !(headings.length > 4 && /^\d/.test(cell.textContent));
      if (headings[column] && !clear) cell.dataset.heading = headings[column];
    });
  }
}

// Words of commands stay whole: not `--` here and `follow` there, nor what is coloured in two parts within one. Long
// ones break after what joins their parts, and parts that are long themselves after a hyphen.
function keepWords(code, most) {
  const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) found.push(texts.currentNode);
  for (const text of found) {
    const pieces = text.data.split(/(\s+)/).flatMap((word) => {
      if (!word.trim()) return [word];
      const parts = [word]
        .flatMap((whole) => (whole.length > most ? whole.split(/(?<=[/=,:])(?=[^/])/) : whole))
        .flatMap((part) => (part.length > most ? part.split(/(?<=[^-]-)(?=[^-])/) : part));
      return parts.flatMap((part, at) => {
        const whole = document.createElement("span");
        if (part.length <= most) whole.className = "short";
        whole.textContent = part;
        return at ? [document.createElement("wbr"), whole] : [whole];
      });
    });
    text.replaceWith(...pieces);
  }
}

// Short names stay on their line, also at their hyphens.
// In tables that holds for options and the shortest: columns have little room, and longer names would take it from the others.
for (const name of document.querySelectorAll(".md-typeset :not(pre) > code")) {
  const short = name.closest("table") ? /^(--?[a-zA-Z0-9-]{1,14}|--?[a-z-]+ \w+|\S{1,12})$/ : /^\S{1,24}$/;
  if (short.test(name.textContent)) name.classList.add("short");
  else keepWords(name, name.closest("table") ? 16 : 36);
}

// Long dotted names of headings break where a part of the name ends.
for (const name of document.querySelectorAll(".md-typeset .doc-heading .doc-object-name")) {
  const parts = name.textContent.split(/(?<=[._])/);
  name.replaceChildren(...parts.flatMap((part) => [part, document.createElement("wbr")]));
}

for (const code of document.querySelectorAll(".md-typeset .language-shell pre > code")) keepWords(code, 36);

// What was printed goes on in the next line as in a terminal, unless columns stand below each other: those are scrolled.
for (const code of document.querySelectorAll(".md-typeset :is(.language-console, .language-text) pre > code")) {
  const rows = code.textContent.split("\n").filter((line) => /[^\s:] {2,}\S|[─\t]/.test(line));
  if (rows.length > 1) continue;
  code.classList.add("wrapped");
  keepWords(code, 36);
}
