// The whole page from one profile.

/** Open maps, chosen measures: what a redrawing must not undo. */
const states = new Map();
const MOST_OPEN = 4;

function draw(profile, history, previous) {
  const main = document.getElementById('page');
  const focused = document.activeElement?.dataset?.key;
  const openTables = new Set([...main.querySelectorAll('details[open][data-key]')].map(details => details.dataset.key));
  const redraw = () => draw(profile, history, previous);
  const order = profile.maps.map((map, index) => ({ map, index })).sort((a, b) => b.map.delay_ns - a.map.delay_ns);
  for (const [rank, { map }] of order.entries()) {
    if (!states.has(map.name)) states.set(map.name, { open: rank < MOST_OPEN, measure: 'delay_ns' });
    states.get(map.name).draw = redraw;
  }
  main.replaceChildren(hero(profile, previous), ...notes(profile), ...advicePart(profile), ...findingsPart(profile),
    h('section', { class: 'maps' }, h('h2', null, plural(profile.maps.length, 'map')),
      order.map(({ map, index }) => mapPart(profile, map, '/maps/' + index, history))));
  for (const details of main.querySelectorAll('details.as-table')) details.open = openTables.has(details.dataset.key);
  if (focused) main.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  document.title = 'mapwise: ' + clean(profile.process.name);
}

function threadTime(profile) {
  return profile.span_ns * Math.max(1, profile.process.threads);
}

function hero(profile, previous) {
  const total = field => sum(profile.maps.map(map => map[field]));
  const operations = sum(profile.maps.map(operationsOf));
  const [waited, delay] = [threadTime(profile), total('delay_ns')];
  const first = profile.advice?.[0];
  const headline = first ? first.text : delay ? 'Threads waited ' + duration(delay) + ' for maps' : 'No thread waited for a map';
  const seconds = previous ? (profile.span_ns - previous.span_ns) / 1e9 : 0;
  const since = field => (total(field) - sum(previous.maps.map(map => map[field]))) / seconds;
  const now = seconds > 0 && since('delay_ns') >= 0;
  return h('header', { class: 'hero' },
    h('p', { class: 'eyebrow' }, name(profile.process.name), ` · process ${profile.process.pid} · ${plural(profile.process.threads, 'thread')} on ${plural(profile.process.cores, 'core')} · recorded ${duration(profile.span_ns)} until `,
      h('time', { datetime: new Date(profile.taken_unix_ms).toISOString() }, new Date(profile.taken_unix_ms).toISOString().slice(0, 19).replace('T', ' ') + ' UTC')),
    h('h1', null, name(headline)),
    h('dl', { class: 'tiles' },
      tile('Operations', short(operations), now ? short((operations - sum(previous.maps.map(operationsOf))) / seconds) + ' a second now' : short(profile.span_ns ? operations / profile.span_ns * 1e9 : 0) + ' a second'),
      tile('Waits', short(total('contentions')), operations ? percent(total('contentions') / operations) + ' of the operations' : ''),
      tile('Time waited', duration(delay), now ? duration(since('delay_ns')) + ' a second now' : 'all threads together'),
      tile('Share of the threads’ time', percent(waited ? delay / waited : 0), 'below 2 % no other map would be noticed')));
}

function tile(title, value, more) {
  return h('div', null, h('dt', null, title), h('dd', { class: 'ours' }, value), h('dd', { class: 'theirs' }, more));
}

function notes(profile) {
  if (!profile.notes.length) return [];
  return [h('ul', { class: 'warnings', 'aria-label': 'Notes' }, profile.notes.map(note => h('li', null, name(note))))];
}

function advicePart(profile) {
  const advice = profile.advice ?? [];
  const [calm, urgent] = [true, false].map(wanted => advice.filter(one => (one.lint === 'not-worth-changing') === wanted));
  const parts = [];
  if (urgent.length) parts.push(h('ol', { class: 'advice' }, urgent.map(adviceItem)));
  if (calm.length) {
    parts.push(h('details', { class: 'as-table', 'data-key': 'calm' }, h('summary', null, plural(calm.length, 'map') + ' not worth changing'),
      h('ol', { class: 'advice' }, calm.map(adviceItem))));
  }
  return parts.length ? [h('section', null, h('h2', null, 'What to do'), parts)] : [];
}

function adviceItem(one) {
  return h('li', { class: one.lint === 'not-worth-changing' ? 'calm' : null },
    h('span', { class: 'kind' }, one.lint.replaceAll('-', ' ')), h('p', { class: 'what' }, name(one.text)), h('p', { class: 'remedy' }, name(one.remedy)),
    h('details', { class: 'as-table', 'data-key': 'why' + one.lint + clean(one.map) }, h('summary', null, 'Why'),
      h('ul', null, one.evidence.map(text => h('li', null, name(text)))),
      h('p', { class: 'note' }, 'Rule: ' + one.rule + '. Source: ' + one.source + '.')));
}

