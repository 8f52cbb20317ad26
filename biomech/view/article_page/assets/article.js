// The article's page: two bodies whose stances one chooses, what hands would feel on them, and the claims.

const content = JSON.parse(find('data').textContent);
const scenes = new Map();

// An answer is unpacked when it is first shown.
const sceneOf = (name) => {
  if (!scenes.has(name)) {
    const {header, block} = content.scenes[name];
    scenes.set(name, new Data({header: {...header, body: content.body}, block}));
  }
  return scenes.get(name);
};

const figures = [...document.querySelectorAll('.body')];
const views = figures.map((figure) => new BodyView(figure.querySelector('.view'), sceneOf('standing')));
const state = {claim: null, data: sceneOf('standing'), places: [[], []], whose: 1};

// Both are looked at from the same side.
views.forEach((view, i) => view.controls.addEventListener('change', () => {
  const other = views[1 - i];
  if (views.leading || !view.target || !other.target) return;
  views.leading = true;
  const offset = view.camera.position.clone().sub(view.controls.target);
  other.camera.position.copy(other.controls.target).add(offset);
  other.controls.update();
  views.leading = false;
  other.redraw();
}));

// How the pelvis is held, and who stands on which floor, is the same for both bodies; the rest each has its own.
const isShared = (dim) => ['tilt_policy', 'pelvic_tilt', 'friction'].includes(dim.name);

const sayPlace = (dim, i) => (dim.name === 'stance' ? dim.labels[i] : `${dim.title.replace(/ \(.*\)/, '')}${dim.kind === 'choice' ? ':' : ''} ${withUnit(dim.labels[i], dim.unit)}`);

// In what a body differs from the other, and in what they are alike.
const saying = (which, isSame) => state.data.header.dims
  .map((dim, d) => ((state.places[0][d] === state.places[1][d]) === isSame ? sayPlace(dim, state.places[which][d]) : ''))
  .filter(Boolean).join(', ');
const differ = (which) => saying(which, false) || 'both alike';
const alike = () => saying(0, true);

// Controls of the scene: a switch says whose feet, knees and weight the sliders move.
let controls = null;
function layControls() {
  const {dims} = state.data.header;
  const box = find('controls');
  box.replaceChildren(html('h2', {}, 'Change how they stand'));
  const own = dims.some((dim) => !isShared(dim));
  if (own) box.append(chooseWhose());
  controls = new Controls(box, dims, state.places[state.whose], (d, i) => {
    for (const which of isShared(dims[d]) ? [0, 1] : [state.whose]) state.places[which][d] = i;
    show();
  });
}

function chooseWhose() {
  const labels = ['left body', 'right body'].map((name, i) => {
    const input = html('input', {type: 'radio', name: 'whose', value: i});
    input.checked = i === state.whose;
    input.addEventListener('change', () => {
      state.whose = i;
      controls.parts.forEach((part, d) => part.set(state.places[i][d]));
    });
    return html('label', {}, input, html('span', {}, name));
  });
  return html('div', {class: 'control whose'}, html('div', {class: 'name', id: 'whose'}, 'Change the'),
    html('div', {class: 'choice', role: 'radiogroup', 'aria-labelledby': 'whose'}, ...labels));
}

// What one would feel under the hands.
const feelRows = Object.entries(content.places).map(([group, place]) => {
  const bars = [0, 1].map(() => svg('rect', {class: 'fill', height: '100%', width: '0', rx: 3}));
  const numbers = [0, 1].map(() => html('td', {class: 'number'}));
  const says = html('td', {class: 'says'});
  const cell = (bar) => html('td', {class: 'bar', 'aria-hidden': 'true'}, svg('svg', {}, svg('rect', {class: 'track', width: '100%', height: '100%', rx: 3}), bar));
  return {group, bars, numbers, says, row: html('tr', {'data-group': group}, html('th', {scope: 'row'}, place),
    cell(bars[0]), numbers[0], cell(bars[1]), numbers[1], says)};
});
const pressure = html('p');
find('feel').append(html('h2', {}, 'Under the hands'),
  html('table', {}, html('caption', {}, 'How firm, in percent of what the muscles can do; both sides together. A full bar is 50 %.'),
    html('thead', {}, html('tr', {}, html('th', {scope: 'col'}, 'where'), ...['left body', 'right body'].flatMap((name) => [html('th', {class: 'bar', 'aria-hidden': 'true'}), html('th', {scope: 'col', class: 'number'}, name)]), html('th', {scope: 'col', class: 'says'}, 'the right one feels'))),
    html('tbody', {}, ...feelRows.map(({row}) => row))),
  pressure,
  html('p', {class: 'soft'}, `Where the two numbers differ by ${content.hands.perhaps} or more it says “perhaps”: a hand may feel that. From ${content.hands.surely} on it says “clearly”. Where these lines are drawn is our judgment.`));

