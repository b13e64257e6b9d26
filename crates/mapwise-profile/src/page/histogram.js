// Durations by buckets that double.

function histogramPicture(title, note, histogram, at, key) {
  const total = sum(histogram.counts);
  if (!total) return picture(title, note, h('p', { class: 'none' }, 'None.'));
  const filled = histogram.counts.flatMap((count, index) => count ? [index] : []);
  const [first, last] = [Math.max(0, filled[0] - 1), Math.min(histogram.counts.length - 1, filled.at(-1) + 1)];
  const top = most(histogram.counts);
  const text = index => {
    const [low, high] = [histogram.bounds_ns[index - 1] ?? 0, histogram.bounds_ns[index]];
    return high === undefined ? `above ${duration(low)}` : `${duration(low)} to ${duration(high)}`;
  };
  const indexes = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  const bars = indexes.map(index => {
    const count_ = histogram.counts[index];
    const label = `${text(index)}: ${count(count_)}, ${percent(count_ / total)}`;
    return h('span', { class: 'column', role: 'img', 'aria-label': label }, h('span', { class: 'fill', style: { height: (count_ / top * 100).toFixed(2) + '%', 'min-height': count_ ? '2px' : '0' } }));
  });
  const said = rove(bars, () => 1, key);
  const ticks = indexes.map((index, place) => h('span', null, place % Math.ceil(indexes.length / 5) ? '' : index < histogram.bounds_ns.length ? duration(histogram.bounds_ns[index]) : 'more'));
  const rows = indexes.map(index => [text(index), figure(`${at}/counts/${index}`, histogram.counts[index], count(histogram.counts[index])), percent(histogram.counts[index] / total)]);
  return picture(title, note,
    h('dl', { class: 'line-of-facts' },
      [['p50', quantile(histogram, 0.5)], ['p99', quantile(histogram, 0.99)]].map(([name, ns]) => h('div', null, h('dt', null, name), h('dd', null, '≤ ' + duration(ns)))),
      h('div', null, h('dt', null, 'max'), h('dd', null, figure(at + '/max_ns', histogram.max_ns, duration(histogram.max_ns)))),
      h('div', null, h('dt', null, 'sum'), h('dd', null, figure(at + '/sum_ns', histogram.sum_ns, duration(histogram.sum_ns))))),
    h('div', { class: 'columns', role: 'group', 'aria-label': title + ' by duration' }, bars),
    h('div', { class: 'ticks', 'aria-hidden': 'true' }, ticks), said,
    asTable(key, title + ' by duration', ['duration', 'how often', 'share'], rows));
}