function findingsPart(profile) {
  if (!profile.findings.length) return [];
  return [h('section', null, h('h2', null, 'What checked mode found'), profile.findings.map(finding => {
    const threads = [...new Set(finding.accesses.map(access => access.thread))].slice(0, 4);
    return h('article', { class: 'finding' },
      h('h3', null, name(finding.kind), ' in ', name(finding.map), h('small', null, ` seen ${plural(finding.count, 'time')}, `, h('code', null, clean(finding.id)))),
      h('p', null, name(finding.text)),
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Accesses in order' }, h('table', { class: 'lanes' },
        h('caption', null, 'In the order it happened'),
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'step'), threads.map(thread => h('th', { scope: 'col' }, name(thread))))),
        h('tbody', null, finding.accesses.map((access, step) => h('tr', null, h('th', { scope: 'row' }, step + 1), threads.map(thread =>
          h('td', null, thread === access.thread ? h('span', { class: 'event' }, h('b', null, name(access.operation)), ' ', name(siteText(access.site))) : null))))))));
  }))];
}

function mapPart(profile, map, at, history) {
  const state = states.get(map.name);
  const details = h('details', { class: 'map', 'data-key': 'map' + clean(map.name), open: state.open });
  const share = threadTime(profile) ? map.delay_ns / threadTime(profile) : 0;
  details.append(h('summary', null, h('h3', null, name(map.name)), h('span', { class: 'note' }, name(map.type_text)),
    h('span', { class: 'figure' }, figure(at + '/delay_ns', map.delay_ns, duration(map.delay_ns)), ` waited, ${percent(share)} of the threads’ time`)));
  const fill = () => { if (details.childElementCount === 1) details.append(mapBody(map, at, state, history)); };
  if (state.open) fill();
  details.addEventListener('toggle', () => { state.open = details.open; if (details.open) fill(); });
  return details;
}

/** Whether a thread owns the table. */
function owned(map) {
  return map.kind === 'ActorMap' || map.kind === 'Collector';
}

function heldText(map) {
  if (owned(map)) return 'How long the owner thread worked on a request';
  return map.kind === 'PerThreadMap' ? 'How long a thread was kept out of its part by a collection' : 'How long locks were held';
}

function mapBody(map, at, state, history) {
  const capacity = map.capacity === null ? null : figure(at + '/capacity', map.capacity, count(map.capacity));
  const pauses = map.resizes.pauses;
  const fact = (title, ...parts) => [h('dt', null, title), h('dd', null, parts)];
  return h('div', { class: 'body' },
    h('dl', { class: 'facts' },
      fact('Entries', map.len === null ? 'not known without merging' : figure(at + '/len', map.len, count(map.len)), capacity && [', room for ', capacity]),
      fact('Waits', figure(at + '/contentions', map.contentions, count(map.contentions)), ' in ', count(operationsOf(map)), ' operations; ', figure(at + '/slow_paths', map.slow_paths, count(map.slow_paths)), ' left the fast path'),
      fact('Resizes', figure(at + '/resizes/count', map.resizes.count, count(map.resizes.count)), sum(pauses.counts) ? `, the longest pause ${duration(pauses.max_ns)}, ${duration(pauses.sum_ns)} in all` : '', map.resizes.delay_ns ? ['; operations that met one waited ', figure(at + '/resizes/delay_ns', map.resizes.delay_ns, duration(map.resizes.delay_ns))] : null),
      map.shards.each.length === 1 && (owned(map) ? fact('Owner', 'one thread: every request waits for its answer') : fact('Locks', 'one: everything waits for everything')),
      map.created && fact('Made at', name(siteText(map.created))),
      map.holds.longest && fact('Longest hold', name(siteText(map.holds.longest)))),
    h('div', { class: 'grid' },
      shardPicture(map, at, state), matrixPicture(map, at),
      histogramPicture('Waits', 'How long operations waited; each bar is twice as long as the one before.', map.waits, at + '/waits', at + 'waits'),
      map.holds.period ? histogramPicture('Holds', `${heldText(map)}; ${map.holds.period === 1 ? 'each' : 'one in ' + count(map.holds.period)} was timed.`, map.holds.times, at + '/holds/times', at + 'holds') : null,
      keysPicture(map, at), operationsPicture(map, at), timePictures(map, at, history?.get(map.name))));
}