const inWords = (change) => {
  const size = Math.abs(change);
  if (!Number.isFinite(change)) return ['', ''];
  if (size < content.hands.perhaps) return ['the same', ''];
  const word = change > 0 ? 'firmer' : 'softer';
  return [size < content.hands.surely ? `perhaps ${word}` : `clearly ${word}`, change > 0 ? 'more' : 'less'];
};

function tellFeel() {
  const {data} = state;
  const postures = state.places.map((own) => data.posture(own));
  const held = postures.map((own) => data.isHeld(own));
  for (const {group, bars, numbers, says} of feelRows) {
    const g = data.header.groups.findIndex(({name}) => name === group);
    const tones = postures.map((own, i) => (g >= 0 && held[i] ? 100 * data.value('group_activation', g, own) : NaN));
    tones.forEach((tone, i) => {
      bars[i].setAttribute('width', `${Math.min(Math.max(2 * tone || 0, 0), 100).toFixed(1)}%`);
      bars[i].style.fill = `#${rampColour(views[0].stops, Number.isFinite(tone) ? shade(tone / 100) : 0).getHexString()}`;
      numbers[i].textContent = told(tone, 1);
    });
    const [words, kind] = inWords(tones[1] - tones[0]);
    says.textContent = words;
    says.className = `says ${kind}`;
  }
  const spine = content.body.joints.findIndex(({name}) => name === 'lumbosacral');
  const forces = postures.map((own, i) => (held[i] ? data.force('joint_contact_force', spine, own) : NaN));
  pressure.textContent = `The lowest joint of the spine bears ${told(forces[0], 0)} N in the left body, ${told(forces[1], 0)} N in the right body; body weight is ${told(data.header.weight, 0)} N.`;
}

function tellBodies() {
  figures.forEach((figure, i) => {
    const posture = state.data.posture(state.places[i]);
    views[i].show(posture);
    const status = state.data.status(posture);
    const trusted = state.data.isTrusted(posture);
    const badge = figure.querySelector('.badge');
    badge.hidden = status === 0 && trusted;
    badge.textContent = status !== 0 ? `⚠ ${state.data.header.statuses[status].title}` : '⚠ Beyond what was measured';
    figure.querySelector('figcaption').textContent = capital(differ(i));
    figure.querySelector('.view').setAttribute('aria-label', `${i ? 'Right' : 'Left'} body: ${differ(i)}. Arrow keys turn both, plus and minus zoom, 0 goes back.`);
  });
  find('compared').textContent = alike() ? `Both: ${alike()}` : '';
}

function show() {
  tellBodies();
  tellFeel();
}

// Take both bodies to the stances of a contrast.
function compare(contrast) {
  const {scene, first, second} = content.contrasts[contrast];
  state.data = sceneOf(scene);
  for (const view of views) view.use(state.data);
  state.places = [first, second].map((own) => state.data.header.dims.map((dim) => own[dim.name] ?? 0));
  layControls();
  show();
}

// How far it changes in each way of holding the pelvis: a line about zero for each, on one scale.
function layWays({ways, unit, smallest}) {
  const ends = ways.flatMap(({low, high}) => [low, high]).filter((own) => own !== null);
  const reach = niceLimit(Math.max(2 * smallest, ...ends.map(Math.abs)));
  const x = (own) => 50 + (50 * own) / reach;
  const rows = ways.map(({label, low, middle, high, sign, verdict, measured}) => {
    const parts = [svg('rect', {class: 'band', x: `${x(-smallest)}%`, width: `${x(smallest) - x(-smallest)}%`, height: '100%'}),
      svg('line', {class: 'zero', x1: '50%', x2: '50%', y1: 0, y2: '100%'})];
    if (middle !== null) {
      parts.push(svg('line', {class: 'span', x1: `${x(low)}%`, x2: `${x(high) + 0.01}%`, y1: '50%', y2: '50%'}),
        svg('circle', {class: 'mid', cx: `${x(middle)}%`, cy: '50%', r: 5.5}));
    }
    const numbers = `${told(middle ?? NaN, 1)} (${told(low ?? NaN, 1)} to ${told(high ?? NaN, 1)}) ${unit}`;
    return html('li', measured ? {class: 'measured'} : {}, html('span', {}, `${sign} ${capital(label)}: ${verdict}`),
      svg('svg', {'aria-hidden': 'true'}, ...parts), html('small', {}, numbers));
  });
  return html('div', {class: 'ways'}, html('ul', {}, ...rows),
    html('p', {class: 'scale', 'aria-hidden': 'true'}, html('span', {}, `◂ less (${told(-reach, 0)})`), html('span', {}, 'grey: too small to count'), html('span', {}, `more (${told(reach, 0)}) ▸`)));
}

