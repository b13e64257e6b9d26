// Hot keys as hashes, and operations by kind.

const MIN_SURE = 3;

function keysPicture(map, at) {
  const { period, sampled, keys } = map.hot_keys;
  if (!period) return null;
  const note = `Hashes, never keys. One in ${count(period)} operations was sampled, ${count(sampled)} in all; the pale end of a bar may be another key's.`;
  const widest = most(keys.map(key => key.count));
  // A key that is sure to have been met only once or twice was met by chance.
  const shown = keys.filter(key => key.count - key.error >= MIN_SURE).slice(0, 10);
  const bars = shown.map(key => {
    const [least, atMost] = [percent(Math.max(0, key.count - key.error) / sampled), percent(key.count / sampled)];
    return h('li', null,
      h('code', null, clean(key.hash)), h('span', { class: 'where' }, key.shard === null ? '' : 'shard ' + key.shard),
      h('span', { class: 'value' }, least === atMost ? least : least + ' to ' + atMost),
      h('span', { class: 'track', 'aria-hidden': 'true' },
        h('span', { class: 'sure', style: { width: Math.max(0, (key.count - key.error) / widest * 100).toFixed(2) + '%' } }),
        h('span', { class: 'unsure', style: { width: (Math.min(key.error, key.count) / widest * 100).toFixed(2) + '%' } })));
  });
  const rows = keys.map((key, index) => [h('code', null, clean(key.hash)), key.shard ?? '–',
    figure(`${at}/hot_keys/keys/${index}/count`, key.count, count(key.count)), figure(`${at}/hot_keys/keys/${index}/error`, key.error, count(key.error))]);
  return picture('Hot keys', note, bars.length ? h('ol', { class: 'keys' }, bars) : h('p', { class: 'none' }, 'No key stands out.'),
    keys.length > 0 && asTable(at + 'keys', 'Samples by key', ['hash', 'shard', 'samples at most', 'of which uncertain'], rows));
}

function operationsPicture(map, at) {
  if (!map.operations.length) return null;
  const rows = map.operations.map((operation, index) => [name(operation.name),
    ...['hits', 'misses', 'contentions'].map(field => figure(`${at}/operations/${index}/${field}`, operation[field], count(operation[field]))),
    figure(`${at}/operations/${index}/delay_ns`, operation.delay_ns, duration(operation.delay_ns))]);
  return picture('Operations', 'By kind; a hit found the key.', table('Operations by kind', ['operation', 'hits', 'misses', 'waits', 'waited'], rows));
}
