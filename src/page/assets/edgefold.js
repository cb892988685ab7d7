// edgefold's one script. The page works without it; with it, links feel instant, what is new and read is marked, and keys work.
// Comments stand on lines of their own: the build leaves them out of what is sent.

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// Kept in the browser alone. Where storage is refused, everything works until the page is left.
const kept = {
  get(key, otherwise) {
    try { return JSON.parse(localStorage.getItem('edgefold.' + key)) ?? otherwise; } catch { return otherwise; }
  },
  set(key, value) {
    try { localStorage.setItem('edgefold.' + key, JSON.stringify(value)); } catch { /* full or refused */ }
  },
};

// Colours: as the system says, or as chosen. First of all, so that the first paint is right.
const THEMES = ['auto', 'light', 'dark'];
let theme = kept.get('theme', 'auto');
const paint = () => {
  if (THEMES.indexOf(theme) > 0) root.dataset.theme = theme; else delete root.dataset.theme;
  const button = $('#theme');
  if (button) {
    button.textContent = theme + ' colours';
    button.dataset.now = theme;
  }
};
const nextTheme = () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  kept.set('theme', theme);
  paint();
};
paint();

// Which links are ours to open in place: pages of this site, opened in this tab.
const ours = (link) => link && link.origin === location.origin && !link.target
  && (['/', '/status'].includes(link.pathname) || link.pathname.startsWith('/item/'))
  && !(link.hash && link.pathname + link.search === location.pathname + location.search);
const linkOf = (event) => {
  const link = event.target.closest?.('a[href]');
  return ours(link) ? link : null;
};
const plain = (event) => !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
const addressOf = (link) => link.href.split('#')[0];

// Pages fetched ahead: a few, and not for long.
const PAGES_MAX = 24;
const FRESH_MS = 60000;
const pages = new Map();
const load = (address, priority, age = FRESH_MS) => {
  const known = pages.get(address);
  if (known && Date.now() - known.at < age) return known.text;
  const text = fetch(address, { headers: { accept: 'text/html' }, priority }).then((answer) => {
    if (!answer.ok) throw new Error(answer.status);
    return answer.text();
  });
  text.catch(() => pages.delete(address));
  pages.delete(address);
  pages.set(address, { at: Date.now(), text });
  if (pages.size > PAGES_MAX) pages.delete(pages.keys().next().value);
  return text;
};
const HOVER_MS = 50;
let hovering;
const ahead = (event, wait) => {
  clearTimeout(hovering);
  const link = linkOf(event);
  if (!link || navigator.connection?.saveData) return;
  hovering = setTimeout(() => load(addressOf(link), 'low'), wait);
};

// Where one was on each page of this tab's history: how far down, and at which link.
const mint = () => Date.now().toString(36) + Math.random().toString(36).slice(2);
const placesBefore = () => {
  try { return Object.entries(JSON.parse(sessionStorage.getItem('edgefold.places') ?? '{}')); } catch { return []; }
};
const places = new Map(placesBefore());
const PLACES_MAX = 50;
let here = history.state?.place ?? mint();
const leave = () => {
  places.delete(here);
  places.set(here, { top: scrollY, link: document.activeElement?.getAttribute('href') });
  if (places.size > PLACES_MAX) places.delete(places.keys().next().value);
};
const arrive = (place) => {
  const was = places.get(place);
  const link = was?.link && $(`a[href="${CSS.escape(was.link)}"]`);
  (link || $('main')).focus({ preventScroll: true });
  if (was) scrollTo({ top: was.top, behavior: 'instant' });
  else if (location.hash) $(location.hash)?.scrollIntoView();
  else scrollTo({ top: 0, behavior: 'instant' });
};