const BEARS = {direct: 'just what the sentence says', partly: 'something near it', indirect: 'only related'};

function openClaim(claim, inside) {
  const block = (title, ...children) => [html('h3', {}, title), ...children];
  const people = claim.people.length
    ? html('ul', {class: 'people'}, ...claim.people.map((own) => html('li', {class: own.speaks},
      html('b', {}, `${own.name}, ${own.people}`), ` (speaks ${own.speaks === 'neither' ? 'neither way' : own.speaks}; ${BEARS[own.bears]}): ${own.what}`, html('small', {}, [own.figures, own.citation].filter(Boolean).join('. ')))))
    : html('p', {}, 'No measurement on people was found.');
  const second = claim.people.some(({what}) => what.includes('second')) ? [html('p', {class: 'soft'}, '“The second” is what stands on the right.')] : [];
  inside.replaceChildren(
    html('p', {}, 'Shown: ', html('b', {}, claim.first), ' on the left, ', html('b', {}, claim.second), ' on the right.'),
    ...block('What comes out', html('p', {}, `${capital(claim.verdict)}: ${claim.meaning}.`), html('p', {class: 'soft'}, claim.counts)),
    ...(claim.threshold ? block('What it would take', html('p', {}, claim.threshold)) : []),
    find('controls'), find('feel'),
    ...block('From left to right, for each way of holding the pelvis', layWays(claim)),
    html('p', {class: 'soft'}, 'Dot: the middle body. Bar: 90 of 100 bodies. Green: pelvises as they were measured on people.'),
    ...block('What was measured on people', ...second, people),
    ...(claim.decider ? block('What would decide', html('p', {}, `${capital(claim.decider)}.`)) : []));
}

const pill = ({name, sign}, text = name) => html('span', {class: `pill ${name.split(' ')[0]}`}, `${sign} ${text}`);
const verdicts = Object.fromEntries(content.verdicts.map((own) => [own.name, own]));
find('verdicts').append(...content.verdicts.filter(({count}) => count).map((own) => {
  return html('li', {}, pill(own, `${own.count} ${own.name}`), html('span', {}, own.meaning));
}));

const cards = content.claims.map((claim) => {
  const inside = html('div', {class: 'inside'});
  const card = html('details', {class: 'claim', 'data-claim': claim.name},
    html('summary', {}, html('span', {}, claim.text), pill(verdicts[claim.verdict])), inside);
  card.addEventListener('toggle', () => {
    if (!card.open) {
      // sliders and hands go where they are needed: into the claim that is open, or back to the top
      if (card.contains(find('controls'))) find('intro').after(find('controls'), find('feel'));
      return;
    }
    for (const {card: other} of cards) if (other !== card) other.open = false;
    compare(claim.contrast);
    openClaim(claim, inside);
    card.scrollIntoView({block: 'start'});
  });
  return {claim, card};
});
for (const heading of new Set(content.claims.map(({claim}) => claim))) {
  find('claims').append(html('h2', {}, heading), ...cards.filter(({claim}) => claim.claim === heading).map(({card}) => card));
}

function paint() {
  for (const view of views) view.paint();
  find('legend').replaceChildren(html('div', {}, 'arrows: blue, the floor (thin: body weight); green, joints'), ...scaleOfMuscles(views[0].stops));
  show();
}

for (const button of find('views').children) button.addEventListener('click', () => views.forEach((view) => view.look(button.dataset.view)));

followTheme(paint);
printPictures(figures.map((figure, i) => [views[i], figure.querySelector('.print')]), paint);
for (const view of views) view.paint();
compare(content.claims[0].contrast);
paint();
for (const view of views) view.resize();
document.documentElement.dataset.ready = 'yes';
