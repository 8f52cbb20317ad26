// What every page has around its bodies: the scale of muscles, dark and light, and paper.

const find = (id) => document.getElementById(id);

// The colours of muscles from rest to full strength, and the stripes of what is no answer, for everything that is filled.
const scaleOfMuscles = (stops) => {
  const gradient = svg('linearGradient', {id: 'ramp'}, ...stops.map((stop, i) =>
    svg('stop', {offset: RAMP[i], 'stop-color': `#${stop.getHexString()}`})));
  const hatch = svg('pattern', {id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'},
    svg('rect', {width: 3, height: 6, fill: getComputedStyle(document.documentElement).getPropertyValue('--warn')}));
  const anchor = (share) => (share === 0 ? 'start' : share === 1 ? 'end' : 'middle');
  return [html('div', {}, 'muscles: % of their strength'), svg('svg', {viewBox: '0 0 168 32', 'aria-hidden': 'true'}, svg('defs', {}, gradient, hatch),
    svg('path', {d: 'M0,10L168,4V16L0,10', fill: 'url(#ramp)'}),
    ...[0, 0.05, 0.25, 1].map((share) => svg('text', {x: 168 * shade(share), y: 30, 'text-anchor': anchor(share)}, `${100 * share}${share === 1 ? ' %' : ''}`)))];
};

// Dark or light as the system has it, until somebody chooses.
const followTheme = (paint) => {
  const root = document.documentElement;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', paint);
  find('theme').addEventListener('click', () => {
    const now = root.dataset.theme ?? (dark.matches ? 'dark' : 'light');
    root.dataset.theme = now === 'dark' ? 'light' : 'dark';
    paint();
  });
};

// Paper is white: pictures of the bodies are taken in the light theme. Pairs of a view and the image that stands for it.
const printPictures = (pairs, paint) => {
  const root = document.documentElement;
  let before;
  window.addEventListener('beforeprint', () => {
    before = root.dataset.theme;
    root.dataset.theme = 'light';
    paint();
    for (const [view, image] of pairs) {
      view.draw();
      image.src = view.renderer?.domElement.toDataURL() ?? '';
    }
  });
  window.addEventListener('afterprint', () => {
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    paint();
  });
};
