'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const svg = document.getElementById('erd');
const canvas = document.getElementById('canvas');
const views = [...document.querySelectorAll('main > section')];

function make(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

// The diagram: its viewBox is what is seen of it.

const [, , wide, high] = svg.getAttribute('viewBox').split(' ').map(Number);
const boxes = [...svg.querySelectorAll('.table')];
const lines = [...svg.querySelectorAll('.link')];
const seen = { x: 0, y: 0, scale: 1 };
let chosen = null;
let pristine = true;

function draw() {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return;
  svg.setAttribute('viewBox', `${seen.x} ${seen.y} ${width / seen.scale} ${height / seen.scale}`);
  svg.classList.toggle('far', seen.scale < 0.5);
}

// The buttons and the legend are below.
const below = 48;

function fitting() {
  return Math.min(canvas.clientWidth / wide, (canvas.clientHeight - below) / high);
}

function centre(x, y, scale) {
  seen.scale = scale;
  seen.x = x - canvas.clientWidth / scale / 2;
  seen.y = y - canvas.clientHeight / scale / 2;
  draw();
}

function fit(least = 0) {
  pristine = false;
  const scale = Math.max(Math.min(fitting(), 1.3), least);
  centre(wide / 2, high / 2 + below / 2 / scale, scale);
}

// At first the names of tables can be read, also where that is not all of the diagram.
function begin() {
  fit(0.16);
  pristine = true;
}

function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(Math.max(seen.scale * factor, Math.min(fitting(), 1) * 0.7), 4);
  seen.x += x / seen.scale - x / scale;
  seen.y += y / seen.scale - y / scale;
  seen.scale = scale;
  pristine = false;
  draw();
}

function pan(x, y) {
  seen.x += x / seen.scale;
  seen.y += y / seen.scale;
  pristine = false;
  draw();
}

function placeOf(box) {
  const { x, y, width, height } = box.getBoundingClientRect();
  const { left, top } = canvas.getBoundingClientRect();
  return { left: x - left, top: y - top, right: x - left + width, bottom: y - top + height };
}

function goTo(box, scale = Math.max(seen.scale, 0.9)) {
  draw(); // The diagram may have another size than when it was last seen.
  const place = placeOf(box);
  const x = seen.x + (place.left + place.right) / 2 / seen.scale;
  const y = seen.y + (place.top + place.bottom) / 2 / seen.scale;
  centre(x, y, scale);
  pristine = false;
}

// Marks a table with its neighbours, or all that match a search.
function mark(near) {
  const shown = new Set(near);
  if (near.length === 1) {
    for (const line of lines) {
      const { from, to } = line.dataset;
      if (from === near[0] || to === near[0]) shown.add(from).add(to);
    }
  }
  const touching = ({ from, to }) => near.length === 1 && (from === near[0] || to === near[0]);
  svg.classList.toggle('focused', near.length > 0);
  for (const box of boxes) {
    box.classList.toggle('near', shown.has(box.dataset.n));
    box.classList.toggle('chosen', near.includes(box.dataset.n));
  }
  for (const line of lines) {
    line.classList.toggle('near', touching(line.dataset));
    // What is drawn last is on top.
    if (touching(line.dataset)) line.parentNode.append(line);
  }
}

function unmark() {
  mark(chosen === null ? [] : [chosen]);
}

for (const box of boxes) {
  box.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && mark([box.dataset.n]));
  box.addEventListener('pointerleave', unmark);
  box.addEventListener('blur', unmark);
  box.addEventListener('focus', () => {
    mark([box.dataset.n]);
    if (!box.matches(':focus-visible')) return;
    const place = placeOf(box);
    const inside = place.left >= 0 && place.top >= 0;
    if (!inside || place.right > canvas.clientWidth || place.bottom > canvas.clientHeight || seen.scale < 0.5) goTo(box);
  });
}

const pointers = new Map();
let moved = 0;

for (const type of ['dragstart', 'selectstart']) svg.addEventListener(type, (event) => event.preventDefault());
svg.addEventListener('pointerdown', (event) => {
  if (event.button) return;
  if (!pointers.size) moved = 0;
  pointers.set(event.pointerId, event);
});

