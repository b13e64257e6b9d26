// Figures as text, as everywhere in mapwise.

function threeDigits(value) {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function duration(ns) {
  const [size, unit] = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs']].find(([size]) => ns >= size * 0.9995) ?? [1, 'ns'];
  return size === 1 ? ns.toFixed(0) + '\u00a0ns' : threeDigits(ns / size) + '\u00a0' + unit;
}

function percent(share) {
  const value = share * 100;
  if (!Number.isFinite(value)) return '?\u00a0%';
  return (value >= 9.95 || value === 0 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : '<0.1') + '\u00a0%';
}

function count(value) {
  const digits = String(value);
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

function short(value) {
  const found = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']].find(([size]) => value >= size * 0.9995);
  if (found) return threeDigits(value / found[0]) + '\u00a0' + found[1];
  return value % 1 < 0.05 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1);
}

function plural(value, one, many = one + 's') {
  return count(value) + ' ' + (value === 1 ? one : many);
}

const sum = values => values.reduce((total, value) => total + value, 0);
const most = values => values.reduce((best, value) => Math.max(best, value), 0);

function operationsOf(map) {
  return sum(map.operations.map(operation => operation.hits + operation.misses));
}

/** The bound that a share of the durations keeps, as a bucket tells it. */
function quantile(histogram, share) {
  const wanted = Math.max(1, Math.ceil(share * sum(histogram.counts)));
  let seen = 0;
  for (const [index, count] of histogram.counts.entries()) {
    seen += count;
    if (seen >= wanted) return Math.min(histogram.bounds_ns[index] ?? Infinity, histogram.max_ns);
  }
  return null;
}