const busy = (on) => root.toggleAttribute('data-busy', on);
// The feeds of what is shown, for feed readers.
const FEEDS = 'head > link[rel=alternate][title]';
const PARTS = ['header .up', 'nav.views ul', '.cols'];
const style = (from) => $('link[rel=stylesheet]', from)?.getAttribute('href');
// A view transition takes pictures of both pages first. Where that takes long, it would only delay the new one.
const PICTURE_MS_MAX = 40;
let pictureMs = 0;
let turn = 0;
let shown = location.pathname + location.search;
// Shows another page in place. Whatever is odd (an error, a new version) is left to the browser.
const go = async (address, place, push) => {
  const mine = ++turn;
  busy(true);
  let next;
  try {
    next = new DOMParser().parseFromString(await load(address, 'high', push ? FRESH_MS : Infinity), 'text/html');
  } catch { /* shown by the browser below */ }
  if (mine !== turn) return;
  if (!next || style(next) !== style(document) || !PARTS.every((part) => $(part, next) && $(part))) {
    if (push) location.assign(address); else location.reload();
    return;
  }
  const swap = () => {
    if (push) {
      leave();
      here = place;
      history.pushState({ place }, '', address);
    }
    shown = location.pathname + location.search;
    document.title = next.title;
    $('input[type=search]').value = new URLSearchParams(location.search).get('q') ?? '';
    next.querySelectorAll(FEEDS).forEach((link, at) => document.querySelectorAll(FEEDS)[at]?.setAttribute('href', link.getAttribute('href')));
    const along = $('nav.views ul').scrollLeft;
    for (const part of PARTS) $(part).replaceWith($(part, next));
    $('nav.views ul').scrollLeft = along;
    dress();
    arrive(place);
    busy(false);
    live.textContent = document.title;
  };
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (!document.startViewTransition || still || pictureMs > PICTURE_MS_MAX) {
    swap();
    return;
  }
  const asked = performance.now();
  const drawn = () => { pictureMs = performance.now() - asked; };
  document.startViewTransition(swap).ready.then(drawn, drawn);
};

// What is new since the last visit, and what has been read. Ids rise with time, so that one id says it all.
const VISIT_MS = 30 * 60000;
const READ_MAX = 1000;
const read = new Set(kept.get('read', []));
const visit = kept.get('visit', { since: '', top: '', at: 0 });
const seeNow = () => {
  const now = Date.now();
  if (now - visit.at > VISIT_MS) visit.since = visit.top;
  visit.at = now;
};
const markRead = (id) => {
  if (!id || read.has(id)) return;
  read.add(id);
  kept.set('read', [...read].slice(-READ_MAX));
};
const dress = () => {
  seeNow();
  const items = $$('.items:not(.one) > li[id]');
  if (location.pathname.startsWith('/item/')) markRead(location.pathname.slice(6));
  let fresh = 0;
  let border;
  for (const item of items) {
    const isNew = visit.since !== '' && item.id > visit.since;
    item.classList.toggle('read', read.has(item.id));
    item.classList.toggle('fresh', isNew);
    if (isNew) fresh += 1; else border ??= item;
    if (item.id > visit.top) visit.top = item.id;
  }
  kept.set('visit', visit);
  if (fresh && location.pathname === '/' && !location.search.includes('q=')) {
    $('main .n').prepend(make('strong', { textContent: `${fresh} new since your last visit` }), ' · ');
    border?.before(make('li', { className: 'border', textContent: 'your last visit' }));
  }
  const bar = $('header .up');
  if (bar && !$('#theme')) {
    bar.append(make('button', { id: 'theme', type: 'button', onclick: nextTheme }));
  }
  const foot = $('footer p:last-child');
  if (foot && !$('#keys')) {
    foot.prepend(make('button', { id: 'keys', type: 'button', textContent: 'Keys', onclick: help }), ' ');
  }
  paint();
  tell();
};

// "7 minutes ago" as time goes on; the words are the server's.
const tell = () => {
  const time = $('header .up time');
  if (!time) return;
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000));
  const [count, unit] = minutes < 120 ? [minutes, 'minute']
    : minutes < 2880 ? [Math.floor(minutes / 60), 'hour'] : [Math.floor(minutes / 1440), 'day'];
  time.textContent = 'updated ' + (minutes ? `${count} ${unit}${count === 1 ? '' : 's'} ago` : 'less than a minute ago');
};

// Keys. One letter each, so they can be switched off (WCAG 2.1.4).
const KEYS = [['j', 'next item'], ['k', 'previous item'], ['o', 'open it'], ['p', 'its own page'],
  ['h', 'newest items'], ['t', 'colours'], ['/', 'search'], ['?', 'these keys']];
