// Where the profile comes from: the page itself, or again and again the server.

const EVERY_MS = 2000;
const MOST_POINTS = 300;

function point(profile, map) {
  return { at_ns: profile.span_ns, operations: operationsOf(map), delay_ns: map.delay_ns };
}

function live(address) {
  const status = document.getElementById('status');
  const pause = h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => {
    const paused = pause.getAttribute('aria-pressed') !== 'true';
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Continue' : 'Pause';
  } }, 'Pause');
  const words = h('span', { role: 'status' }, 'Waiting for the first profile …');
  status.append(words, pause);
  const history = new Map();
  let previous = null;
  const say = text => { if (words.textContent !== text) words.textContent = text; };
  const poll = async () => {
    try {
      if (pause.getAttribute('aria-pressed') === 'true' || document.hidden) return;
      const response = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
      if (!response.ok) throw new Error('the server says ' + response.status);
      const profile = await response.json();
      if (profile?.schema !== 'mapwise.profile') throw new Error('what it sends is no profile');
      if (previous && (previous.process.pid !== profile.process.pid || profile.span_ns < previous.span_ns)) history.clear();
      for (const map of profile.maps) {
        const points = history.get(map.name) ?? [];
        if (points.at(-1)?.at_ns !== profile.span_ns) points.push(point(profile, map));
        history.set(map.name, points.slice(-MOST_POINTS));
      }
      draw(profile, history, previous);
      previous = profile;
      say('Live: a new profile every 2 s.');
    } catch (error) {
      say((previous ? 'No new profile; this is the last one. ' : 'No profile yet. ') + clean(String(error.message ?? error)));
      status.classList.add('stale');
      return;
    } finally {
      setTimeout(poll, EVERY_MS);
    }
    status.classList.remove('stale');
  };
  poll();
}

addEventListener('beforeprint', () => { for (const map of [...document.querySelectorAll('details.map')].slice(0, 20)) map.open = true; });

if (document.body.dataset.live) {
  live(document.body.dataset.live);
} else {
  draw(JSON.parse(document.getElementById('profile').textContent), null, null);
}
