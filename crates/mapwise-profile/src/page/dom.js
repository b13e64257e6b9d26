'use strict';

// Text of the program becomes text nodes and attribute values, never markup.

const IN_PICTURES = new Set(['svg', 'polyline', 'line', 'rect', 'text', 'g', 'title']);

/** An element with attributes and children; nothing is left out for `null` and `false`. */
function h(tag, attributes, ...children) {
  const element = IN_PICTURES.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'style') {
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    } else if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text in which nothing hides or reorders its surroundings. */
function clean(text) {
  return text.replace(/[\n\r\t]/g, ' ').replace(
    /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu,
    hidden => '\\u{' + hidden.codePointAt(0).toString(16) + '}');
}

/** A name or place of the program, isolated from the direction of what surrounds it. */
function name(text) {
  return h('bdi', null, clean(text));
}

/** A place that may break where its parts end. */
function place(text) {
  return h('bdi', null, text.split(/(?<=[/\\])|(?=:\d)/).flatMap((part, index) => index ? [h('wbr', null), part] : [part]));
}

/** The class of a cell by its heat: what is written on it must stand out from it, in light and in dark. */
function heatClass(heat) {
  return 'cell' + (heat > 0.6 ? ' warm' : '') + (heat > 0.85 ? ' hot' : '');
}

/** A place in the program, as far as it is known. */
function siteText(site) {
  if (!site) return 'not known';
  const file = site.file.split(/[/\\]/).slice(-2).join('/');
  const place = site.line ? file + ':' + site.line : file;
  if (!site.function) return clean(place || 'not known');
  return clean(place ? site.function + ' (' + place + ')' : site.function);
}

/** A figure that a program can find: `at` is its JSON pointer in the profile. */
function figure(at, value, text) {
  return h('data', { value, 'data-at': at }, text);
}

/** A table; numbers stand right. `rows` are lists of cells, the first of which names the row. */
function table(caption, heads, rows) {
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption }, h('table', null,
    h('caption', null, caption),
    h('thead', null, h('tr', null, heads.map(head => h('th', { scope: 'col' }, head)))),
    h('tbody', null, rows.map(row => h('tr', null, row.map((cell, index) => index ? h('td', null, cell) : h('th', { scope: 'row' }, cell)))))));
}

/** A picture's text equivalent, out of the way until asked for. */
function asTable(key, ...args) {
  return h('details', { class: 'as-table', 'data-key': key }, h('summary', null, 'As a table'), table(...args));
}

/** One picture with its title and a sentence how to read it. */
function picture(title, note, ...parts) {
  return h('figure', null, h('figcaption', null, h('h3', null, title), h('p', { class: 'note' }, note)), parts);
}

/** Makes one stop of many cells: arrows move within, and what the current cell says stands below. */
function rove(cells, columns, key) {
  const said = h('output', { class: 'said' }, 'Point at a part, or walk with the arrow keys.');
  cells.forEach((cell, index) => {
    cell.tabIndex = index ? -1 : 0;
    cell.dataset.key = key + index;
    const say = () => { said.textContent = cell.getAttribute('aria-label'); };
    cell.addEventListener('pointerenter', say);
    cell.addEventListener('focus', say);
    cell.addEventListener('keydown', event => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns(), Home: -index, End: cells.length - 1 - index }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = cells[Math.min(cells.length - 1, Math.max(0, index + step))];
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  });
  return said;
}