let dialog;
const help = () => {
  if (!dialog) {
    const list = make('dl', {}, ...KEYS.map(([key, does]) =>
      make('div', {}, make('dt', {}, make('kbd', { textContent: key })), make('dd', { textContent: does }))));
    const box = make('input', { type: 'checkbox', checked: kept.get('keys', true), onchange: () => kept.set('keys', box.checked) });
    const close = make('button', { type: 'button', textContent: 'Close', onclick: () => dialog.close() });
    dialog = make('dialog', { id: 'help' }, make('h2', { textContent: 'Keys' }), list,
      make('label', {}, box, ' use single keys'), close);
    dialog.setAttribute('aria-label', 'Keys');
    document.body.append(dialog);
  }
  dialog.showModal();
};
const step = (by) => {
  const items = $$('.items > li[id]');
  const now = items.indexOf(document.activeElement?.closest('.items > li'));
  const first = items.findIndex((item) => item.getBoundingClientRect().bottom > 80);
  const item = items[now < 0 ? first : Math.min(items.length - 1, Math.max(0, now + by))];
  if (!item) return;
  $('h3 a, .w', item).focus({ preventScroll: true });
  item.scrollIntoView({ block: 'nearest' });
};
const open = (selector) => $(selector, document.activeElement?.closest('.items > li') ?? root)?.click();
const actions = {
  j: () => step(1), k: () => step(-1), o: () => open('h3 a'), p: () => open('.w'), h: () => $('h1 a')?.click(), t: nextTheme,
  '/': () => $('input[type=search]')?.focus(), '?': help,
};
const typed = (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.('input, textarea, select, dialog, [contenteditable]')) return;
  const action = Object.hasOwn(actions, event.key) && actions[event.key];
  if (!action || (event.key !== '?' && !kept.get('keys', true))) return;
  event.preventDefault();
  action();
};

let live;
const start = () => {
  document.body.append(make('div', { className: 'bar' }), live = make('p', { className: 'live' }));
  live.setAttribute('role', 'status');
  root.dataset.live = '';
  history.scrollRestoration = 'manual';
  history.replaceState({ ...history.state, place: here }, '');
  const was = places.get(here);
  if (was) scrollTo({ top: was.top, behavior: 'instant' });
  dress();
  // At once when a pointer goes down: the bar is seen and the page asked for before the click is one.
  document.addEventListener('pointerdown', (event) => {
    const link = plain(event) && linkOf(event);
    if (!link) return;
    busy(true);
    load(addressOf(link), 'high');
  });
  document.addEventListener('pointerover', (event) => ahead(event, HOVER_MS));
  document.addEventListener('focusin', (event) => ahead(event, HOVER_MS));
  // A press that became no click.
  document.addEventListener('pointercancel', () => busy(false));
  document.addEventListener('pointerup', (event) => { if (!linkOf(event)) busy(false); });
  document.addEventListener('click', (event) => {
    const item = event.target.closest?.('.items > li');
    if (item && event.target.closest('h3 a')) {
      markRead(item.id);
      item.classList.add('read');
    }
    const link = plain(event) && !event.defaultPrevented && linkOf(event);
    if (!link) return;
    event.preventDefault();
    go(addressOf(link), mint(), true);
  });
  addEventListener('popstate', (event) => {
    leave();
    here = event.state?.place ?? mint();
    if (!event.state) history.replaceState({ place: here }, '');
    if (shown === location.pathname + location.search) {
      if (event.state) arrive(here);
      return;
    }
    go(location.href.split('#')[0], here, false);
  });
  addEventListener('pagehide', () => {
    leave();
    try { sessionStorage.setItem('edgefold.places', JSON.stringify(Object.fromEntries(places))); } catch { /* full or refused */ }
  });
  addEventListener('pageshow', (event) => { if (event.persisted) busy(false); });
  // A search is opened in place too.
  document.addEventListener('submit', (event) => {
    event.preventDefault();
    go(`${location.origin}/?${new URLSearchParams(new FormData(event.target))}`, mint(), true);
  });
  document.addEventListener('keydown', typed);
  setInterval(tell, 30000);
};
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