window.addEventListener('pointermove', (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
  const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
  if (moved < 5) moved = Math.hypot(x, y);
  if (moved < 5) return;
  pointers.set(event.pointerId, event);
  svg.classList.add('dragged');
  if (!other) {
    pan(-x, -y);
    return;
  }
  const { left, top } = canvas.getBoundingClientRect();
  const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
  const middle = [(event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top];
  pan(-x / 2, -y / 2);
  zoom(apart(event) / apart(before), ...middle);
});

for (const type of ['pointerup', 'pointercancel']) {
  window.addEventListener(type, (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) svg.classList.remove('dragged');
  });
}

// The end of a drag is no click; a click of the keyboard has no detail.
svg.addEventListener('click', (event) => moved >= 5 && event.detail && event.preventDefault(), true);

canvas.addEventListener(
  'wheel',
  (event) => {
    event.preventDefault();
    const { left, top } = canvas.getBoundingClientRect();
    const steps = event.deltaMode ? event.deltaY * 30 : event.deltaY;
    zoom(Math.exp(-Math.max(-240, Math.min(240, steps)) * (event.ctrlKey ? 0.01 : 0.002)), event.clientX - left, event.clientY - top);
  },
  { passive: false },
);

const keys = {
  ArrowLeft: () => pan(-80, 0),
  ArrowRight: () => pan(80, 0),
  ArrowUp: () => pan(0, -80),
  ArrowDown: () => pan(0, 80),
  '+': () => zoom(1.25),
  '=': () => zoom(1.25),
  '-': () => zoom(0.8),
  0: () => fit(),
};

canvas.addEventListener('keydown', (event) => {
  const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.getElementById('closer').addEventListener('click', () => zoom(1.4));
document.getElementById('farther').addEventListener('click', () => zoom(1 / 1.4));
document.getElementById('whole').addEventListener('click', () => fit());
new ResizeObserver(() => (pristine ? begin() : draw())).observe(canvas);

window.addEventListener('beforeprint', () => {
  svg.setAttribute('viewBox', `0 0 ${wide} ${high}`);
  svg.classList.toggle('far', wide > 2800);
  mark([]);
});
window.addEventListener('afterprint', () => {
  draw();
  unmark();
});

// The views: the fragment of the address says which one is shown, and what in it.

function show() {
  const id = location.hash.slice(1);
  const changes = data.steps.findIndex((one) => one.anchor === id);
  const target = changes < 0 ? document.getElementById(id || 'diagram') : document.getElementById('differences');
  const view = target?.closest('main > section') ?? views[0];
  for (const one of views) one.hidden = one !== view;
  for (const link of document.querySelectorAll('.top nav a')) {
    if (link.hash === `#${view.id}`) {
      link.setAttribute('aria-current', 'page');
      link.parentElement.scrollLeft = link.offsetLeft - link.parentElement.offsetLeft - 48;
    } else link.removeAttribute('aria-current');
  }
  if (changes >= 0) choose(changes, changes + 1);
  chosen = null;
  if (target?.classList.contains('table')) {
    chosen = target.dataset.n;
    goTo(target);
    target.focus({ preventScroll: true });
  } else if (view === target || !target) window.scrollTo(0, 0);
  else target.scrollIntoView();
  unmark();
}

// Search

const input = document.getElementById('search');
const list = document.getElementById('matches');
const names = data.tables.flatMap(({ name, columns }, table) => [
  { table, text: name.toLowerCase(), label: [name] },
  ...columns.map((column) => ({ table, text: column.toLowerCase(), label: [make('span', '', `${name}.`), column], column })),
]);
let matches = [];
let current = 0;

function rank(one, words) {
  return (one.column === undefined ? 0 : 2) + (one.text.startsWith(words) ? 0 : 1);
}

function search() {
  const words = input.value.trim().toLowerCase();
  const all = words ? names.filter((one) => one.text.includes(words)) : [];
  matches = all.sort((one, other) => rank(one, words) - rank(other, words)).slice(0, 50);
  current = 0;
  const items = matches.map((one, number) => {
    const item = make('li', '', ...one.label);
    item.id = `match-${number}`;
    item.role = 'option';
    item.addEventListener('pointerdown', (event) => event.preventDefault());
    item.addEventListener('click', () => openMatch(one));
    return item;
  });
  list.replaceChildren(...(words && !items.length ? [make('li', 'nothing', 'No table or column has this name.')] : items));
  list.hidden = !words;
  input.setAttribute('aria-expanded', String(Boolean(words)));
  mark([...new Set(all.map((one) => boxes[one.table].dataset.n))]);
  if (!words) unmark();
  highlight(0);
}

function highlight(number) {
  current = number;
  [...list.children].forEach((item, position) => item.setAttribute('aria-selected', String(position === number)));
  list.children[number]?.scrollIntoView({ block: 'nearest' });
  if (matches.length) input.setAttribute('aria-activedescendant', `match-${number}`);
  else input.removeAttribute('aria-activedescendant');
}

function openMatch(one) {
  const kind = document.getElementById('diagram').hidden ? 'table' : 'box';
  clearSearch();
  const hash = `#${kind}-${data.tables[one.table].fragment}`;
  if (location.hash === hash) show();
  else location.hash = hash;
}

function clearSearch() {
  input.value = '';
  search();
}

input.addEventListener('input', search);
input.addEventListener('blur', () => {
  list.hidden = true;
  unmark();
});
input.addEventListener('focus', search);
input.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && matches.length) {
    event.preventDefault();
    highlight((current + step + matches.length) % matches.length);
  } else if (event.key === 'Enter' && matches.length) openMatch(matches[current]);
  else if (event.key === 'Escape') clearSearch();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target.matches('input, select')) return;
  event.preventDefault();
  input.focus();
});

