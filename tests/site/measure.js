// What test_look.py asks of the page. A place is a page, and how the text there begins.
(() => {
  const place = (element) => `${element.closest("article").dataset.page}: ${element.textContent.trim().slice(0, 60)}`;
  const all = (selector) => [...document.querySelectorAll(`article ${selector}`)];
  const scrolled = (element) => element.scrollWidth > element.clientWidth + 1;

  // Where a line begins within a word: what of the word stands before and after that.
  function broken(element) {
    const found = [], range = document.createRange(), text = element.textContent;
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let at = 0, left = -Infinity;
    while (texts.nextNode()) {
      for (let i = 0; i < texts.currentNode.length; i++, at++) {
        if (/\s/.test(text[at])) continue;
        range.setStart(texts.currentNode, i);
        range.setEnd(texts.currentNode, i + 1);
        const box = range.getBoundingClientRect();
        if (box.left < left && /\S/.test(text[at - 1])) {
          found.push([text.slice(0, at).match(/\S*$/)[0], text.slice(at).match(/^\S*/)[0], place(element)]);
        }
        left = box.left;
      }
    }
    return found;
  }

  function beyond(element) {
    const box = element.getBoundingClientRect();
    return box.width && box.right > document.documentElement.clientWidth + 1 && !element.closest("pre, svg");
  }

  const cell = (one) => ({text: one.textContent.trim(), says: getComputedStyle(one, "::before").content});
  return {
    beyond: all("*").filter(beyond).map(place),
    codes: all("code").map((code) => code.textContent),
    commands: {
      scrolled: all(".language-shell pre > code").filter(scrolled).map(place),
      broken: all(".language-shell pre > code").flatMap(broken),
    },
    printed: all(":is(.language-console, .language-text) pre > code").map((code) => ({
      text: code.textContent, wrapped: getComputedStyle(code).whiteSpace === "pre-wrap", scrolled: scrolled(code),
    })),
    names: all(":not(pre):not(td) > code").filter((name) => name.textContent.length <= 24).flatMap(broken),
    cells: all("td code").flatMap(broken),
    options: all("td code").filter((code) => /^--?[a-z-]+ \w+$/.test(code.textContent)).map((code) => ({
      text: code.textContent, lines: code.getClientRects().length,
    })),
    headings: all(".doc-heading .doc-object-name").flatMap(broken),
    tables: all("table:not([class])").map((table) => ({
      place: place(table),
      headed: getComputedStyle(table.tHead).display !== "none",
      headings: [...table.tHead.rows[0].cells].map((one) => one.textContent.trim()),
      rows: [...table.tBodies[0].rows].map((row) => [...row.cells].map(cell)),
    })),
  };
})();
