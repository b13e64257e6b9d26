// The shards as a heat map: waiting, operations or entries.

const MEASURES = {
  delay_ns: { title: 'waiting', text: duration },
  operations: { title: 'sampled operations', text: count },
  len: { title: 'entries', text: count },
};
/** More cells than this are hard to tell apart; neighbors share one. */
const MOST_CELLS = 256;

function shardPicture(map, at, state) {
  const shards = map.shards.each;
  // One lock has nothing to compare; the map's facts say so.
  if (shards.length < 2) return null;
  const measure = MEASURES[state.measure] ? state.measure : 'delay_ns';
  const title = 'Shards';
  const rows = shards.map((shard, index) => [count(index), ...['delay_ns', 'contentions', 'operations', 'len'].map(
    field => figure(`${at}/shards/each/${index}/${field}`, shard[field], field === 'delay_ns' ? duration(shard[field]) : count(shard[field])))]);
  rows.sort((a, b) => b[1].value - a[1].value);
  const shown = rows.slice(0, MOST_CELLS);
  const caption = rows.length > shown.length ? `The ${shown.length} of ${count(rows.length)} shards that were waited for longest` : 'Shards by waiting';
  const equivalent = asTable(at + 'shards', caption, ['shard', 'waiting', 'waits', 'sampled operations', 'entries'], shown);
  const each = Math.ceil(shards.length / MOST_CELLS);
  const groups = Array.from({ length: Math.ceil(shards.length / each) }, (_, index) => shards.slice(index * each, (index + 1) * each));
  const values = groups.map(group => sum(group.map(shard => shard[measure])));
  const top = most(values);
  const grid = h('div', { class: groups.length > 8 ? 'heat many' : 'heat', role: 'group', 'aria-label': 'Shards by ' + MEASURES[measure].title, style: { '--cells': Math.min(groups.length, 16) } });
  const cells = groups.map((group, index) => {
    const whole = field => sum(group.map(shard => shard[field]));
    const first = index * each;
    const which = group.length > 1 ? `shards ${first} to ${first + group.length - 1}` : `shard ${first}`;
    const label = `${which}: waited ${duration(whole('delay_ns'))} in ${plural(whole('contentions'), 'wait')}, ${plural(whole('operations'), 'sampled operation')}, ${plural(whole('len'), 'entry', 'entries')}`;
    const heat = top ? values[index] / top : 0;
    return h('span', { class: heatClass(heat), role: 'img', 'aria-label': label, style: { '--heat': (heat * 100).toFixed(1) + '%' } }, String(first));
  });
  const columns = () => getComputedStyle(grid).gridTemplateColumns.split(' ').length;
  const said = rove(cells, columns, at + 'shard');
  grid.append(...cells);
  const choice = h('div', { class: 'choice', role: 'radiogroup', 'aria-label': 'What the colors show' }, Object.entries(MEASURES).map(([field, { title }]) =>
    h('label', null, h('input', { type: 'radio', name: at + 'measure', value: field, checked: field === measure, 'data-key': at + field, onchange: () => { state.measure = field; state.draw(); } }), title)));
  return picture(title, skewText(map), choice, grid, said, equivalent);
}

/** How uneven the shards are, in words: a hot key makes operations uneven, a bad hash entries too. */
function skewText(map) {
  const shards = map.shards.each;
  const parts = Object.entries(MEASURES).flatMap(([field, { title }]) => {
    const values = shards.map(shard => shard[field]);
    const total = sum(values);
    return total ? [`${title} ${threeDigits(most(values) * shards.length / total)} times`] : [];
  });
  if (!parts.length) return 'Nothing was counted by shard.';
  return 'The fullest shard against the mean: ' + parts.join(', ') + '. A hot key makes operations uneven; a bad hash makes entries uneven too.';
}
