// Who waited for whom: one row for a waiting place, one column for a holding one.

const MOST_SITES = 8;
const REST = 'other places';

function matrixPicture(map, at) {
  if (!map.matrix.length) return null;
  const cells = new Map();
  const waiters = new Map();
  const holders = new Map();
  const add = (into, key, row) => {
    const known = into.get(key) ?? { delay: 0, contentions: 0 };
    into.set(key, { delay: known.delay + row.delay_ns, contentions: known.contentions + row.contentions });
  };
  for (const row of map.matrix) {
    add(waiters, siteText(row.waiter), row);
    add(holders, siteText(row.holder), row);
  }
  const leading = sites => [...sites].sort((a, b) => b[1].delay - a[1].delay).slice(0, MOST_SITES).map(([site]) => site);
  const [rows, columns] = [leading(waiters), leading(holders)];
  const keep = (list, site) => list.includes(site) ? site : REST;
  const pair = (waiter, holder) => JSON.stringify([waiter, holder]);
  for (const row of map.matrix) add(cells, pair(keep(rows, siteText(row.waiter)), keep(columns, siteText(row.holder))), row);
  if (waiters.size > rows.length) rows.push(REST);
  if (holders.size > columns.length) columns.push(REST);
  const attributed = sum([...cells.values()].map(cell => cell.delay));
  const note = `Time waited, ${percent(map.delay_ns ? attributed / map.delay_ns : 0)} of it attributed. A column of strong color whose own row is pale makes others wait.`;
  return picture('Who waits for whom', note, matrixTable(rows, columns, cells, pair, at), matrixList(map, at));
}

function matrixTable(rows, columns, cells, pair, at) {
  const top = most([...cells.values()].map(cell => cell.delay));
  const letter = index => String.fromCharCode(65 + index);
  const focusable = [];
  const body = rows.map(waiter => h('tr', null, h('th', { scope: 'row' }, place(waiter)), columns.map(holder => {
    const cell = cells.get(pair(waiter, holder)) ?? { delay: 0, contentions: 0 };
    const heat = top ? cell.delay / top : 0;
    const label = cell.delay ? `${waiter} waited ${duration(cell.delay)} in ${plural(cell.contentions, 'wait')} for ${holder}` : `${waiter} did not wait for ${holder}`;
    const shown = h('td', { class: heatClass(heat), 'aria-label': label, style: { '--heat': (heat * 100).toFixed(1) + '%' } }, cell.delay ? duration(cell.delay) : '–');
    focusable.push(shown);
    return shown;
  })));
  const said = rove(focusable, () => columns.length, at + 'blocked');
  return [
    h('table', { class: 'matrix' },
      h('caption', null, 'Rows wait for columns'),
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'waiting'), columns.map((holder, index) => h('th', { scope: 'col', title: holder, 'aria-label': holder }, letter(index))))),
      h('tbody', null, body)),
    said,
    h('ol', { class: 'letters' }, columns.map((holder, index) => h('li', null, h('b', null, letter(index)), ' ', name(holder)))),
  ];
}

function matrixList(map, at) {
  const rows = map.matrix.map((row, index) => [
    name(siteText(row.waiter)), name(siteText(row.holder)), clean(row.operation) || '–', row.shard ?? '–',
    figure(`${at}/matrix/${index}/contentions`, row.contentions, count(row.contentions)),
    figure(`${at}/matrix/${index}/delay_ns`, row.delay_ns, duration(row.delay_ns))]);
  rows.sort((a, b) => b[5].value - a[5].value);
  const shown = rows.slice(0, 200);
  const caption = rows.length > shown.length ? `The ${shown.length} longest of ${count(rows.length)} kinds of waits` : 'Waits by place';
  return asTable(at + 'matrix', caption, ['waiting', 'holding', 'operation', 'shard', 'waits', 'time waited'], shown);
}
