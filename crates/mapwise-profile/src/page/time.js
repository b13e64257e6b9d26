// Counters over time: what happened between one moment and the next.

function timePictures(map, at, seen) {
  // A live page has seen more than a profile without a series tells.
  const points = map.series.length > 2 ? map.series : seen ?? [];
  const steps = points.slice(1).flatMap((point, index) => {
    const before = points[index];
    const seconds = (point.at_ns - before.at_ns) / 1e9;
    // Counters only grow; a smaller one is another process under the same address.
    const grown = point.operations >= before.operations && point.delay_ns >= before.delay_ns;
    return seconds > 0 && grown ? [{ at: point.at_ns, seconds, rate: (point.operations - before.operations) / seconds, waited: (point.delay_ns - before.delay_ns) / seconds }] : [];
  });
  if (steps.length < 2) return [];
  const rows = steps.slice(-60).map(step => [duration(step.at), short(step.rate), duration(step.waited)]);
  return [
    picture('Operations over time', 'Operations a second between two moments.', line(steps, step => step.rate, value => short(value) + ' /s'),
      asTable(at + 'time', 'Between moments', ['until', 'operations a second', 'waited a second'], rows)),
    picture('Waiting over time', 'Time waited in a second, all threads together: 1 s means one thread always waits.', line(steps, step => step.waited, duration)),
  ];
}

function line(steps, value, text) {
  const values = steps.map(value);
  const top = most(values) || 1;
  const [from, to] = [steps[0].at, steps.at(-1).at];
  const points = steps.map((step, index) => `${((step.at - from) / (to - from) * 1000).toFixed(1)},${(100 - values[index] / top * 100).toFixed(2)}`);
  const words = `From ${text(values[0])} to ${text(values.at(-1))}, at most ${text(top)}.`;
  return h('div', { class: 'over-time' },
    h('span', { class: 'y top', 'aria-hidden': 'true' }, text(top)), h('span', { class: 'y zero', 'aria-hidden': 'true' }, '0'),
    h('svg', { viewBox: '0 0 1000 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': words },
      [0, 50, 100].map(y => h('line', { class: 'tick', x1: 0, x2: 1000, y1: y, y2: y })), h('polyline', { points: points.join(' ') })),
    h('span', { class: 'x', 'aria-hidden': 'true' }, h('span', null, duration(from)), h('span', null, 'since recording began'), h('span', null, duration(to))),
    h('p', { class: 'note' }, words));
}