// The differences between two revisions: the catalog at each is put together from what every revision changed.

const [from, to] = [document.getElementById('from'), document.getElementById('to')];

function catalogAfter(count) {
  const catalog = new Map();
  for (const { changed } of data.steps.slice(0, count)) {
    for (const [object, aspects] of changed) {
      if (aspects === null) catalog.delete(object);
      else catalog.set(object, { ...catalog.get(object), ...aspects });
    }
  }
  return catalog;
}

function words(aspects) {
  const telling = ['definition', 'labels', 'attributes', 'type'].map((name) => aspects[name]);
  if (aspects['not null'] === 'yes') telling.push('not null');
  for (const name of ['default', 'generated', 'using']) if (aspects[name]) telling.push(`${name} ${aspects[name]}`);
  return telling.filter(Boolean).join(', ');
}

function changedAspects(before, after) {
  const aspects = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return aspects.filter((name) => (before[name] ?? null) !== (after[name] ?? null));
}

function line(object, before, after) {
  const [kind, name] = data.objects[object];
  const sign = !before ? 'added' : !after ? 'removed' : 'changed';
  const item = make('li', '', make('span', `sign ${sign}`, sign), ` ${kind} `, make('code', '', name), ' ');
  if (sign !== 'changed') item.append(make('span', 'aside', words(after ?? before)));
  else {
    for (const aspect of changedAspects(before, after)) {
      const [old, now] = [make('del', '', before[aspect] ?? 'none'), make('ins', '', after[aspect] ?? 'none')];
      item.append(make('code', 'value', `${aspect}: `, old, ' → ', now));
    }
  }
  return item;
}

function compare() {
  const [before, after] = [catalogAfter(Number(from.value)), catalogAfter(Number(to.value))];
  const groups = new Map();
  for (const object of data.objects.keys()) {
    const [old, now] = [before.get(object), after.get(object)];
    if (!old && !now) continue;
    if (old && now && !changedAspects(old, now).length) continue;
    const [, name, table] = data.objects[object];
    const owner = table ?? name;
    groups.set(owner, [...(groups.get(owner) ?? []), line(object, old, now)]);
  }
  const sorted = [...groups].sort(([one], [other]) => (one < other ? -1 : 1));
  const cards = sorted.map(([name, items]) => make('article', 'card', make('h3', '', name), make('ul', '', ...items)));
  const none = 'The two revisions have the same schema.';
  document.getElementById('difference').replaceChildren(...(cards.length ? cards : [make('p', '', none)]));
}

function choose(first, second) {
  [from.value, to.value] = [first, second];
  compare();
}

if (from) {
  for (const one of [from, to]) one.addEventListener('change', compare);
  document.getElementById('swap').addEventListener('click', () => choose(to.value, from.value));
  compare();
}

// A list of many tables would be all that a phone shows.
if (matchMedia('(width < 50rem)').matches) document.querySelector('.contents details').open = false;

window.addEventListener('hashchange', show);
begin();
show();
