// The page: one body, its controls, and what is told of the posture that they choose.

const data = new Data(JSON.parse(find('data').textContent));
const {header} = data;
const indices = [...header.start];
const view = new BodyView(find('view'), data);
const certificate = new Certificate(find('certificate'), view);
const posed = new PostureLines(find('posture'), data);
const feet = new FeetPlan(find('feet'), view);

const quantities = [];

// Muscle groups.
let groups = null;
const groupLimit = niceLimit(100 * (header.largest.group_activation ?? 0));
if (data.has('group_activation')) {
  const columns = ['muscles', '% of strength', ...(data.has('group_force') ? ['force, N'] : [])];
  groups = new BarTable(find('groups'), {
    title: 'Who carries', kind: 'group', columns, rows: header.groups.map(({title}) => title),
    caption: `Both sides together; a full bar is ${told(groupLimit, groupLimit < 1 ? 2 : 0)} % of full strength.`,
  });
  header.groups.forEach(({title}, g) => quantities.push(
    {title: capital(title), of: (posture) => 100 * data.value('group_activation', g, posture), unit: '% of full strength', digits: 1}));
}

// Joints.
let joints = null;
const jointNames = header.body.joints.map(({name}) => name);
const jointLimit = niceLimit((header.largest.joint_contact_force ?? 0) / header.weight);
if (data.has('joint_contact_force')) {
  joints = new BarTable(find('joints'), {
    title: 'What joints bear', kind: 'joint', columns: ['joint', 'force, N', '× body weight'],
    rows: jointNames.map((name) => header.joints[name] ?? name),
    caption: `Bone on bone. Body weight is ${told(header.weight, 0)} N; a full bar is ${jointLimit === 1 ? '' : `${told(jointLimit, jointLimit < 1 ? 1 : 0)} times `}that.`,
  });
  jointNames.forEach((name, j) => quantities.push({
    title: `${capital(header.joints[name] ?? name)}: force`, of: (posture) => data.force('joint_contact_force', j, posture) / header.weight,
    unit: 'body weights', digits: 2}));
}

const trend = new Trend(find('trend'), data, quantities, (d, i) => { controls.parts[d].set(i); choose(d, i); });
const muscleTable = data.has('activation') ? new MuscleTable(find('muscles'), data) : null;
if (!muscleTable) find('muscles').remove();
if (header.held.length) find('held').append(termList(header.held)); else find('held').remove();
find('about').append(termList(header.about));
if (header.missing.length) find('about').append(html('p', {class: 'soft'}, `Not in this answer, and so not shown: ${header.missing.join(', ')}.`));

const ramp = (t) => `#${rampColour(view.stops, t).getHexString()}`;

function tellGroups(posture) {
  groups?.show(header.groups.map((_, g) => {
    const share = data.value('group_activation', g, posture);
    const texts = [told(100 * share, 1), ...(data.has('group_force') ? [told(data.value('group_force', g, posture), 0)] : [])];
    return {share: (100 * share) / groupLimit, colour: ramp(Number.isFinite(share) ? shade(share) : 0), texts};
  }), data.isHeld(posture));
  joints?.show(jointNames.map((_, j) => {
    const force = data.force('joint_contact_force', j, posture);
    return {share: force / header.weight / jointLimit, texts: [told(force, 0), told(force / header.weight, 2)]};
  }), data.isHeld(posture));
}

// The badge lies on the body: what cannot be held must never look like a plain answer.
function tellBadge(posture) {
  const badge = certificate.badge(posture);
  find('badge').hidden = !badge;
  if (badge) find('badge').replaceChildren(`⚠ ${badge[0]}`, html('small', {}, badge[1]));
}

function tell() {
  const posture = data.posture(indices);
  view.show(posture);
  certificate.show(posture);
  tellBadge(posture);
  tellGroups(posture);
  posed.show(posture);
  feet.show(posture);
  trend.show(indices);
  muscleTable?.show(posture);
  find('shown').textContent = header.dims.length
    ? `Shown: ${header.dims.map((dim, d) => `${dim.title} ${withUnit(dim.labels[indices[d]], dim.unit)}`).join(' · ')}` : '';
  document.documentElement.dataset.posture = posture;
}

function choose(d, i) {
  indices[d] = i;
  tell();
}

const controls = new Controls(find('controls'), header.dims, indices, choose);

// What colours, widths and arrows mean.
function drawLegend() {
  const item = (name, text) => html('li', {class: name}, html('span', {}, text));
  find('legend').replaceChildren(
    html('ul', {}, ...(data.has('ground_force') ? [item('ground', 'force of the ground')] : []),
      ...(data.has('joint_contact_force') ? [item('joint', 'force in a joint')] : []), item('weight', 'line of gravity')),
    ...scaleOfMuscles(view.stops));
}

function paint() {
  view.paint();
  drawLegend();
  tell();
}

for (const button of find('views').children) button.addEventListener('click', () => view.look(button.dataset.view));

// The name of the muscle under the pointer.
find('view').addEventListener('pointermove', (event) => {
  if (event.buttons) { find('tip').hidden = true; return; }
  name(event);
});
find('view').addEventListener('pointerup', name);
find('view').addEventListener('pointerleave', () => { find('tip').hidden = true; });
function name(event) {
  const box = find('view').getBoundingClientRect();
  const place = [event.clientX - box.left, event.clientY - box.top];
  const found = view.pose.exists ? view.muscles.nearest(place, (at) => view.toScreen(at), event.pointerType === 'touch' ? 18 : 8) : -1;
  const tip = find('tip');
  tip.hidden = found < 0;
  if (found < 0) return;
  const {name: own, groups: of} = header.body.muscles[found];
  const plain = of.map((group) => header.groups.find((one) => one.name === group)?.title ?? group).join(', ');
  const percent = data.has('activation') ? data.value('activation', found, view.posture) : NaN;
  tip.textContent = `${own}${plain ? ` (${plain})` : ''}${percent < 255 ? `: ${percent} %` : ''}`;
  tip.style.left = `${Math.min(place[0] + 14, box.width - 180)}px`;
  tip.style.top = `${place[1] + 14}px`;
}

view.onDrawn = () => {
  const scale = find('scale');
  scale.hidden = !view.pose.exists || !view.scaleArrow.group.visible;
  if (scale.hidden) return;
  const [x, y] = view.toScreen(view.scaleAt.toArray());
  scale.style.left = `${x.toFixed(1)}px`;
  scale.style.top = `${y.toFixed(1)}px`;
  if (!scale.textContent) scale.textContent = 'body weight';
};

followTheme(paint);
printPictures([[view, find('print')]], paint);
paint();
view.resize();
document.documentElement.dataset.ready = 'yes';
